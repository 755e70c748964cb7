"""One look at a state that moves."""


def test_pending_after_the_send(team):
    message, _ = team.send()
    assert team.status(message) == "pending"


def test_pending_or_sent_after_the_send(team):
    message, _ = team.send()
    assert team.status(message) in ("pending", "sent")


def test_sent_after_the_send(team):
    message, _ = team.send()
    team.messages()
    assert team.status(message) in ("sending", "sent")


def test_the_mock_was_called(team):
    _, to = team.send()
    assert len(team.calls(to)) == 1


def test_the_queue_is_empty_once_it_is_sent(team):
    message, _ = team.send()
    team.until(lambda: team.status(message) == "sent")
    assert team.redis.xlen("message_queue:sms") == 0
