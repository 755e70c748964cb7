"""The backlog as a tab of Locust's own page."""

from __future__ import annotations

import json
from typing import Any

from flask import Response, render_template, request

TAB = "backlog"
ROWS = 120
COLUMNS = {
    "at": "Second",
    "length": "Length",
    "lag": "Lag",
    "pending": "Pending",
    "oldest_s": "Oldest, s",
    "sent": "Sent",
    "outstanding": "Outstanding",
}


def extend(environment: Any, generator: Any) -> None:
    """Adds the tab; the newest sample stands first."""
    app = environment.web_ui.app
    tabs = {
        "extended_tabs": [{"title": "Backlog", "key": TAB}],
        "extended_tables": [
            {"key": TAB, "structure": [{"key": key, "title": title} for key, title in COLUMNS.items()]}
        ],
    }

    def with_tab() -> Any:
        if request.path != "/":
            return None
        environment.web_ui.update_template_args()
        return render_template("index.html", template_args={**environment.web_ui.template_args, **tabs})

    def with_rows(response: Response) -> Response:
        if request.path == "/stats/requests" and response.is_json:
            newest = generator.backlog[-ROWS:][::-1]
            # the page sorts by name, as text
            rows = [{"name": f"{place:04}", "safeName": f"{place:04}", **row} for place, row in enumerate(newest)]
            stats = [{"key": TAB, "data": rows}]
            response.set_data(json.dumps({**(response.json or {}), "extended_stats": stats}))
        return response

    app.before_request(with_tab)
    app.after_request(with_rows)
