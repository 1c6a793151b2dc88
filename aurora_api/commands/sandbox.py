"""`aurora sandbox`: serve a generated world, a world from a file, or a recording, with faults on demand."""

from pathlib import Path

from aurora_api.commands.console import console
from aurora_resources.errors import ConfigurationError
from aurora_sandbox.server.environment import sandbox_environment
from aurora_sandbox.server.faults import parse_fault
from aurora_sandbox.server.recording import Recording
from aurora_sandbox.server.server import PATHS, sandbox_app, serve_forever
from aurora_sandbox.solana.cast import WorldSpec
from aurora_sandbox.solana.generate import Growth, generate_world
from aurora_sandbox.solana.world_file import load_world


def sandbox(
    host: str,
    port: int,
    world: Path | None,
    recording: Path | None,
    record: Path | None,
    faults: list[str],
    spec: WorldSpec,
) -> None:
    """Serve until interrupted. Raises ConfigurationError for a world, recording or fault that is wrong."""
    if world is not None and recording is not None:
        raise ConfigurationError("give --world or --recording, not both")
    plan = [parse_fault(text) for text in faults]
    if recording is not None:
        app = sandbox_app(Recording.load(recording), faults=plan, record=record)
        serving = f"the recording {recording}"
    elif world is not None:
        app = sandbox_app(load_world(world), faults=plan, record=record)
        serving = f"the world {world}"
    else:
        app = sandbox_app(generate_world(spec), faults=plan, record=record, grow=Growth(spec))
        serving = f"a generated world (seed {spec.seed}, epochs from {spec.first_epoch})"
    base = f"http://{host}:{port}"
    console.print(f"Serving {serving} on {base}. Point Aurora at it:\n")
    environment = sandbox_environment({provider: base + path for provider, path in PATHS.items()})
    for name, value in environment.items():
        console.print(f"  export {name}={value}")
    console.print("\nIt runs until Ctrl-C.")
    serve_forever(app, host, port)
