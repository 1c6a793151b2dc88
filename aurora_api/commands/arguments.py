"""Arguments and options that several commands take, each with one name and one help text."""

from typing import Annotated, TypeAlias

import typer

Chain: TypeAlias = Annotated[str, typer.Argument(help="A chain of chains.yaml.")]
First: TypeAlias = Annotated[int, typer.Option("--from", help="First period.")]
Last: TypeAlias = Annotated[int, typer.Option("--to", help="Last period, inclusive.")]
By: TypeAlias = Annotated[str, typer.Option("--by", help="Who does it, for the audit log.")]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON.")]
