"""The Grafana dashboard: its rows of panels, what they ask Prometheus, and what they tell an operator to do.

``make dashboards`` writes it to ``deploy/grafana/dashboards/rorbridge.json``.
"""
