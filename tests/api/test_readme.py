"""The README's GraphQL example is a valid query of the schema."""

import json
import re
from pathlib import Path

from graphql import parse, validate

from aurora_api.service.schema import schema

README = Path(__file__).resolve().parents[2] / "README.md"


def test_the_example_is_valid() -> None:
    login, question = re.findall(r"-d '(\{\s*\"query\".*?\})'", README.read_text(), flags=re.DOTALL)
    # The shell closes the quotes around $PASSWORD.
    for text in (login.replace("'\"$PASSWORD\"'", "secret"), question):
        query = json.loads(text.replace("\n", " "))["query"]
        assert validate(schema._schema, parse(query)) == []
