"""`aurora sandbox`: serve a generated world, a world from a file, or a recording, with faults on demand.

Returns when it is interrupted. Raises ConfigurationError for a wrong world, recording or fault.
"""

from pathlib import Path
from typing import Annotated, Final

import typer

from aurora_api.commands.console import console
from aurora_sandbox.options import WorldSpec
from aurora_sandbox.serving import PATHS, sandbox_environment, sandbox_of_options, serve_forever

_SPEC: Final = WorldSpec()

app = typer.Typer(add_completion=False)


@app.command()
def sandbox(
    *,
    host: str = "127.0.0.1",
    port: int = 8900,
    world: Annotated[
        Path | None, typer.Option(help="A world file, or an end-of-epoch snapshot; see docs/sandbox.md.")
    ] = None,
    recording: Annotated[Path | None, typer.Option(help="A folder with exchanges.jsonl to replay.")] = None,
    record: Annotated[Path | None, typer.Option(help="A folder to record into.")] = None,
    fault: Annotated[
        list[str] | None, typer.Option(help="A fault, such as rpc:rate_limited:times=2; may be repeated.")
    ] = None,
    seed: int = _SPEC.seed,
    validators: int = _SPEC.validators,
    stakers: int = _SPEC.stakers,
    first_epoch: int = _SPEC.first_epoch,
    epochs: int = _SPEC.epochs,
    slots_per_epoch: int = _SPEC.slots_per_epoch,
) -> None:
    """Serve every provider's wire format on one port."""
    spec = WorldSpec(seed, validators, stakers, first_epoch, epochs, slots_per_epoch)
    server = sandbox_of_options(spec, world=world, recording=recording, record=record, faults=fault or [])
    if recording is not None:
        serving = f"the recording {recording}"
    elif world is not None:
        serving = f"the world {world}"
    else:
        serving = f"a generated world (seed {spec.seed}, epochs from {spec.first_epoch})"
    base = f"http://{host}:{port}"
    console.print(f"Serving {serving} on {base}. Point Aurora at it:\n")
    environment = sandbox_environment({provider: base + path for provider, path in PATHS.items()})
    for name, value in environment.items():
        console.print(f"  export {name}={value}")
    console.print("\nIt runs until Ctrl-C.")
    serve_forever(server, host, port)
