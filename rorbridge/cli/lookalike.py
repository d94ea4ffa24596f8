"""``rorbridge lookalike``: the ROR stand-in, for an integrator's first day and own tests."""

import asyncio
import gc
import json
import shlex
import signal
from typing import TYPE_CHECKING, Annotated

import typer

from rorbridge.cli.exits import Exit
from rorbridge.cli.output import fail, write_line
from rorbridge.cli.progress import working
from rorbridge.lookalike.config import Config

if TYPE_CHECKING:
    from rorbridge.lookalike.dataset import Dataset
    from rorbridge.lookalike.server import ServerAddress

_DEFAULTS = Config()


def lookalike(
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65535)] = 0,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    offers: Annotated[int, typer.Option(help="Number of offers to invent.", min=0, max=500_000)] = 2000,
    seed: Annotated[int, typer.Option(help="Same size and seed, same data.")] = 1,
    access_profile: Annotated[
        int | None, typer.Option(help="Access profile of the client, 0 to 5; everything without it.", min=0, max=5)
    ] = None,
    client_id: Annotated[str, typer.Option(help="Client id that the token endpoint knows.")] = _DEFAULTS.client_id,
    client_secret: Annotated[
        str, typer.Option(help="Client secret that the token endpoint knows.")
    ] = _DEFAULTS.client_secret,
    faults: Annotated[bool, typer.Option("--faults", help="Open /_faults, to make things go wrong on demand.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the address as one JSON object.")] = False,
) -> None:
    """Serve an invented ROR until it is interrupted.

    One line on standard output says when it is ready: the environment variables that point rorbridge to it, or with
    `--json` an object with `base_url`, `token_url` and the rest.

    ```sh
    rorbridge lookalike --port 8081
    rorbridge lookalike --port 8081 --offers 500 --access-profile 0
    ```
    """
    from rorbridge.lookalike.dataset import generate

    config = Config(client_id=client_id, client_secret=client_secret, access_profile=access_profile, faults=faults)
    with working(f"Inventing {offers:,} offers"):
        dataset = generate(offers, seed)
    # The data set lives as long as the process: the collector need not walk through it again and again.
    gc.freeze()
    try:
        asyncio.run(_serve(dataset, config, host, port, as_json))
    except OSError as error:
        fail(f"cannot listen on {host}:{port}: {error.strerror or error}", Exit.UNAVAILABLE)


async def _serve(dataset: "Dataset", config: Config, host: str, port: int, as_json: bool) -> None:
    from rorbridge.lookalike.server import serving

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, stop.set)
    async with serving(dataset, config, host, port) as address:
        gc.freeze()
        line = json.dumps(client_settings(address, config)) if as_json else _environment(address, config)
        write_line(line)
        await stop.wait()


def client_settings(address: "ServerAddress", config: Config) -> dict[str, str]:
    """Give what a client needs, by the names of its settings; the header values are those that the ANS documents."""
    return {
        "base_url": address.base_url,
        "token_url": address.token_url,
        "client_id": config.client_id,
        "client_secret": config.client_secret,
        "user_profile_code": "CU20",
        "user_profile_system": "1.2.250.1.213.1.6.1.66",
        "role_code": "AUTOMATE",
        "role_system": "1.2.250.1.213.1.1.4.6",
    }


def _environment(address: "ServerAddress", config: Config) -> str:
    """Give the line that a shell can take after ``export`` or ``env``."""
    settings = client_settings(address, config).items()
    return " ".join(f"RORBRIDGE_ROR__{name.upper()}={shlex.quote(value)}" for name, value in settings)
