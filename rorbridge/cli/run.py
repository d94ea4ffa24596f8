"""``rorbridge run``: the service."""

from contextlib import suppress
from typing import TYPE_CHECKING

from rorbridge.cli.exits import Exit
from rorbridge.cli.loop import run_loop
from rorbridge.cli.options import Config, settings
from rorbridge.cli.output import fail

if TYPE_CHECKING:
    from rorbridge.settings import Settings


def run(config: Config = None) -> None:
    """Answer requests until SIGTERM, which finishes what is in hand first.

    docs/settings.md lists the settings; `rorbridge check` tells beforehand whether they are complete and right.

    ```sh
    rorbridge run --config rorbridge.toml
    ```
    """
    from rorbridge.bus.app import CrashedError
    from rorbridge.ror.tls import CertificateError
    from rorbridge.settings import Settings
    from rorbridge.telemetry import logs
    from rorbridge.telemetry.exporting import ExportSettingsError, exporting

    found = settings(Settings, config)
    logs.configure(found.log.format, found.log.level)
    try:
        with suppress(KeyboardInterrupt), exporting():
            run_loop(_service(found))
    except (CertificateError, ExportSettingsError) as error:
        fail(str(error), Exit.USAGE)
    except CrashedError:
        fail("the service could not go on; its log says why", Exit.NO)
    except SystemExit:  # uvicorn's way to say that it cannot start; the port is taken, for one
        fail("the service could not start; its log says why", Exit.NO)


async def _service(found: "Settings") -> None:
    from rorbridge.bus.app import serve
    from rorbridge.ror.client import RorDirectory
    from rorbridge.ror.nomenclature import Nos

    await serve(found, RorDirectory(found.ror), Nos())
