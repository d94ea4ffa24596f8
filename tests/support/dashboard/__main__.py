"""``make dashboards``: write the dashboard's JSON anew."""

from tests.support.dashboard.board import FILE, dashboard

FILE.write_text(dashboard(), encoding="utf-8")
