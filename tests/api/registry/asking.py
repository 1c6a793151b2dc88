"""The mutations of the registry as texts, and what tests read of their answers."""

from typing import Any

from tests.api.conftest import Service

PROBLEM = "... on Problem { code message field }"
AGREEMENT = """... on Agreement { agreementId partnerCode name status version validFrom validUntil
    rules { ruleId component method chainId validatorKey rateBps floorAmount capAmount guarantee lossPolicy
    floor { amount display } tiers { mode metric scope tiers { upToAmount upTo { display } rateBps } } } }"""
WALLET = "... on PartnerWallet { partnerCode chainId wallet validFrom validUntil notes }"
REPORT = (
    "... on WalletUpload { written added unchanged refused rows { line chainId wallet outcome message } }"
)
VALIDATOR = """... on Validator { chainId validatorKey name registration { identities { identity fromPeriod }
    ownWallets mevDeclaredNone } }"""

_ANSWERS = {
    "createAgreement": AGREEMENT,
    "amendAgreement": AGREEMENT,
    "activateAgreement": AGREEMENT,
    "suspendAgreement": AGREEMENT,
    "terminateAgreement": AGREEMENT,
    "createPartner": "... on Partner { partnerCode name walletCount activeAgreementCount }",
    "updatePartner": "... on Partner { partnerCode name walletCount activeAgreementCount }",
    "addWallet": WALLET,
    "endWallet": WALLET,
    "uploadWallets": REPORT,
    "registerValidator": VALIDATOR,
}
MUTATIONS = tuple(_ANSWERS)


def mutation(name: str) -> str:
    """The text of a mutation; one of activate, suspend and terminate shares its input type."""
    moves = ("activateAgreement", "suspendAgreement", "terminateAgreement")
    kind = "MoveAgreementInput" if name in moves else f"{name[0].upper()}{name[1:]}Input"
    return (
        f"mutation($input: {kind}!) {{ {name}(input: $input) {{ __typename {_ANSWERS[name]} {PROBLEM} }} }}"
    )


def do(service: Service, name: str, /, **given: object) -> dict[str, Any]:
    """What the mutation answers; `reason` is given for it."""
    answer: dict[str, Any] = service.ask(mutation(name), input={"reason": "test", **given})[name]
    return answer


def done(service: Service, name: str, /, **given: object) -> dict[str, Any]:
    """The same, and it is no problem."""
    answer = do(service, name, **given)
    assert answer.pop("__typename") != "Problem", answer
    return answer


def refused(service: Service, name: str, /, **given: object) -> tuple[str, str]:
    """Code and message of the problem that it answers."""
    answer = do(service, name, **given)
    assert answer["__typename"] == "Problem", answer
    return answer["code"], answer["message"]


def nodes(connection: dict[str, Any]) -> list[dict[str, Any]]:
    return [edge["node"] for edge in connection["edges"]]


def rule(**changes: object) -> dict[str, object]:
    """A rule of a flat rate on the commission."""
    return {
        "ruleId": "half",
        "component": "COMMISSION",
        "method": "CLIENT_REVENUE",
        "chainId": "alpha-main",
        "rateBps": 5000,
        **changes,
    }


def agreement(**changes: object) -> dict[str, object]:
    """What createAgreement takes."""
    return {
        "partnerCode": "north",
        "agreementId": "north-2",
        "name": "Second",
        "validFrom": "2026-02-01T00:00:00Z",
        "rules": [rule()],
        **changes,
    }
