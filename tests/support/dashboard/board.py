"""The whole dashboard: its variables, the marks on all panels, and its rows."""

from pathlib import Path

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import DashboardCursorSync

from tests.support.dashboard import lanes, processes, ror, well, withheld
from tests.support.dashboard.look import BLUE, RED, annotation, row, variable

FILE = Path(__file__).parents[3] / "deploy" / "grafana" / "dashboards" / "rorbridge.json"

ROWS = {
    "Is it well?": well.panels,
    "Is the ROR slow?": ror.panels,
    "Are the lanes full?": lanes.panels,
    "What is withheld, and what is lost?": withheld.panels,
    "The processes": processes.panels,
}


BUILD, NAMESPACE, JOB = "rorbridge_build_info", 'namespace=~"$namespace"', 'job=~"$job"'
"""What the variables ask."""


def dashboard() -> str:
    """Give the dashboard as Grafana takes it, in JSON."""
    built = (
        builders.Dashboard("rorbridge")
        .uid("rorbridge")
        .description("Orientation requests answered from the ROR: is it well, and if not, what to do.")
        .tags(["rorbridge", "ror", "kafka"])
        .time("now-3h", "now")
        .refresh("30s")
        .timezone("browser")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .editable()
        .with_variable(builders.DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
        .with_variable(variable("namespace", "Namespace", f"label_values({BUILD}, namespace)", everything=".*"))
        .with_variable(variable("job", "Job", f"label_values({BUILD}{{{NAMESPACE}}}, job)"))
        .with_variable(variable("instance", "Instance", f"label_values({BUILD}{{{NAMESPACE}, {JOB}}}, instance)"))
        .annotation(annotation("ROR away", "max(rorbridge_circuit_open{@}) == 1", RED))
        .annotation(annotation("Instance started", "time() - process_start_time_seconds{@} < 60", BLUE))
    )
    for title, panels in ROWS.items():
        built = built.with_row(row(title))
        for panel in panels():
            built = built.with_panel(panel)
    found = built.build()
    for number, placed in enumerate(found.panels or [], start=1):
        placed.id_val = number  # kept by links to a panel
    return JSONEncoder(indent=2, ensure_ascii=False).encode(found) + "\n"
