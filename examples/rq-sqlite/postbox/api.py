"""The API: stores a mail, puts it on the queue, answers 201."""

from __future__ import annotations

from typing import Any

from flask import Flask, abort, jsonify, request

from postbox import store
from postbox.jobs import enqueue
from postbox.store import State


def create_app() -> Flask:
    """Makes the application, and queues what a crash kept from the queue."""
    store.prepare()
    for number in store.unqueued():
        enqueue(number)  # what it has already had, the worker drops
    app = Flask(__name__)
    app.add_url_rule("/mails", view_func=send, methods=["POST"])
    app.add_url_rule("/mails/<int:number>", view_func=show)
    app.add_url_rule("/up", view_func=up)
    return app


def send() -> tuple[Any, int, dict[str, str]]:
    asked = request.get_json()
    missing = [key for key in ("recipient", "subject", "text") if not asked.get(key)]
    if missing or "@" not in asked["recipient"]:
        return jsonify(error=f"missing or wrong: {', '.join(missing) or 'recipient'}"), 400, {}
    number = store.add(
        recipient=asked["recipient"], subject=asked["subject"], text=asked["text"], html=asked.get("html")
    )
    enqueue(number)
    return jsonify(mail=number), 201, {"Location": f"/mails/{number}"}


def show(number: int) -> Any:
    row = store.find(number)
    if row is None:
        abort(404)
    return jsonify(mail=number, state=State(row["state"]).name.lower(), error=row["error"])


def up() -> Any:
    store.unqueued()
    return jsonify(up=True)
