"""The processes: CPU, memory, versions."""

from tests.support.dashboard.look import AnyPanel, series, table


def panels() -> list[AnyPanel]:
    """Give the row's panels in their order."""
    return [
        series(
            "CPU",
            (("rate(process_cpu_seconds_total{@}[$__rate_interval])", "{{instance}}"),),
            "Cores in use. A process has one event loop: near 1 it is at its end, and more instances help.",
            width=6,
        ),
        series(
            "Memory",
            (("process_resident_memory_bytes{@}", "{{instance}}"),),
            "Grows with what is parked while the ROR is away and falls when it is back. Growing without end: restart "
            "it, nothing is lost, and tell the maintainers.",
            unit="bytes",
            width=6,
        ),
        series(
            "Open files",
            (("process_open_fds{@} / process_max_fds{@}", "{{instance}}"),),
            "Share of what the process may open; connections count. Near 1: raise its limit.",
            unit="percentunit",
            width=6,
        ),
        table(
            "Versions",
            "sum by (instance, version, delivery) (rorbridge_build_info{@})",
            "Different versions or ways of delivery side by side are well for as long as a rollout takes.",
            columns={"instance": "instance", "version": "version", "delivery": "delivery"},
            width=6,
        ),
    ]
