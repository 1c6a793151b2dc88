"""Which field needs which capability, and the check of a document against it before anything is executed."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
)
from strawberry.extensions import SchemaExtension

from aurora_api.access.principal import Capability
from aurora_api.access.principal import Capability as C  # noqa: N817 - the table below is read by its right side
from aurora_api.problems import Code, Problem

ROOTS: Final = frozenset({"Query", "Mutation"})

PERMISSIONS: Final[Mapping[str, C]] = {
    "Mutation.activateAgreement": C.WRITE_AGREEMENTS,
    "Mutation.addWallet": C.WRITE_AGREEMENTS,
    "Mutation.amendAgreement": C.WRITE_AGREEMENTS,
    "Mutation.createAgreement": C.WRITE_AGREEMENTS,
    "Mutation.createPartner": C.WRITE_AGREEMENTS,
    "Mutation.endWallet": C.WRITE_AGREEMENTS,
    "Mutation.registerValidator": C.CONFIGURE,
    "Mutation.suspendAgreement": C.WRITE_AGREEMENTS,
    "Mutation.terminateAgreement": C.WRITE_AGREEMENTS,
    "Mutation.updatePartner": C.WRITE_AGREEMENTS,
    "Mutation.uploadWallets": C.WRITE_AGREEMENTS,
    "Mutation.changePassword": C.SIGNED_IN,
    "Mutation.createApiToken": C.SIGNED_IN,
    "Mutation.createUser": C.MANAGE_USERS,
    "Mutation.disableUser": C.MANAGE_USERS,
    "Mutation.enableUser": C.MANAGE_USERS,
    "Mutation.login": C.PUBLIC,
    "Mutation.logout": C.SIGNED_IN,
    "Mutation.refresh": C.PUBLIC,
    "Mutation.revokeApiToken": C.SIGNED_IN,
    "Mutation.setPassword": C.MANAGE_USERS,
    "Mutation.signOutUser": C.MANAGE_USERS,
    "Mutation.updateUser": C.MANAGE_USERS,
    "Query.agreement": C.READ_AGREEMENTS,
    "Query.agreements": C.READ_AGREEMENTS,
    "Query.exportWallets": C.EXPORT,
    "Query.partner": C.READ_PARTNERS,
    "Query.partners": C.READ_PARTNERS,
    "Query.partnerWallets": C.READ_AGREEMENTS,
    "Query.simulateAgreement": C.WRITE_AGREEMENTS,
    "Query.validator": C.READ_PNL,
    "Query.validators": C.READ_PNL,
    "Query.apiTokens": C.SIGNED_IN,
    "Query.chains": C.SIGNED_IN,
    "Query.me": C.SIGNED_IN,
    "Query.users": C.MANAGE_USERS,
    "Query.periods": C.SIGNED_IN,
    "Query.validatorPnl": C.READ_PNL,
    "Query.commissionLines": C.READ_COMMISSIONS,
    "Mutation.approveStatement": C.APPROVE_STATEMENTS,
    "Mutation.confirmLineOverride": C.WRITE_AGREEMENTS,
    "Mutation.downloadStatement": C.EXPORT,
    "Mutation.markStatementPaid": C.APPROVE_STATEMENTS,
    "Mutation.overrideCommissionLine": C.WRITE_AGREEMENTS,
    "Mutation.rejectStatement": C.APPROVE_STATEMENTS,
    "Mutation.releaseStatement": C.APPROVE_STATEMENTS,
    "Mutation.startRecompute": C.RECOMPUTE,
    "Mutation.submitStatement": C.APPROVE_STATEMENTS,
    "Mutation.withdrawLineOverride": C.WRITE_AGREEMENTS,
    "Query.auditLog": C.READ_AUDIT,
    "Query.canonicalFacts": C.READ_FACTS,
    "Query.explainLine": C.READ_FACTS,
    "Query.ingestionHealth": C.READ_HEALTH,
    "Query.lineOverride": C.READ_FINDINGS,
    "Query.node": C.SIGNED_IN,
    "Query.periodStatement": C.READ_COMMISSIONS,
    "Query.recompute": C.READ_HEALTH,
    "Query.recomputes": C.READ_HEALTH,
    "Query.reconciliation": C.READ_FINDINGS,
    "Query.statement": C.READ_COMMISSIONS,
    "Query.statements": C.READ_COMMISSIONS,
    "Agreement": C.READ_AGREEMENTS,
    # Why terms were changed is the operator's own business.
    "Agreement.reason": C.READ_AUDIT,
    "AgreementRule": C.READ_AGREEMENTS,
    "AgreementTier": C.READ_AGREEMENTS,
    "AgreementVersion": C.READ_AGREEMENTS,
    "AgreementVersion.reason": C.READ_AUDIT,
    "Partner": C.READ_PARTNERS,
    "PartnerWallet": C.READ_AGREEMENTS,
    "SimulatedAmount": C.WRITE_AGREEMENTS,
    "SimulatedFinding": C.WRITE_AGREEMENTS,
    "SimulatedPeriod": C.WRITE_AGREEMENTS,
    "Simulation": C.WRITE_AGREEMENTS,
    "TierSchedule": C.READ_AGREEMENTS,
    "Validator": C.READ_PNL,
    "Validator.ownWallets": C.READ_FACTS,
    "Validator.registration": C.READ_FACTS,
    "ValidatorIdentity": C.READ_FACTS,
    "ValidatorRegistration": C.READ_FACTS,
    "WalletExport": C.EXPORT,
    "WalletUpload": C.WRITE_AGREEMENTS,
    "WalletUploadRow": C.WRITE_AGREEMENTS,
    "ApiToken": C.SIGNED_IN,
    "Chain": C.SIGNED_IN,
    "Done": C.SIGNED_IN,
    "Me": C.SIGNED_IN,
    "NewApiToken": C.SIGNED_IN,
    "Node": C.SIGNED_IN,
    "Problem": C.PUBLIC,
    "Session": C.PUBLIC,
    "User": C.MANAGE_USERS,
    "Period": C.SIGNED_IN,
    "PageInfo": C.SIGNED_IN,
    "Money": C.SIGNED_IN,
    "CommissionLine": C.READ_COMMISSIONS,
    "Finding": C.READ_FINDINGS,
    "PeriodStatement": C.READ_COMMISSIONS,
    "PeriodStatement.findings": C.READ_FINDINGS,
    "RateSlice": C.READ_COMMISSIONS,
    "RateTrace": C.READ_COMMISSIONS,
    "Statement": C.READ_COMMISSIONS,
    "StatementCorrection": C.READ_COMMISSIONS,
    "Statement.approvedBy": C.READ_AUDIT,
    "Statement.paidBy": C.READ_AUDIT,
    "Statement.releasedBy": C.READ_AUDIT,
    "Statement.submittedBy": C.READ_AUDIT,
    "StatementDocument": C.READ_COMMISSIONS,
    "StatementDocument.blockers": C.READ_FINDINGS,
    "StatementDocument.leftAlone": C.READ_FINDINGS,
    "StatementDownload": C.EXPORT,
    "StatementLine": C.READ_COMMISSIONS,
    "StatementSection": C.READ_COMMISSIONS,
    "AuditEntry": C.READ_AUDIT,
    "CanonicalFacts": C.READ_FACTS,
    "CheckResult": C.READ_FINDINGS,
    "ComputationFinding": C.READ_FINDINGS,
    "ExplainedSource": C.READ_FACTS,
    "ExplainedStakeAccount": C.READ_FACTS,
    "ExplainedWallet": C.READ_FACTS,
    "ExplanationStep": C.READ_FACTS,
    "FactFinding": C.READ_FINDINGS,
    "FeesFact": C.READ_FACTS,
    "Ingestion": C.READ_FINDINGS,
    "IngestionHealth": C.READ_HEALTH,
    "LineExplanation": C.READ_FACTS,
    "LineOverride": C.READ_FINDINGS,
    "LineOverrideAction": C.READ_FINDINGS,
    "MevFact": C.READ_FACTS,
    "Recompute": C.READ_HEALTH,
    "Reconciliation": C.READ_FINDINGS,
    "RewardsFact": C.READ_FACTS,
    "SourcePayload": C.READ_FACTS,
    "ValidatorPnl": C.READ_PNL,
}


def needed_capability(type_name: str, field_name: str) -> C | None:
    """What `type_name.field_name` needs; None when nobody has said. Pages need what their rows need."""
    own = PERMISSIONS.get(f"{type_name}.{field_name}")
    if own is not None or type_name in ROOTS:
        return own
    row = type_name.removesuffix("Connection").removesuffix("Edge")
    return PERMISSIONS.get(type_name) or PERMISSIONS.get(row)


def fields_without_permission(schema: GraphQLSchema) -> list[str]:
    """`Type.field` of every field nobody has given a permission; empty in a schema that may be served."""
    return [
        f"{name}.{field}"
        for name, kind in sorted(schema.type_map.items())
        if isinstance(kind, (GraphQLObjectType, GraphQLInterfaceType)) and not name.startswith("__")
        for field in kind.fields
        if needed_capability(name, field) is None
    ]


KEPT_DOCUMENTS: Final = 512
_META: Final = {
    "__schema": Capability.SIGNED_IN,
    "__type": Capability.SIGNED_IN,
    "__typename": Capability.PUBLIC,
}


class PermissionCheck(SchemaExtension):
    """Refuses a document that asks for more than its caller may; a caller without a token, for anything else.

    Nobody without a token is told what is valid: only root fields that are PUBLIC are looked at.
    """

    def on_validate(self) -> Iterator[None]:
        """Look at the document before and after it is validated. Raises Problem."""
        execution = self.execution_context
        document, operation = execution.graphql_document, execution.context.operation_name
        principal = execution.context.principal
        if principal is None and (document is None or not is_public(document)):
            raise Problem(
                Code.UNAUTHENTICATED, "sign in with login, and send Authorization: Bearer <accessToken>"
            )
        yield
        if principal is None or document is None or execution.pre_execution_errors:
            return
        needed = needed_by(execution.schema._schema, document, operation)
        missing = {which: where for which, where in needed.items() if which not in principal.capabilities}
        if missing:
            which, where = min(missing.items())
            raise Problem(
                Code.FORBIDDEN,
                f"{where} needs {which.value}, which you do not have; leave it out, or ask an administrator",
            )


def is_public(document: DocumentNode) -> bool:
    """Whether every operation asks for PUBLIC root fields alone, named one by one."""
    operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    roots = [
        isinstance(selection, FieldNode)
        and needed_capability(operation.operation.value.title(), selection.name.value) is Capability.PUBLIC
        for operation in operations
        for selection in operation.selection_set.selections
    ]
    return bool(roots) and all(roots)


@lru_cache(maxsize=KEPT_DOCUMENTS)
def needed_by(
    schema: GraphQLSchema, document: DocumentNode, operation_name: str | None
) -> Mapping[Capability, str]:
    """What the operation (None: each of the document) needs, each with a field that needs it.

    The document is a valid one. A field counts whether or not a directive would leave it out.
    """
    fragments = {
        each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)
    }
    walk = _Walk(schema, fragments)
    for each in document.definitions:
        if not isinstance(each, OperationDefinitionNode):
            continue
        if operation_name in {None, each.name.value if each.name else None}:
            walk.select(schema.get_root_type(each.operation), each.selection_set)
    return walk.needed


class _Walk:
    def __init__(self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self.needed: dict[Capability, str] = {}
        self._schema = schema
        self._fragments = fragments
        self._seen: set[str] = set()

    def select(self, parent: GraphQLNamedType | None, selections: SelectionSetNode | None) -> None:
        """Whatever is selected of `parent`, and below it."""
        for selection in selections.selections if selections else ():
            if isinstance(selection, FieldNode):
                self._field(parent, selection)
            elif isinstance(selection, FragmentSpreadNode):
                self._spread(selection.name.value)
            else:
                condition = getattr(selection, "type_condition", None)
                narrowed = self._schema.get_type(condition.name.value) if condition else parent
                self.select(narrowed, getattr(selection, "selection_set", None))

    def _spread(self, name: str) -> None:
        # Each fragment has one type, so that once is enough.
        if name not in self._seen:
            self._seen.add(name)
            fragment = self._fragments[name]
            self.select(self._schema.get_type(fragment.type_condition.name.value), fragment.selection_set)

    def _field(self, parent: GraphQLNamedType | None, field: FieldNode) -> None:
        name = field.name.value
        if name.startswith("__"):
            self.needed.setdefault(_META[name], name)
            return
        if not isinstance(parent, GraphQLObjectType | GraphQLInterfaceType):
            raise Problem(Code.GRAPHQL_VALIDATION_FAILED, f"{name} is not a field of anything known")
        needed = needed_capability(parent.name, name)
        if needed is None:
            raise Problem(Code.FORBIDDEN, f"nobody may ask for {parent.name}.{name}")
        self.needed.setdefault(needed, f"{parent.name}.{name}")
        self.select(get_named_type(parent.fields[name].type), field.selection_set)
