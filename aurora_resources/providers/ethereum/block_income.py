"""One block of ours and its income in the execution layer: the evidence, the result, and empty slots.

How the one is made of the other is in `decisions.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from aurora_resources.providers.ethereum.findings import RELAY_ROW_NOT_CANONICAL, wei
from aurora_resources.providers.ethereum.payments import Proof, Transfer
from aurora_resources.providers.ethereum.relays import BlockClaims
from aurora_resources.records import FactState, Finding


class Case(StrEnum):
    """Which of the five cases a block is."""

    LOCAL = "A"
    BUILDER_PAID = "B"
    BUILDER_KEPT_OUR_RECIPIENT = "C"
    NO_RELAY = "D"
    NOT_CANONICAL = "E"


@dataclass(frozen=True, slots=True)
class BlockEvidence:
    """A canonical block of one of our validators, as the execution layer shows it; amounts in wei.

    `fees` are all priority fees of the block, whoever got them. `balance_changes` holds the corrected change
    (`payments.corrected_change`) of each address whose balance could be asked.
    """

    validator_key: str
    slot: int
    block_hash: str
    fee_recipient: str
    fees: int
    transfers: tuple[Transfer, ...] = ()
    balance_changes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BlockIncome:
    """What a block earned its proposer, in wei: `priority_fees` and `mev` are parts of one income, `total`.

    `payment` is what evidence shows to have arrived from the builder (case C: the fees included), None when
    nothing shows it; `claimed` the relays' value, None without a relay.
    """

    case: Case
    validator_key: str
    slot: int
    block_hash: str | None
    priority_fees: int
    mev: int
    state: FactState
    proof: Proof
    claimed: int | None = None
    payment: int | None = None
    relays: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def total(self) -> int:
        """The whole income of the block."""
        return self.priority_fees + self.mev


def not_canonical(validator_key: str, slot: int, claims: Mapping[str, BlockClaims]) -> BlockIncome:
    """A slot of ours without a block on the chain: nothing, though relays may have delivered one.

    `claims` are the relays' rows of that slot, by block hash.
    """
    relays = tuple(sorted({relay for found in claims.values() for relay in found.relays}))
    values = [value for found in claims.values() for value in found.values]
    findings: tuple[Finding, ...] = ()
    if values:
        told = f"slot {slot}: {', '.join(relays)} delivered a block worth up to {wei(max(values))}"
        findings = (
            Finding(RELAY_ROW_NOT_CANONICAL, f"{told}, which is not on the chain: no income", validator_key),
        )
    return BlockIncome(
        case=Case.NOT_CANONICAL,
        validator_key=validator_key,
        slot=slot,
        block_hash=None,
        priority_fees=0,
        mev=0,
        state=FactState.FINAL,
        proof=Proof.NONE,
        claimed=max(values, default=None),
        relays=relays,
        findings=findings,
    )
