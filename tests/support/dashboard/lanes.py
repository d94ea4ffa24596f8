"""Are the lanes full?: windows, spans, commits."""

from tests.support.dashboard.look import ORANGE, RED, AnyPanel, quantiles, series


def panels() -> list[AnyPanel]:
    """Give the row's panels in their order."""
    return [
        series(
            "Window in use",
            (
                ("sum by (partition) (rorbridge_window_records{@})", "partition {{partition}}"),
                ("max(rorbridge_window_size{@})", "size"),
            ),
            "Requests of a partition that are being worked on, those parked left out. At the size all the time, with "
            "lag: the lane is full. Add instances up to the number of partitions, or enlarge RORBRIDGE_KAFKA__WINDOW "
            "as far as RORBRIDGE_ROR__MAX_CONCURRENCY lets it work.",
            colors={"size": RED},
            width=6,
        ),
        series(
            "Parked",
            (("sum by (partition) (rorbridge_parked_records{@})", "partition {{partition}}"),),
            "Requests that wait for the ROR. They cost memory, not window. Many while the ROR answers: it takes over a "
            "second, or asks us to hold off.",
            stacked=True,
            width=6,
        ),
        series(
            "Span",
            (("sum by (partition) (rorbridge_span_records{@})", "partition {{partition}}"),),
            "From the lowest request without an answer to the highest one with. A commit has room for 20,000: then "
            "the lane takes no more until its lowest one is answered. Growing: one request waits while the others "
            "pass it.",
            limit=20_000,
            width=6,
        ),
        series(
            "Duration of commits",
            quantiles("rorbridge_commit_seconds"),
            "One Kafka transaction with results and position. Slow: the brokers (replicas of the transaction log, "
            "disks) or the way to them.",
            unit="s",
            width=6,
        ),
        series(
            "Records of a commit",
            (
                (
                    "sum(rate(rorbridge_commit_records_sum{@}[$__rate_interval]))"
                    " / sum(rate(rorbridge_commit_records_count{@}[$__rate_interval]))",
                    "mean",
                ),
                quantiles("rorbridge_commit_records")[-1],
            ),
            "Answers that left together. About 1: a quiet service that answers at once. Many: a busy one, which is "
            "well.",
            width=6,
        ),
        series(
            "Lanes of each instance",
            (("sum by (instance) (rorbridge_lanes{@})", "{{instance}}"),),
            "Partitions that an instance works on; they add up to the partitions of the requests topic. An instance "
            "with none is one too many.",
            stacked=True,
            width=6,
        ),
        series(
            "Lanes that began anew",
            (
                (
                    "sum by (reason) (increase(rorbridge_lane_restarts_total{@}[$__rate_interval]))",
                    "{{reason}}",
                ),
            ),
            "fenced: another process took the partition over, as after a freeze. error: Kafka refused a commit; the "
            "log line `lane-restarts` tells why. A few at a broker's restart are usual.",
            colors={"fenced": ORANGE, "error": RED},
            width=6,
        ),
        series(
            "Offers published",
            (
                ("sum(rate(rorbridge_offers_published_total{@}[$__rate_interval]))", "offers a second"),
                (
                    "sum(rate(rorbridge_offers_published_total{@}[$__rate_interval]))"
                    ' / sum(rate(rorbridge_results_total{@, status="matched"}[$__rate_interval]))',
                    "offers of a match",
                ),
            ),
            "A sudden fall while requests are the same: the ROR shows us less. Was our access profile changed?",
            width=6,
        ),
    ]
