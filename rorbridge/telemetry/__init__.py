"""What an operator sees: logs, metrics, traces, health, and what a preflight found.

Others use:

- ``logs``, ``metrics``, ``traces``: what the running service tells.
- ``exporting``: where traces go, as ``OTEL_*`` has it.
- ``health``: ``/livez`` and ``/readyz``.
- ``finding``: a line of ``rorbridge check``.

It must not know what it tells of: no other package of rorbridge, and nothing that was asked or answered.
"""
