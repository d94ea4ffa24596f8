"""Is it well?: the first row, which tells at a glance."""

from tests.support.dashboard.look import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    RED,
    YELLOW,
    AnyPanel,
    quantiles,
    series,
    stat,
    table,
    timeline,
    words,
)


def panels() -> list[AnyPanel]:
    """Give the row's panels in their order."""
    return [
        stat(
            "Instances not ready",
            "sum(1 - rorbridge_ready{@})",
            "Instances that do not answer requests now. The reason stands at their /readyz. Red with no data: no "
            "instance is scraped at all. The state of each one is to be seen below.",
            steps=((None, GREEN), (1, RED)),
            no_value=("no instance", RED),
        ),
        stat(
            "ROR",
            "max(rorbridge_circuit_open{@})",
            "Away: an instance found that the ROR answers not even a simple search. Requests are parked and answered "
            "when it is back, or expire at their deadline; none is lost. /readyz tells what the ROR said: an outage "
            "is the ANS's, a refusal of our certificate, secret or rights is ours.",
            steps=((None, GREEN), (1, RED)),
            mappings=words(_0=("answers", GREEN), _1=("away", RED)),
        ),
        stat(
            "Lag",
            "sum(rorbridge_lag_records{@})",
            "Requests in Kafka that have no answer yet. A few are always in hand. When it grows: is the ROR away or "
            "slow (second row)? Are the lanes full (third row)?",
            steps=((None, GREEN), (1000, YELLOW), (10000, RED)),
        ),
        stat(
            "Answers a second",
            "sum(rate(rorbridge_results_total{@}[$__rate_interval]))",
            "Results of any status. Zero while the lag is not zero is an alert; zero with no lag means that nobody "
            "asks.",
            steps=((None, BLUE),),
            unit="reqps",
            no_value=("none yet", GREY),
        ),
        stat(
            "Failed or expired",
            '(sum(increase(rorbridge_results_total{@, status=~"failed|expired"}[$__range])) or vector(0))'
            " / sum(increase(rorbridge_results_total{@}[$__range])) >= 0",
            "Share of all results in the time shown. Failed: the log line `answered` of the request tells the "
            "problem, and `rorbridge replay --status failed` asks again. Expired: answers come too late for the "
            "senders' deadlines.",
            steps=((None, GREEN), (0.01, YELLOW), (0.05, RED)),
            unit="percentunit",
            no_value=("no results", GREY),
            instant=True,
        ),
        stat(
            "99 of 100 answered within",
            quantiles("rorbridge_resolve_seconds")[-1][0] + " >= 0",  # not NaN, where nothing was answered
            "From a request's arrival to its result: time in Kafka does not count, time parked does. Compare it with "
            "the duration of calls in the second row to see whether it is the ROR that is slow.",
            steps=((None, GREEN), (2, YELLOW), (5, RED)),
            unit="s",
            no_value=("no results", GREY),
        ),
        stat(
            "Dead letters",
            "sum(increase(rorbridge_dead_letters_total{@}[$__range])) or vector(0)",
            "Since the beginning of the time shown; by reason in the fourth row. `rorbridge replay --dry-run` lists "
            "them.",
            steps=((None, GREEN), (1, YELLOW), (100, RED)),
            decimals=0,  # Prometheus extrapolates
            instant=True,
        ),
        stat(
            "Client certificate ends in",
            "min(rorbridge_ror_client_certificate_expiry_days{@})",
            "Renew it in time with IGC-Santé, put the new file in place of the old one: it is read without a restart. "
            "No certificate: this access profile uses a secret.",
            steps=((None, RED), (7, ORANGE), (30, GREEN)),
            unit="d",
            no_value=("no certificate", GREY),
        ),
        table(
            "Alerts",
            'sum by (alertname, severity, alertstate) (ALERTS{alertname=~"Rorbridge.*"})',
            "What fires or is about to. What to do for each of them stands in docs/alerts.md.",
            columns={"alertname": "alert", "severity": "severity", "alertstate": "state"},
            no_value="none",
        ),
        timeline(
            "Readiness of each instance",
            (("rorbridge_ready{@}", "{{instance}}"),),
            "An instance that is not ready while the others are has no partitions (more instances than partitions), "
            "or a lane that does not open: its /readyz tells. All of them at once: Kafka or the ROR.",
            mappings=words(_1=("ready", GREEN), _0=("not ready", RED)),
        ),
        series(
            "Lag by partition",
            (("sum by (partition) (rorbridge_lag_records{@})", "partition {{partition}}"),),
            "Requests without an answer. One partition alone: many requests of the same key, or a lane that is stuck "
            "(see its span and its window). All: more instances up to the number of partitions, then a larger window.",
            stacked=True,
        ),
        series(
            "Results by status",
            (("sum by (status) (rate(rorbridge_results_total{@}[$__rate_interval]))", "{{status}}"),),
            "Many rejected: a sender's requests break the contract, their problem tells where. Many no-match at once: "
            "was our access profile or a nomenclature changed? Failed and expired: see above.",
            unit="reqps",
            width=12,
            stacked=True,
            colors={"matched": GREEN, "no-match": BLUE, "rejected": YELLOW, "failed": RED, "expired": ORANGE},
        ),
        series(
            "Time to an answer",
            quantiles("rorbridge_resolve_seconds"),
            "From a request's arrival to its result, without Kafka. Percentiles far apart: some searches are wide "
            "(large radius, many rounds) or wait for a turn at the ROR. All of them up: the ROR, or this process's "
            "CPU.",
            unit="s",
            width=12,
        ),
    ]
