"""A webhook and a look that race."""

import time


def test_delivered_a_moment_after_the_report(team):
    message, to = team.send()
    sid = team.sid(to)
    team.beside(team.report, sid, "delivered")
    time.sleep(0.5)  # reason: the naive test is about just this
    assert team.status(message) == "delivered"


def test_a_reply_is_in_the_list_a_moment_later(team):
    team.beside(team.reply, "+15557654321", "yes please")
    time.sleep(0.5)  # reason: the naive test is about just this
    assert "yes please" in [row["body"] for row in team.messages()]
