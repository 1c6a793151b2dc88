"""Creating and renaming partners, and claiming wallets for them, one by one or as a file, all or nothing."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, TypeAlias

import strawberry

from aurora_api.access.principal import Capability, Principal, require_all_validators
from aurora_api.context.request import Info
from aurora_api.mutations.audited import AuditedChange, MutationProblem, require_reason, run_audited
from aurora_api.queries.partners import PartnerNode, PartnerWallet, find_wallet, resolve_partner
from aurora_api.schema.enums import ClaimOutcome
from aurora_api.schema.permissions import requires
from aurora_assets.agreements.entries import PartnerEntry, WalletEntry, normalize_wallet, parse_entry
from aurora_assets.agreements.partners import KnownPartner, create_partner, lock_partner, rename_partner
from aurora_assets.agreements.store import read_chains
from aurora_assets.agreements.wallet_csv import Report, upload
from aurora_assets.agreements.wallets import add_claims, end_claim
from aurora_assets.commission.agreement import WalletClaim
from aurora_resources.errors import AgreementError
from aurora_resources.warehouse.connection import DbConnection

PartnerResult: TypeAlias = Annotated[
    PartnerNode | MutationProblem,
    strawberry.union(
        "PartnerResult", description="The partner after the change, or the reason for the refusal."
    ),
]


@strawberry.input(description="A new partner.")
class CreatePartnerInput:
    """The new partner."""

    partner_code: str = strawberry.field(
        description="Small letters, digits and hyphens; it never changes, and is its name in every query."
    )
    name: str
    reason: str


@strawberry.input(description="A new name for a partner.")
class UpdatePartnerInput:
    """The partner and its new name."""

    partner_code: str
    name: str
    reason: str


async def resolve_create_partner(info: Info, input: CreatePartnerInput) -> PartnerResult:  # noqa: A002
    """A partner without wallets and agreements."""

    def work(session: DbConnection, _: Principal) -> AuditedChange[str]:
        require_reason(input.reason)
        made = create_partner(session, _partner_entry(input.partner_code, input.name))
        return AuditedChange(
            made.code, "Partner", made.code, None, _describe_partner(made), partner_id=made.partner_id
        )

    done = await run_audited(info, "partner.create", work, reason=input.reason)
    return await _read_partner(info, done)


async def resolve_update_partner(info: Info, input: UpdatePartnerInput) -> PartnerResult:  # noqa: A002
    """Rename a partner."""

    def work(session: DbConnection, _: Principal) -> AuditedChange[str]:
        require_reason(input.reason)
        before, after = rename_partner(session, _partner_entry(input.partner_code, input.name))
        return AuditedChange(
            after.code,
            "Partner",
            after.code,
            _describe_partner(before),
            _describe_partner(after),
            partner_id=after.partner_id,
        )

    done = await run_audited(info, "partner.update", work, reason=input.reason)
    return await _read_partner(info, done)


async def _read_partner(info: Info, done: str | MutationProblem) -> PartnerResult:
    if isinstance(done, MutationProblem):
        return done
    found = await resolve_partner(info, done)
    if found is None:
        raise RuntimeError(f"partner {done} was changed and cannot be read")
    return found


def _partner_entry(code: str, name: str) -> PartnerEntry:
    return parse_entry(PartnerEntry, {"code": code, "name": name}, "partner")


def _describe_partner(partner: KnownPartner) -> dict[str, str]:
    return {"code": partner.code, "name": partner.name}


@strawberry.type(
    description="The outcome of one row of an uploaded file.",
    directives=requires(Capability.WRITE_AGREEMENTS),
)
class WalletUploadRow:
    """The outcome of one row."""

    line: int = strawberry.field(description="Its line in the file, from 1.")
    chain_id: str
    wallet: str
    outcome: ClaimOutcome
    message: str | None = strawberry.field(description="The reason for a refusal.")


@strawberry.type(
    description="The outcome of an uploaded file, row by row. If one row is refused nothing is written, and "
    "ADDED is what would have been added.",
    directives=requires(Capability.WRITE_AGREEMENTS),
)
class WalletUpload:
    """The outcome of a file."""

    written: bool
    added: int
    unchanged: int
    refused: int
    rows: list[WalletUploadRow]


PartnerWalletResult: TypeAlias = Annotated[
    PartnerWallet | MutationProblem,
    strawberry.union(
        "PartnerWalletResult", description="The claim after the change, or the reason for the refusal."
    ),
]
WalletUploadResult: TypeAlias = Annotated[
    WalletUpload | MutationProblem,
    strawberry.union(
        "WalletUploadResult", description="The report of the rows, or the reason why the file was refused."
    ),
]


@strawberry.input(description="A wallet that a partner introduced.")
class AddWalletInput:
    """The wallet, its partner and the span of the claim."""

    partner_code: str
    chain_id: str
    wallet: str = strawberry.field(description="The withdrawal authority of the stake: a key or address.")
    valid_from: datetime = strawberry.field(
        description="Start of the claim, inclusive: it holds for periods that start at or after this time."
    )
    valid_until: datetime | None = None
    notes: str | None = strawberry.field(default=None, description="Visible to the partner.")
    reason: str


@strawberry.input(description="The end of a claim on a wallet; an end can be made earlier, never later.")
class EndWalletInput:
    """The claim and its end."""

    partner_code: str
    chain_id: str
    wallet: str
    valid_from: datetime = strawberry.field(description="The start of the claim, which identifies it.")
    valid_until: datetime = strawberry.field(description="The end of the claim, UTC, exclusive.")
    reason: str


@strawberry.input(description="Wallets of one partner as a CSV file.")
class UploadWalletsInput:
    """The partner and the text of the file."""

    partner_code: str
    csv: str = strawberry.field(
        description="Columns chain, wallet, from and, if wanted, until and notes, named in the first line; "
        "up to 10,000 rows. exportWallets returns such a file."
    )
    reason: str


async def resolve_add_wallet(info: Info, input: AddWalletInput) -> PartnerWalletResult:  # noqa: A002
    """Claim one wallet for a partner."""

    def work(session: DbConnection, principal: Principal) -> AuditedChange[WalletClaim]:
        require_reason(input.reason)
        require_all_validators(principal)
        entry = normalize_wallet(_wallet_entry(input), read_chains(session))
        partner = lock_partner(session, input.partner_code)
        (checked,) = add_claims(session, partner.code, partner.partner_id, [entry])
        if checked.outcome is ClaimOutcome.REFUSED:
            raise AgreementError(checked.fault)
        return _wallet_change(checked.claim, None, checked.claim, partner.partner_id)

    done = await run_audited(info, "wallet.add", work, reason=input.reason)
    return await _read_wallet(info, done)


async def resolve_end_wallet(info: Info, input: EndWalletInput) -> PartnerWalletResult:  # noqa: A002
    """End one claim of a partner."""

    def work(session: DbConnection, principal: Principal) -> AuditedChange[WalletClaim]:
        require_reason(input.reason)
        require_all_validators(principal)
        partner = lock_partner(session, input.partner_code)
        entry = _wallet_entry(input)
        claim = WalletClaim(entry.chain, entry.wallet, partner.code, entry.valid_from)
        before, after = end_claim(session, partner.partner_id, claim, entry.valid_until or input.valid_until)
        return _wallet_change(claim, before, after, partner.partner_id)

    done = await run_audited(info, "wallet.end", work, reason=input.reason)
    return await _read_wallet(info, done)


async def resolve_upload_wallets(info: Info, input: UploadWalletsInput) -> WalletUploadResult:  # noqa: A002
    """Claim a file of wallets, all or none."""

    def work(session: DbConnection, principal: Principal) -> AuditedChange[WalletUpload]:
        require_reason(input.reason)
        require_all_validators(principal)
        partner = lock_partner(session, input.partner_code)
        report = upload(session, partner.code, partner.partner_id, input.csv)
        shown = _report(report)
        counts = {"added": shown.added, "unchanged": shown.unchanged, "refused": shown.refused}
        added = [[row.chain_id, row.wallet] for row in shown.rows if row.outcome is ClaimOutcome.ADDED]
        return AuditedChange(
            shown,
            "Partner",
            partner.code,
            after={**counts, "wallets": added if shown.written else []},
            partner_id=partner.partner_id,
            refused=not shown.written,
        )

    return await run_audited(info, "wallet.upload", work, reason=input.reason)


def _wallet_entry(given: AddWalletInput | EndWalletInput) -> WalletEntry:
    raw = {
        "chain": given.chain_id,
        "wallet": given.wallet,
        "from": given.valid_from,
        "until": given.valid_until,
        "notes": given.notes if isinstance(given, AddWalletInput) else None,
    }
    return parse_entry(WalletEntry, raw, "wallet")


def _wallet_change(
    result: WalletClaim, before: WalletClaim | None, after: WalletClaim, partner_id: int
) -> AuditedChange[WalletClaim]:
    named = f"{after.partner_id}/{after.chain_id}/{after.wallet}"
    earlier = None if before is None else _describe_claim(before)
    return AuditedChange(
        result, "PartnerWallet", named, earlier, _describe_claim(after), partner_id=partner_id
    )


def _describe_claim(claim: WalletClaim) -> dict[str, str | None]:
    until = claim.valid_until
    return {"from": claim.valid_from.isoformat(), "until": None if until is None else until.isoformat()}


async def _read_wallet(info: Info, done: WalletClaim | MutationProblem) -> PartnerWalletResult:
    if isinstance(done, MutationProblem):
        return done
    found = await find_wallet(info, done.partner_id, done.chain_id, done.wallet, done.valid_from.isoformat())
    if found is None:
        raise RuntimeError(f"the claim on {done.wallet} was changed and cannot be read")
    return found


def _report(report: Report) -> WalletUpload:
    rows: Sequence[tuple[int, str, str, ClaimOutcome, str | None]] = [
        (row.line, row.chain, row.wallet, row.outcome, row.fault) for row in report.rows
    ]
    outcomes = [outcome for *_, outcome, _ in rows]
    return WalletUpload(
        written=report.written,
        added=outcomes.count(ClaimOutcome.ADDED),
        unchanged=outcomes.count(ClaimOutcome.UNCHANGED),
        refused=outcomes.count(ClaimOutcome.REFUSED),
        rows=[
            WalletUploadRow(line=line, chain_id=chain, wallet=wallet, outcome=outcome, message=fault)
            for line, chain, wallet, outcome, fault in rows
        ],
    )


@strawberry.type
class PartnerMutations:
    """The mutations of this module, as root fields."""

    add_wallet: PartnerWalletResult | None = strawberry.mutation(
        resolver=resolve_add_wallet,
        description="Claim a wallet for a partner.",
        directives=requires(Capability.WRITE_AGREEMENTS),
    )
    create_partner: PartnerResult | None = strawberry.mutation(
        resolver=resolve_create_partner,
        description="Add a partner.",
        directives=requires(Capability.WRITE_AGREEMENTS),
    )
    end_wallet: PartnerWalletResult | None = strawberry.mutation(
        resolver=resolve_end_wallet,
        description="End a partner's claim on a wallet.",
        directives=requires(Capability.WRITE_AGREEMENTS),
    )
    update_partner: PartnerResult | None = strawberry.mutation(
        resolver=resolve_update_partner,
        description="Rename a partner.",
        directives=requires(Capability.WRITE_AGREEMENTS),
    )
    upload_wallets: WalletUploadResult | None = strawberry.mutation(
        resolver=resolve_upload_wallets,
        description="Claim all wallets of a CSV file for a partner, or none of them.",
        directives=requires(Capability.WRITE_AGREEMENTS),
    )
