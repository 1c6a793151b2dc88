"""Registering validators: they are tracked beside those of chains.yaml, which takes precedence."""

from typing import Annotated, TypeAlias

import strawberry
from pydantic import ValidationError

from aurora_api.access.principal import Capability, Principal, require_validator
from aurora_api.context.request import Info
from aurora_api.mutations.audited import AuditedChange, MutationProblem, require_reason, run_audited
from aurora_api.queries.validators import Validator, resolve_validator
from aurora_api.schema.permissions import requires
from aurora_api.schema.scalars import Ordinal
from aurora_resources.config.files import load_chains
from aurora_resources.config.models import ChainSettings, ValidatorEntry
from aurora_resources.warehouse.connection import DbConnection
from aurora_resources.warehouse.registry import RegistrationError, declare_validator

ValidatorResult: TypeAlias = Annotated[
    Validator | MutationProblem,
    strawberry.union(
        "ValidatorResult", description="The validator after the change, or the reason for the refusal."
    ),
]


@strawberry.input(description="An identity that a validator uses from a given period.")
class ValidatorIdentityInput:
    """An identity."""

    identity: str
    from_period: Ordinal | None = None


@strawberry.input(
    description="A validator to track from the next run on, or a new declaration of a registered one, which "
    "replaces the earlier: omitted fields are undeclared."
)
class RegisterValidatorInput:
    """The validator and its declaration."""

    chain_id: str
    validator_key: str = strawberry.field(description="Its key on the chain; it never changes.")
    name: str | None = None
    identities: list[ValidatorIdentityInput] = strawberry.field(
        default_factory=list, description="Keys that fees are looked up by; read from the chain if omitted."
    )
    own_wallets: list[str] | None = strawberry.field(
        default=None, description="The operator's own withdrawal authorities; null: not declared."
    )
    mev_declared_none: bool = strawberry.field(
        default=False, description="The operator declares that it takes no MEV."
    )
    reason: str


async def resolve_register_validator(info: Info, input: RegisterValidatorInput) -> ValidatorResult:  # noqa: A002
    """Declare a validator."""
    # The chains that this user may see, before those that the files name.
    chain = await info.context.find_chain(input.chain_id)

    def work(session: DbConnection, principal: Principal) -> AuditedChange[str]:
        require_reason(input.reason)
        entry = _entry(input)
        require_validator(principal, entry.key)
        before = declare_validator(session, _settings(chain.chain_id), entry, input.reason)
        earlier = None if before is None else before.model_dump(mode="json")
        return AuditedChange(
            entry.key, "Validator", f"{chain.chain_id}/{entry.key}", earlier, entry.model_dump(mode="json")
        )

    done = await run_audited(info, "validator.register", work, reason=input.reason)
    if isinstance(done, MutationProblem):
        return done
    found = await resolve_validator(info, chain.chain_id, done)
    if found is None:
        raise RuntimeError(f"validator {done} was registered and cannot be read")
    return found


def _settings(chain_id: str) -> ChainSettings:
    for settings in load_chains():
        if settings.chain_id == chain_id:
            return settings
    raise RegistrationError(f"{chain_id} is not in chains.yaml any more; nothing is kept for it")


def _entry(given: RegisterValidatorInput) -> ValidatorEntry:
    try:
        return ValidatorEntry.model_validate(
            {
                "key": given.validator_key,
                "name": given.name,
                "identity": [
                    {"identity": known.identity, "from_period": known.from_period}
                    for known in given.identities
                ],
                "own_wallets": given.own_wallets,
                "mev": "none" if given.mev_declared_none else None,
            }
        )
    except ValidationError as problem:
        faults = problem.errors(include_input=False, include_url=False)
        faults_text = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in faults)
        raise RegistrationError(f"validator {given.validator_key}: {faults_text}") from None


@strawberry.type
class ValidatorMutations:
    """The mutations of this module, as root fields."""

    register_validator: ValidatorResult | None = strawberry.mutation(
        resolver=resolve_register_validator,
        description="Track a validator from the next run on.",
        directives=requires(Capability.CONFIGURE),
    )
