"""`aurora sandbox`: serve a generated world, a world from a file, or a recording, with faults on demand.

Returns when it is interrupted. Raises ConfigurationError for a wrong world, recording or fault.
"""

from pathlib import Path
from typing import Annotated, Final

import typer

from aurora_api.commands.console import console
from aurora_resources.errors import ConfigurationError
from aurora_sandbox.server.environment import sandbox_environment
from aurora_sandbox.server.faults import parse_fault
from aurora_sandbox.server.recording import Recording
from aurora_sandbox.server.server import PATHS, sandbox_app, serve_forever
from aurora_sandbox.solana.cast import WorldSpec
from aurora_sandbox.solana.generate import Growth, generate_world
from aurora_sandbox.solana.world_file import load_world

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
    if world is not None and recording is not None:
        raise ConfigurationError("give --world or --recording, not both")
    plan = [parse_fault(text) for text in fault or []]
    if recording is not None:
        server = sandbox_app(Recording.load(recording), faults=plan, record=record)
        serving = f"the recording {recording}"
    elif world is not None:
        server = sandbox_app(load_world(world), faults=plan, record=record)
        serving = f"the world {world}"
    else:
        server = sandbox_app(generate_world(spec), faults=plan, record=record, grow=Growth(spec))
        serving = f"a generated world (seed {spec.seed}, epochs from {spec.first_epoch})"
    base = f"http://{host}:{port}"
    console.print(f"Serving {serving} on {base}. Point Aurora at it:\n")
    environment = sandbox_environment({provider: base + path for provider, path in PATHS.items()})
    for name, value in environment.items():
        console.print(f"  export {name}={value}")
    console.print("\nIt runs until Ctrl-C.")
    serve_forever(server, host, port)
