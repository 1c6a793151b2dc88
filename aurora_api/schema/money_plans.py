"""Columns of Money, the greatest part of a page: written from the amounts, without a Money made for each.

What is written is what `Money` says of itself; a test holds the two together.
"""

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any, Final

from graphql import FieldNode, GraphQLNonNull, GraphQLObjectType, GraphQLOutputType

from aurora_api.schema.columns import NULL, Subfields, Unusual, Write, constant, quote, template_of
from aurora_api.schema.money import Coin
from aurora_resources.units import format_amount

_COIN: Final = attrgetter("coin")
# Of each amount.
_VARYING: Final[Mapping[str, Callable[[list[int], Coin], list[Any]]]] = {
    "amount": lambda amounts, _: amounts,
    "display": lambda amounts, coin: [
        format_amount(amount, coin.decimals, separator="") for amount in amounts
    ],
}
# Of all of them.
_CONSTANT: Final[Mapping[str, Callable[[Coin], str]]] = {
    "unit": lambda coin: quote(coin.unit),
    "decimals": lambda coin: str(coin.decimals),
    "displayUnit": lambda coin: quote(coin.display_unit),
    "__typename": lambda _: quote("Money"),
}


def plan_money(
    kind: GraphQLOutputType, nodes: list[FieldNode], subfields: Subfields, read: Callable[[Any], Any]
) -> Write | None:
    """From objects with a `coin` to the Money of the amount that `read` finds; None when there is no plan."""
    required = isinstance(kind, GraphQLNonNull)
    named = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    if not isinstance(named, GraphQLObjectType) or named.name != "Money":
        return None
    selected = {name: each[0].name.value for name, each in subfields(named, nodes).items()}
    if not selected or not {*selected.values()} <= {*_VARYING, *_CONSTANT}:
        return None
    varying = [_VARYING[field] for field in selected.values() if field in _VARYING]

    def write(values: list[Any]) -> list[Any]:
        if not values:
            return []
        try:
            amounts, coin = list(map(read, values)), _only_coin(values)
        except AttributeError as missing:
            raise Unusual from missing
        kinds = set(map(type, amounts))
        if not kinds <= ({int} if required else {int, type(None)}):
            raise Unusual
        template = template_of(
            {
                # Digits, a sign and a point: nothing that JSON has another way to write.
                name: '"%s"' if field in _VARYING else constant(_CONSTANT[field](coin))
                for name, field in selected.items()
            }
        )
        present = amounts if kinds == {int} else [amount for amount in amounts if amount is not None]
        columns = [show(present, coin) for show in varying]
        written = (
            [template % shown for shown in zip(*columns, strict=True)]
            if columns
            else ([template % ()] * len(present))
        )
        if len(present) == len(amounts):
            return written
        rest = iter(written)
        return [NULL if amount is None else next(rest) for amount in amounts]

    return write


def _only_coin(values: list[Any]) -> Coin:
    """The coin of all these objects. Raises Unusual when they have several, or anything else for one."""
    coins: list[Coin] = list(map(_COIN, values))
    if type(coins[0]) is not Coin or len(set(map(id, coins))) > 1:
        raise Unusual
    return coins[0]
