"""Is the ROR slow?: its calls, how long they take and what they cost."""

from tests.support.dashboard.look import BLUE, GREEN, ORANGE, RED, YELLOW, AnyPanel, quantiles, series, timeline, words


def panels() -> list[AnyPanel]:
    """Give the row's panels in their order."""
    return [
        series(
            "Calls by answer",
            (("sum by (code) (rate(rorbridge_ror_calls_total{@}[$__rate_interval]))", "{{code}}"),),
            "HTTP status, or how the call failed. 401 and 403: credentials, certificate or rights. 429: we are "
            "throttled. Names of errors (ClientConnectorError and the like): the network between here and the ROR.",
            unit="reqps",
            stacked=True,
            colors={"200": GREEN, "429": ORANGE, "500": RED, "502": RED, "503": RED, "401": "purple", "403": "purple"},
        ),
        series(
            "Duration of searches",
            quantiles("rorbridge_ror_call_seconds", ', call=~"search|page"'),
            "One HTTP call, body included. Slow here and in the time to an answer: the ROR is slow, tell the ANS. "
            "Slow there alone: requests wait for a turn (RORBRIDGE_ROR__MAX_CONCURRENCY, __MAX_RATE).",
            unit="s",
        ),
        series(
            "95th percentile by kind of call",
            (
                (
                    "histogram_quantile(0.95,"
                    " sum by (le, call) (rate(rorbridge_ror_call_seconds_bucket{@}[$__rate_interval])))",
                    "{{call}}",
                ),
            ),
            "search: a first page; page: a further one; token: the identity provider; check: is the ROR there? A slow "
            "token alone is the identity provider's.",
            unit="s",
        ),
        series(
            "Calls that were throttled or failed",
            (
                (
                    '(sum(rate(rorbridge_ror_calls_total{@, code="429"}[$__rate_interval])) or vector(0))'
                    " / sum(rate(rorbridge_ror_calls_total{@}[$__rate_interval]))",
                    "throttled (429)",
                ),
                (
                    '(sum(rate(rorbridge_ror_calls_total{@, code!~"2..|429|cancelled"}[$__rate_interval]))'
                    " or vector(0)) / sum(rate(rorbridge_ror_calls_total{@}[$__rate_interval]))",
                    "failed",
                ),
            ),
            "Share of all calls. Throttled: set RORBRIDGE_ROR__MAX_RATE below what the ANS allows us, all instances "
            "together. Failed: by answer in the first panel of this row.",
            unit="percentunit",
            colors={"throttled (429)": ORANGE, "failed": RED},
            width=6,
        ),
        series(
            "Where answers of searches come from",
            (("sum by (source) (rate(rorbridge_ror_searches_total{@}[$__rate_interval]))", "{{source}}"),),
            "ror: asked; shared: an equal search was under way; cache: an equal one was answered less than "
            "RORBRIDGE_ROR__CACHE_TTL (__CAPACITY_CACHE_TTL for free beds) ago.",
            unit="reqps",
            stacked=True,
            colors={"ror": BLUE, "shared": YELLOW, "cache": GREEN},
            width=6,
        ),
        series(
            "Calls for an answer",
            (
                (
                    "sum(rate(rorbridge_ror_calls_total{@}[$__rate_interval]))"
                    " / sum(rate(rorbridge_results_total{@}[$__rate_interval]))",
                    "calls for a result",
                ),
            ),
            "What an answer costs the ROR. Over 2 or 3: wide searches of many pages, circles that are widened often, "
            "or retries.",
            width=6,
        ),
        timeline(
            "ROR, as each instance finds it",
            (("rorbridge_circuit_open{@}", "{{instance}}"),),
            "One instance alone that finds the ROR away: its network, its clock or its certificate. All: the ROR.",
            mappings=words(_0=("answers", GREEN), _1=("away", RED)),
            width=6,
        ),
    ]
