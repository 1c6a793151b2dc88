"""FIXED_SHARE: the rule pays on the validator's whole revenue, whose stake it came from does not matter."""

from collections.abc import Sequence

from aurora_assets.commission.agreement import Method
from aurora_assets.commission.attribution import Attribution
from aurora_assets.commission.facts import Revenue
from aurora_assets.commission.methods.protocol import Base, Derivation, Gap, WalletFacts, base_of


class FixedShare:
    """The whole revenue."""

    name = Method.FIXED_SHARE
    label = "of all"
    meaning = "the validator's whole revenue, regardless of who staked"
    reads_wallets = False

    def find_base(self, attribution: Attribution, partner_id: str, revenue: Revenue) -> Base | Gap:  # noqa: ARG002
        """The revenue itself."""
        return base_of(revenue, revenue.amount)

    def derive(
        self,
        revenue: int,
        partner_id: str,  # noqa: ARG002
        wallets: Sequence[WalletFacts],  # noqa: ARG002
        *,
        allocated: bool,  # noqa: ARG002
    ) -> Derivation:
        """The revenue itself; wallets contribute nothing to it."""
        return Derivation("the whole revenue", revenue, {})
