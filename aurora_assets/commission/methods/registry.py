"""All attribution methods. A new one is a module beside this one, its name in `Method`, and a line here."""

from collections.abc import Mapping
from typing import Final

from aurora_assets.commission.agreement import Method
from aurora_assets.commission.methods.client_revenue import ClientRevenue
from aurora_assets.commission.methods.fixed_share import FixedShare
from aurora_assets.commission.methods.protocol import AttributionMethod
from aurora_assets.commission.methods.stake_weight import StakeWeight

_ALL: Final[tuple[AttributionMethod, ...]] = (ClientRevenue(), StakeWeight(), FixedShare())

METHODS: Final[Mapping[Method, AttributionMethod]] = {method.name: method for method in _ALL}
"""Every method by its name."""
