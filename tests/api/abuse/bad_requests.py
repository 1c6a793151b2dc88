"""Random bad requests over the schema: queries that are nearly valid, rubbish as input, broken bodies."""

import json
import random
from collections.abc import Iterator
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_composite_type,
)

TEXTS = (
    *(
        "",
        "north",
        "alpha-main",
        "val-a",
        "admin",
        "a" * 3000,
        "\x00",
        "\ud800",
        "é\u202e🙂",
        "%s%n",
        "-1",
        "10",
    ),
    *("'; drop table x; --", "../../etc/passwd", "null", "WzEsMl0=", "{{7*7}}", "=1+1", "\n\r\t", "1e309"),
    *("2026-13-45", "2026-01-01T00:00:00Z", "9" * 400, "00000000-0000-0000-0000-000000000000"),
    "WyJDaGFpbiIsImFscGhhLW1haW4iXQ",
)
TYPES = ("Int", "String", "ID", "Ordinal", "Amount", "Boolean!", "Nope", "[String!]")
NUMBERS = (0, 1, -1, 2, 105, 500, 501, 2**31, -(2**31) - 1, 2**53, 2**63, 10**40, 0.5, 1e308)
JSONS: tuple[Any, ...] = (None, True, [], {}, [[]], {"a": None}, *NUMBERS, *TEXTS)
DIRECTIVES = ("@skip(if: true)", "@include(if: $v0)", "@skip", "@nope", "@include(if: 5)", "@skip(if: null)")


class BadRequests:
    """The same requests for the same seed: bodies and headers."""

    def __init__(self, schema: GraphQLSchema, seed: int, skipped: frozenset[str] = frozenset()) -> None:
        """`skipped` are root fields not to ask, such as those that take long on purpose."""
        self._schema = schema
        self._random = random.Random(seed)  # noqa: S311 - the same requests again
        self._skipped = skipped

    def __call__(self, number: int) -> Iterator[tuple[bytes, dict[str, str]]]:
        for _ in range(number):
            yield self._body(), self._headers()

    def _headers(self) -> dict[str, str]:
        headers = {"Content-Type": "application/json"}
        if self._random.random() < 0.02:
            headers["Content-Type"] = self._random.choice(
                ["text/plain", "", "application/json; charset=x", "a/b"]
            )
        if self._random.random() < 0.03:
            headers["Authorization"] = self._random.choice(
                [
                    "Bearer",
                    "Bearer x.y.z",
                    "Basic x",
                    "Bearer aur_x",
                    "Bearer eyJhbGciOiJub25lIn0.e30.",
                    "x" * 9000,
                ]
            )
        if self._random.random() < 0.05:
            headers["X-Correlation-Id"] = self._random.choice(["<script>", "ok-1", "x" * 500])
        return headers

    def _body(self) -> bytes:
        kind = self._random.random()
        if kind < 0.04:
            return self._random.randbytes(self._random.randrange(60))
        body: Any = {
            "query": self._query(),
            "variables": {f"v{n}": self._random.choice(JSONS) for n in range(3)},
        }
        if kind < 0.08:
            body[self._random.choice(["query", "variables", "operationName", "extensions"])] = (
                self._random.choice(JSONS)
            )
        elif kind < 0.1:
            body = [body] * self._random.randrange(3)
        text = json.dumps(body).encode()
        return text[: self._random.randrange(len(text))] if kind > 0.98 else text

    def _query(self) -> str:
        root, kind = self._random.choice(
            [("query", self._schema.query_type)] * 3 + [("mutation", self._schema.mutation_type)]
        )
        variables = " ".join(f"$v{n}: {self._random.choice(TYPES)}" for n in range(3))
        named = f"{root} Q({variables})" if self._random.random() < 0.6 else root
        text = f"{named} {self._selection(kind, 0)}"
        if self._random.random() < 0.2:
            text += (
                f" fragment F on {self._random.choice(list(self._schema.type_map))} {{ ...F id __typename }}"
            )
        return self._broken(text) if self._random.random() < 0.25 else text

    def _broken(self, text: str) -> str:
        start = self._random.randrange(len(text) + 1)
        end = min(len(text), start + self._random.randrange(8))
        part = self._random.choice(
            ["", text[start:end] * 3, "{", "}", "(", '"', "\\", "...", "@", "$", "\x00", "!", "[" * 20]
        )
        return text[:start] + part + text[end:]

    def _selection(self, kind: GraphQLNamedType | None, depth: int) -> str:
        if isinstance(kind, GraphQLUnionType):
            parts = [f"... on {each.name} {self._selection(each, depth + 1)}" for each in kind.types]
            return f"{{ __typename {' '.join(parts)} }}"
        if not isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            return "{ nope }"
        names = [name for name in kind.fields if depth or name not in self._skipped]
        chosen = self._random.sample(names, min(len(names), self._random.choice([1, 1, 2, 3, 5])))
        parts = [self._field(kind, name, depth) for name in chosen]
        if self._random.random() < 0.05:
            parts.append(
                self._random.choice(
                    ["nope", "__typename", "...F", "... on Chain { id }", "a: __schema { types { name } }"]
                )
            )
        return f"{{ {' '.join(parts)} }}"

    def _field(self, kind: GraphQLObjectType | GraphQLInterfaceType, name: str, depth: int) -> str:
        field = kind.fields[name]
        given = [
            f"{argument}: {self._value(about.type, 0)}"
            for argument, about in field.args.items()
            if isinstance(about.type, GraphQLNonNull) or self._random.random() < 0.4
        ]
        if self._random.random() < 0.03:
            given.append("nope: 1")
        alias = "x: " if self._random.random() < 0.05 else ""
        text = f"{alias}{name}({', '.join(given)})" if given else f"{alias}{name}"
        if self._random.random() < 0.05:
            text += " " + self._random.choice(DIRECTIVES)
        below = get_named_type(field.type)
        if is_composite_type(below):
            text += " " + (self._selection(below, depth + 1) if depth < 7 else "{ __typename }")
        return text

    def _value(self, kind: GraphQLInputType, depth: int) -> str:
        if self._random.random() < 0.08:
            return self._random.choice(
                ["null", "$v0", "$v1", "$nope", "[]", "{}", "NOPE", "1.5", '"x"', "true"]
            )
        if isinstance(kind, GraphQLNonNull):
            return self._value(kind.of_type, depth)
        if isinstance(kind, GraphQLList):
            items = [self._value(kind.of_type, depth + 1) for _ in range(self._random.randrange(3))]
            return f"[{', '.join(items)}]"
        if isinstance(kind, GraphQLEnumType):
            return self._random.choice(list(kind.values))
        if isinstance(kind, GraphQLInputObjectType):
            given = [
                f"{name}: {self._value(about.type, depth + 1)}"
                for name, about in kind.fields.items()
                if isinstance(about.type, GraphQLNonNull) or self._random.random() < 0.5
            ]
            return f"{{{', '.join(given)}}}"
        return self._scalar(get_named_type(kind).name)

    def _scalar(self, name: str) -> str:
        if name == "Boolean":
            return self._random.choice(["true", "false"])
        if name in {"Int", "Ordinal", "Bps"}:
            return json.dumps(self._random.choice(NUMBERS))
        return json.dumps(self._random.choice(TEXTS))
