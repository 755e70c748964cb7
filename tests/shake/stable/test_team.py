"""Right tests that only talk HTTP: they wait for what they want, long enough, and count what is theirs."""


def test_sent_in_the_end(team):
    message, _ = team.send()
    team.until(lambda: team.status(message) == "sent")


def test_called_once_for_its_number(team):
    message, to = team.send()
    team.until(lambda: team.status(message) == "sent")
    assert len(team.calls(to)) == 1


def test_delivered_in_the_end(team):
    message, to = team.send()
    team.report(team.sid(to), "delivered")
    team.until(lambda: team.status(message) == "delivered")


def test_a_reply_is_listed_in_the_end(team):
    team.reply("+15557654322", "a reply that is awaited")
    team.until(lambda: "a reply that is awaited" in [row["body"] for row in team.messages()])


def test_a_bad_number_is_refused(team):
    answer = team.api.post(
        "/api/v1/messages/send", json={"from": "+15550001111", "to": "nobody", "type": "sms", "body": "x"}
    )
    assert answer.status_code == 422
