"""What other tests leave, and what this one needs of them."""

SENT = []


def test_a_first_message(team):
    message, to = team.send()
    team.until(lambda: team.status(message) == "sent")
    SENT.append(to)


def test_its_number_is_in_the_list(team):
    numbers = [row["to"] for row in team.messages()]
    assert SENT
    assert SENT[0] in numbers


def test_one_message_in_the_list(team):
    team.send()
    assert len(team.messages()) == 1


def test_one_call_in_all(team):
    message, _ = team.send()
    team.until(lambda: team.status(message) == "sent")
    assert len(team.calls()) == 1
