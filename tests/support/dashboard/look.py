"""Panels in one look, with the builders of Grafana's Foundation SDK: what they write is what Grafana's schema takes."""

import re
from typing import Protocol, Self, TypeVar

from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.builders.stat import Panel as StatPanel
from grafana_foundation_sdk.builders.statetimeline import Panel as TimelinePanel
from grafana_foundation_sdk.builders.table import Panel as TablePanel
from grafana_foundation_sdk.builders.timeseries import Panel as SeriesPanel
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common, dashboard
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

SOURCE = dashboard.DataSourceRef(type_val="prometheus", uid="${datasource}")
CHOSEN = 'namespace=~"$namespace", job=~"$job", instance=~"$instance"'
"""The label matchers of the dashboard's variables: ``{@}`` and ``{@, …}`` in a query stand for them."""

GREEN, YELLOW, ORANGE, RED, BLUE, GREY = "green", "yellow", "orange", "red", "blue", "#808080"

Query = tuple[str, str]
"""PromQL, and the legend of what it gives."""
Step = tuple[float | None, str]
"""From which value on, in which colour."""


class _Targeted(Protocol):
    """What every kind of panel has in common."""

    def title(self, title: str) -> Self: ...
    def description(self, description: str) -> Self: ...
    def datasource(self, datasource: dashboard.DataSourceRef) -> Self: ...
    def span(self, w: int) -> Self: ...
    def height(self, h: int) -> Self: ...


P = TypeVar("P", bound=_Targeted)


def query(text: str, legend: str = "", *, instant: bool = False, table: bool = False) -> Dataquery:
    """Make a query of PromQL in which ``@`` stands for the chosen namespaces, jobs and instances."""
    expression = " ".join(re.sub(r"\{@", "{" + CHOSEN, text).split())
    built = Dataquery().expr(expression).datasource(SOURCE).legend_format(legend or "__auto")
    built = built.instant() if instant else built.range()
    return built.format(PromQueryFormat.TABLE if table else PromQueryFormat.TIME_SERIES)


def quantiles(metric: str, labels: str = "") -> tuple[Query, ...]:
    """Ask for the 50th, 95th and 99th percentile of a histogram."""
    rate = f"sum by (le) (rate({metric}_bucket{{@{labels}}}[$__rate_interval]))"
    return tuple((f"histogram_quantile({p / 100:g}, {rate})", f"p{p}") for p in (50, 95, 99))


def thresholds(*steps: Step) -> builders.ThresholdsConfig:
    """Make thresholds; the first step's value is None."""
    found = [dashboard.Threshold(value=value, color=color) for value, color in steps]
    return builders.ThresholdsConfig().mode(dashboard.ThresholdsMode.ABSOLUTE).steps(found)


def words(**values: tuple[str, str]) -> list[dashboard.ValueMapping]:
    """Make a mapping of values to words and colours: ``_0=("away", RED)``."""
    return [
        dashboard.ValueMap({value.removeprefix("_"): dashboard.ValueMappingResult(text=text, color=color)})
        for value, (text, color) in values.items()
    ]


def without_value(text: str, color: str) -> dashboard.ValueMapping:
    """Make the mapping of no value at all; Grafana would give it the colour of the least one, which may be green."""
    result = dashboard.ValueMappingResult(text=text, color=color)
    match = dashboard.SpecialValueMatch.NULL_AND_NAN
    return dashboard.SpecialValueMap(dashboard.DashboardSpecialValueMapOptions(match, result))


def stat(
    title: str,
    text: str,
    advice: str,
    *,
    steps: tuple[Step, ...],
    unit: str = "short",
    mappings: list[dashboard.ValueMapping] | None = None,
    no_value: tuple[str, str] = ("no data", GREY),
    decimals: int | None = None,
    instant: bool = False,
) -> StatPanel:
    """Make a single figure, three columns wide."""
    panel = _placed(StatPanel(), title, advice, 3, 4)
    panel = panel.with_target(query(text, instant=instant)).unit(unit)
    panel = panel.thresholds(thresholds(*steps)).mappings([*(mappings or []), without_value(*no_value)])
    if decimals is not None:
        panel = panel.decimals(decimals)
    graph = common.BigValueGraphMode.NONE if instant or mappings else common.BigValueGraphMode.AREA
    panel = panel.graph_mode(graph).color_mode(common.BigValueColorMode.BACKGROUND)
    return panel.reduce_options(common_builders.ReduceDataOptions().calcs(["lastNotNull"]))


