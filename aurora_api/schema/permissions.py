"""Which field of the schema needs which capability. The check of a query against it is `permission_check.py`.

A field needs what `PERMISSIONS` says for `Type.field`, else what it says for `Type`. Root fields are always
named one by one. A field without an entry does not build: nothing is open because it was forgotten.
"""

from collections.abc import Mapping
from typing import Final

from graphql import (
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
)

from aurora_api.access.principal import Capability as C  # noqa: N817 - the table below is read by its right side

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
