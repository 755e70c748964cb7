"""Waits by the clock."""

import time


def test_sent_after_a_sleep(team):
    message, _ = team.send()
    time.sleep(0.5)  # reason: the naive test is about just this
    assert team.status(message) == "sent"


def test_the_mock_was_called_after_a_sleep(team):
    _, to = team.send()
    time.sleep(0.4)  # reason: the naive test is about just this
    assert len(team.calls(to)) == 1


def test_sent_within_a_short_deadline(team):
    message, _ = team.send()
    team.until(lambda: team.status(message) == "sent", seconds=0.6)


def test_sent_at_one_of_five_looks(team):
    message, _ = team.send()
    looks = []
    for _ in range(5):
        looks.append(team.status(message))
        time.sleep(0.1)  # reason: the naive test is about just this
    assert "sent" in looks
