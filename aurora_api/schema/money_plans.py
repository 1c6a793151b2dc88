"""Columns of Money, the greatest part of a page: shown from the amounts, without a Money made for each.

What is shown is what `Money` says of itself; a test holds the two together.
"""

from collections.abc import Callable, Iterable, Mapping
from itertools import repeat
from operator import attrgetter
from typing import Any, Final

from graphql import FieldNode, GraphQLNonNull, GraphQLObjectType, GraphQLOutputType

from aurora_api.schema.columns import Complete, Subfields, Unusual
from aurora_api.schema.money import Coin
from aurora_resources.units import format_amount

_COIN: Final = attrgetter("coin")
_SHOWN: Final[Mapping[str, Callable[[list[int], Coin], Iterable[object]]]] = {
    "amount": lambda amounts, _: map(str, amounts),
    "unit": lambda _, coin: repeat(coin.unit),
    "decimals": lambda _, coin: repeat(coin.decimals),
    "displayUnit": lambda _, coin: repeat(coin.display_unit),
    "display": lambda amounts, coin: [
        format_amount(amount, coin.decimals, separator="") for amount in amounts
    ],
    "__typename": lambda *_: repeat("Money"),
}


def plan_money(
    kind: GraphQLOutputType, nodes: list[FieldNode], subfields: Subfields, read: Callable[[Any], Any]
) -> Complete | None:
    """From objects with a `coin` to the Money of the amount that `read` finds; None when there is no plan."""
    required = isinstance(kind, GraphQLNonNull)
    named = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    if not isinstance(named, GraphQLObjectType) or named.name != "Money":
        return None
    selected = {name: _SHOWN.get(each[0].name.value) for name, each in subfields(named, nodes).items()}
    names = tuple(selected)
    shown = [show for show in selected.values() if show is not None]
    if len(shown) < len(names) or not shown:
        return None

    def complete(values: list[Any]) -> list[Any]:
        if not values:
            return []
        try:
            amounts, coin = list(map(read, values)), _only_coin(values)
        except AttributeError as missing:
            raise Unusual from missing
        kinds = set(map(type, amounts))
        if not kinds <= ({int} if required else {int, type(None)}):
            raise Unusual
        present = amounts if kinds == {int} else [amount for amount in amounts if amount is not None]
        # The first column ends, where the unit is repeated without end.
        columns = zip(present, *(show(present, coin) for show in shown), strict=False)
        whole = [dict(zip(names, each[1:], strict=True)) for each in columns]
        if len(present) == len(amounts):
            return whole
        rest = iter(whole)
        return [None if amount is None else next(rest) for amount in amounts]

    return complete


def _only_coin(values: list[Any]) -> Coin:
    """The coin of all these objects. Raises Unusual when they have several, or anything else for one."""
    coins: list[Coin] = list(map(_COIN, values))
    if type(coins[0]) is not Coin or len(set(map(id, coins))) > 1:
        raise Unusual
    return coins[0]
