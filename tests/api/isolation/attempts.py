"""Every place where a partner may write what names something, and how it is tried with another's things.

`$thing` is the thing that is tried; `$code` and `$validator` are those of whoever asks.
"""

from dataclasses import dataclass

from tests.api.isolation.belongings import LINES, MONTH, PERIOD, PNL
from tests.api.isolation.partner_schema import everything
from tests.integration.pipeline.installation import CHAIN

LINES_SHOWN = everything("StatementLineConnection")
CORRECTIONS_SHOWN = everything("StatementCorrectionConnection")
STATEMENT = f'statement(partnerCode: "$code", chainId: "{CHAIN}", billingMonth: "{MONTH}")'
SECTION = f'periodStatement(partnerCode: "$code", chainId: "{CHAIN}", periodId: {PERIOD})'
PROBLEM = "{ __typename ... on Problem { code message field } }"


@dataclass(frozen=True)
class Attempt:
    """One way to name a thing at one place of the schema."""

    point: str
    """`Query.field.argument`, or `Type.field.argument` of a nested one."""
    thing: str
    """Its name among the belongings."""
    text: str
    selection: str | None = None
    """None: all that a partner may select."""
    differs: bool = True
    """Whether its owner is answered something else for it than for a missing one."""

    @property
    def root(self) -> str:
        kind = "Mutation" if self.point.startswith("Mutation.") else "Query"
        return f"{kind}.{self.text.partition('(')[0]}"

    def __str__(self) -> str:
        return f"{self.point} = {self.thing}"


def _pages(field: str, filters: str, name: str, own: str) -> list[Attempt]:
    """A cursor of the other's page without filters, and one of its page by its own filter."""
    point, begin = f"Query.{field}.after", f"{field}({filters}"
    return [
        Attempt(point, f"cursor of {name} all", f'{begin} first: 2, after: "$thing")', differs=False),
        Attempt(point, f"cursor of {name}", f'{begin} first: 2, {own}, after: "$thing")'),
    ]


def _node(name: str, *, readable: bool = True) -> Attempt:
    selection = f"{{ __typename id ... on {name} {everything(name)} }}" if readable else "{ __typename id }"
    return Attempt("Query.node.id", name, 'node(id: "$thing")', selection, differs=readable)


BY_CODE, BY_VALIDATOR = 'partnerCode: "$code"', 'validatorKeys: ["$validator"]'
CHAIN_GIVEN = f'chainId: "{CHAIN}"'