def series(
    title: str,
    queries: tuple[Query, ...],
    advice: str,
    *,
    unit: str = "short",
    width: int = 8,
    stacked: bool = False,
    colors: dict[str, str] | None = None,
    limit: float | None = None,
) -> SeriesPanel:
    """Make lines over time; *limit* draws a line in red."""
    panel = _placed(SeriesPanel(), title, advice, width, 8)
    for text, legend in queries:
        panel = panel.with_target(query(text, legend))
    panel = panel.unit(unit).min(0).line_width(1).fill_opacity(60 if stacked else 10)
    panel = panel.show_points(common.VisibilityMode.NEVER)
    if stacked:
        panel = panel.stacking(common_builders.StackingConfig().mode(common.StackingMode.NORMAL).group("A"))
    if limit is not None:
        panel = panel.thresholds(thresholds((None, "transparent"), (limit, RED)))
        style = common_builders.GraphThresholdsStyleConfig().mode(common.GraphThresholdsStyleMode.DASHED)
        panel = panel.thresholds_style(style)
    for name, color in (colors or {}).items():
        fixed = {"mode": "fixed", "fixedColor": color}
        panel = panel.override_by_name(name, [dashboard.DynamicConfigValue(id_val="color", value=fixed)])
    legend_ = common_builders.VizLegendOptions().display_mode(common.LegendDisplayMode.LIST).show_legend(True)
    panel = panel.legend(legend_.placement(common.LegendPlacement.BOTTOM).calcs([]))
    tooltip = common_builders.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI)
    return panel.tooltip(tooltip.sort(common.SortOrder.DESCENDING))


def timeline(
    title: str, queries: tuple[Query, ...], advice: str, *, mappings: list[dashboard.ValueMapping], width: int = 8
) -> TimelinePanel:
    """Make a band for each series that shows its states in their colours."""
    panel = _placed(TimelinePanel(), title, advice, width, 8)
    for text, legend in queries:
        panel = panel.with_target(query(text, legend))
    panel = panel.mappings(mappings).show_value(common.VisibilityMode.AUTO).row_height(0.8).fill_opacity(80)
    legend_ = common_builders.VizLegendOptions().display_mode(common.LegendDisplayMode.HIDDEN).show_legend(False)
    return panel.legend(legend_.placement(common.LegendPlacement.BOTTOM).calcs([]))


def table(
    title: str, text: str, advice: str, *, columns: dict[str, str], width: int = 8, no_value: str = "no data"
) -> TablePanel:
    """Make a table of the labels of what a query gives now; *columns* are the labels to show and their headings."""
    panel = _placed(TablePanel(), title, advice, width, 8)
    panel = panel.with_target(query(text, instant=True, table=True)).no_value(no_value)
    options = {
        "includeByName": dict.fromkeys(columns, True),
        "indexByName": {name: number for number, name in enumerate(columns)},
        "renameByName": columns,
    }
    return panel.with_transformation(dashboard.DataTransformerConfig(id_val="organize", options=options))


def row(title: str) -> builders.Row:
    """Make the heading of the panels that follow."""
    return builders.Row(title)


def variable(name: str, label: str, values: str, *, everything: str = ".+") -> builders.QueryVariable:
    """Make a variable for one, several or all of the *values* that a Prometheus query of variables gives.

    *everything* is the expression for all of them; one that matches nothing too also takes what has no such label.
    """
    built = builders.QueryVariable(name).label(label).datasource(SOURCE)
    built = built.query({"query": values, "refId": name, "qryType": 1})
    built = built.refresh(dashboard.VariableRefresh.ON_TIME_RANGE_CHANGED).sort(dashboard.VariableSort.ALPHABETICAL_ASC)
    all_ = dashboard.VariableOption(text="All", value="$__all", selected=True)
    return built.multi(True).include_all(True).all_value(everything).current(all_)


def annotation(name: str, text: str, color: str) -> builders.AnnotationQuery:
    """Make marks on all panels where a query gives something."""
    expression = query(text).build().expr
    return builders.AnnotationQuery().name(name).datasource(SOURCE).expr(expression).enable(True).icon_color(color)


def _placed(panel: P, title: str, advice: str, width: int, height: int) -> P:
    return panel.title(title).description(advice).datasource(SOURCE).span(width).height(height)


AnyPanel = Builder[dashboard.Panel]
