"""A webhook and a look that race."""

import time
import uuid


def test_delivered_a_moment_after_the_report(team):
    message, to = team.send()
    sid = team.sid(to)
    team.beside(team.report, sid, "delivered")
    time.sleep(0.5)  # reason: the naive test is about just this
    assert team.status(message) == "delivered"


def test_a_reply_is_in_the_list_a_moment_later(team):
    words = f"yes please {uuid.uuid4().hex}"
    team.beside(team.reply, "+15557654321", words)
    time.sleep(0.5)  # reason: the naive test is about just this
    assert words in [row["body"] for row in team.messages()]
