"""Right tests with the harness' own fixtures."""

from harness import accepted, acknowledged, provider_called, queued, sms, status


def test_sent(stack):
    stack.send(sms(body="hello")).expect(accepted(), provider_called(times=1), status("sent"))


def test_finished(stack):
    stack.send(sms(body="hello")).expect(queued(), acknowledged())


def test_pending_while_the_worker_is_held(stack):
    with stack.worker.held():
        flow = stack.send(sms(body="hello"))
        flow.expect(accepted(), queued(), status("pending"))
        flow.expect_none(provider_called())
    flow.expect(provider_called(times=1), status("sent"), acknowledged())
