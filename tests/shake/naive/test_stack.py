"""Right tests of a stack that is wrong when it is disturbed; which one it is, its profile says."""


def test_sent_once(team):
    message, to = team.send()
    team.until(lambda: team.status(message) == "sent")
    assert len(team.calls(to)) == 1


def test_sent_in_the_end(team):
    message, _ = team.send()
    team.until(lambda: team.status(message) == "sent", seconds=15)
