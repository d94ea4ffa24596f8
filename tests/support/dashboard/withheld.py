"""What is withheld, and what is lost?: redactions, dead letters, what could not be read."""

from tests.support.dashboard.look import BLUE, RED, YELLOW, AnyPanel, series


def panels() -> list[AnyPanel]:
    """Give the row's panels in their order."""
    return [
        series(
            "Held back from readers, by rule",
            (("sum by (rule) (rate(rorbridge_redactions_total{@}[$__rate_interval]))", "{{rule}}"),),
            "What the audience may not see, a second: RORBRIDGE_AUDIENCE__MAX_CONFIDENTIALITY and __SENSITIVE_UNITS "
            "decide. None at all where there were some: was the audience widened on purpose? Ask the data-protection "
            "officer.",
            stacked=True,
        ),
        series(
            "Dead letters by reason",
            (("sum by (reason) (increase(rorbridge_dead_letters_total{@}[$__rate_interval]))", "{{reason}}"),),
            "not-an-event and unreadable: what somebody put on the topic is no request. rejected: a request that "
            "breaks the contract; tell its sender. failed: the ROR could not answer; `rorbridge replay --status "
            "failed` asks again.",
            stacked=True,
            colors={"failed": RED, "rejected": YELLOW, "not-an-event": BLUE, "unreadable": "purple"},
        ),
        series(
            "Entries of the ROR that could not be read",
            (("sum(rate(rorbridge_ror_broken_entries_total{@}[$__rate_interval]))", "entries a second"),),
            "Each is an offer, place or person less in our answers; the log line `answered` counts them as `broken`. "
            "Many, and lasting: the ROR changed what it sends. Tell the maintainers of rorbridge.",
            colors={"entries a second": RED},
        ),
    ]
