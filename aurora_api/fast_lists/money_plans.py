"""Columns of Money, the greatest part of a page: written from the amounts, without a Money made for each.

What is written is what `Money` says of itself; a test holds the two together.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from graphql import FieldNode, GraphQLNonNull, GraphQLObjectType, GraphQLOutputType

from aurora_api.fast_lists.columns import NULL, FallBack, Subfields, constant, quote, template_of
from aurora_api.schema.money import Coin
from aurora_resources.units import format_amount

WriteMoney: TypeAlias = Callable[[list[Any], Coin], list[Any]]
"""A column of amounts in this coin in, the JSON of each one's Money out. Raises FallBack."""

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


def compile_money(kind: GraphQLOutputType, nodes: list[FieldNode], subfields: Subfields) -> WriteMoney | None:
    """How to write the Money of amounts, null where the type allows it; None when there is no plan."""
    required = isinstance(kind, GraphQLNonNull)
    named = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    if not isinstance(named, GraphQLObjectType) or named.name != "Money":
        return None
    selected = {name: each[0].name.value for name, each in subfields(named, nodes).items()}
    if not selected or not {*selected.values()} <= {*_VARYING, *_CONSTANT}:
        return None
    varying = [_VARYING[field] for field in selected.values() if field in _VARYING]

    def write(amounts: list[Any], coin: Coin) -> list[Any]:
        kinds = set(map(type, amounts))
        if not kinds <= ({int} if required else {int, type(None)}):
            raise FallBack
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
