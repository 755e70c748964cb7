"""The same with the harness' own fixtures."""

from harness import sms, status


def test_pending_in_the_flow(stack):
    flow = stack.send(sms(body="hello"))
    assert flow.now.status == "pending"


def test_sent_within_half_a_second(stack):
    stack.send(sms(body="hello")).expect(status("sent"), within=0.5)
