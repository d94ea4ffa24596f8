"""``rorbridge run``: the service."""

from contextlib import suppress

from rorbridge.bus.app import CrashedError, serve
from rorbridge.cli.loop import run_loop
from rorbridge.cli.options import EXIT_USAGE, Config, fail, settings
from rorbridge.ror.client import RorDirectory
from rorbridge.ror.nomenclature import Nos
from rorbridge.ror.tls import CertificateError
from rorbridge.settings import Settings
from rorbridge.telemetry import logs


def run(config: Config = None) -> None:
    """Answer requests until SIGTERM, which finishes what is in hand first.

    Settings come from the environment: see the README for the list.
    """
    # The only command that needs the SDK of OpenTelemetry, which takes a fifth of a second to read.
    from rorbridge.telemetry.exporting import ExportSettingsError, exporting  # noqa: PLC0415

    found = settings(Settings, config)
    logs.configure(found.log.format, found.log.level)
    try:
        with suppress(KeyboardInterrupt), exporting():
            run_loop(_service(found))
    except (CertificateError, ExportSettingsError) as error:
        fail(str(error), EXIT_USAGE)
    except CrashedError:
        fail("the service could not go on; its log says why", 1)


async def _service(found: Settings) -> None:
    await serve(found, RorDirectory(found.ror), Nos())