ATTEMPTS = [
    Attempt("Query.agreement.agreementId", "agreement", 'agreement(agreementId: "$thing")'),
    Attempt("Query.agreements.partnerCode", "code", 'agreements(partnerCode: "$thing", first: 2)'),
    *_pages("agreements", "", "agreements", BY_CODE),
    Attempt("Query.commissionLines.partnerCode", "code", f'{LINES}, partnerCode: "$thing", first: 4)'),
    Attempt(
        "Query.commissionLines.validatorKeys", "validator", f'{LINES}, validatorKeys: ["$thing"], first: 4)'
    ),
    *_pages("commissionLines", CHAIN_GIVEN, "lines", BY_CODE),
    Attempt(
        "Query.commissionLines.after",
        "cursor of lines of validator",
        f'{LINES}, {BY_VALIDATOR}, after: "$thing", first: 4)',
    ),
    Attempt("Query.exportWallets.partnerCode", "code", 'exportWallets(partnerCode: "$thing")'),
    *map(
        _node,
        (
            "Agreement",
            "CommissionLine",
            "Partner",
            "PartnerWallet",
            "PeriodStatement",
            "Statement",
            "Validator",
            "ValidatorPnl",
        ),
    ),
    *(_node(name, readable=False) for name in ("AuditEntry", "CanonicalFacts", "Recompute", "User")),
    Attempt("Query.partner.partnerCode", "code", 'partner(partnerCode: "$thing")'),
    Attempt("Query.partnerWallets.partnerCode", "code", 'partnerWallets(partnerCode: "$thing", first: 4)'),
    Attempt("Query.partnerWallets.wallet", "wallet", 'partnerWallets(wallet: "$thing", first: 4)'),
    *_pages("partnerWallets", "", "wallets", BY_CODE),
    Attempt("Query.partners.search", "code", 'partners(search: "$thing", first: 4)'),
    Attempt("Query.partners.search", "name", 'partners(search: "$thing", first: 4)'),
    Attempt(
        "Query.partners.after", "cursor of partners all", 'partners(after: "$thing", first: 4)', differs=False
    ),
    Attempt(
        "Query.periodStatement.partnerCode",
        "code",
        f'periodStatement(partnerCode: "$thing", {CHAIN_GIVEN}, periodId: {PERIOD})',
    ),
    Attempt(
        "PeriodStatement.lines.after",
        "cursor of period's lines",
        SECTION,
        f'{{ lines(first: 4, after: "$thing") {everything("CommissionLineConnection")} }}',
    ),
    Attempt(
        "Query.statement.partnerCode",
        "code",
        f'statement(partnerCode: "$thing", {CHAIN_GIVEN}, billingMonth: "{MONTH}")',
    ),
    Attempt(
        "StatementDocument.lines.after",
        "cursor of statement's lines",
        STATEMENT,
        f'{{ document {{ lines(first: 4, after: "$thing") {LINES_SHOWN} }} }}',
    ),
    Attempt(
        "StatementDocument.corrections.after",
        "cursor of statement's corrections",
        STATEMENT,
        f'{{ document {{ corrections(first: 4, after: "$thing") {CORRECTIONS_SHOWN} }} }}',
    ),
    Attempt("Query.statements.partnerCode", "code", 'statements(partnerCode: "$thing", first: 4)'),
    *_pages("statements", "", "statements", BY_CODE),
    Attempt("Query.validator.validatorKey", "validator", f'validator({CHAIN_GIVEN}, validatorKey: "$thing")'),
    Attempt("Query.validatorPnl.validatorKeys", "validator", f'{PNL}, validatorKeys: ["$thing"], first: 4)'),
    *_pages("validatorPnl", CHAIN_GIVEN, "pnl", BY_VALIDATOR),
    Attempt(
        "Query.validators.after",
        "cursor of validators all",
        f'validators({CHAIN_GIVEN}, after: "$thing", first: 4)',
        differs=False,
    ),
    Attempt(
        "Mutation.downloadStatement.input.statementId",
        "Statement",
        'downloadStatement(input: {statementId: "$thing", format: CSV})',
        PROBLEM,
    ),
    # That its owner can end it is in test_mutations.py: it is there only once.
    Attempt(
        "Mutation.revokeApiToken.input.apiTokenId",
        "API token",
        'revokeApiToken(input: {apiTokenId: "$thing"})',
        differs=False,
    ),
    Attempt(
        "Mutation.createApiToken.input.name",
        "API token's name",
        'createApiToken(input: {name: "$thing", scopes: [READ_PNL]})',
        PROBLEM,
        differs=False,
    ),
    Attempt(
        "Mutation.login.input.username",
        "username",
        'login(input: {username: "$thing", password: "not the password"})',
        differs=False,
    ),
]

NAMES_NOTHING = {
    "chainId": "chains are everybody's",
    "billingMonth": "a time",
    "fromMonth": "a time",
    "toMonth": "a time",
    "password": "a secret of whoever asks",
    "newPassword": "a secret of whoever asks",
    "refreshToken": "a secret: whoever has it is its owner",
}
"""Arguments that name nothing of a partner's, by their last part."""

EVERYBODYS_POINTS = {"Query.periods.after": "periods are everybody's"}

EVERYBODYS_NODES = {"Chain", "Period"}
NOT_SCOPED = {
    "Query.apiTokens": "the caller's own; test_lists.py",
    "Query.chains": "everybody's",
    "Query.me": "the caller",
    "Query.periods": "everybody's",
    "Mutation.changePassword": "the caller's own",
    "Mutation.logout": "the caller's own",
    "Mutation.refresh": "whoever has the token",
}
"""Root fields where nothing can be named, and why that is right."""
