"""What hangs on a picture message is compared with what was sent."""

from __future__ import annotations

from dataclasses import replace

import pytest
from histories import MESSAGE, right
from judging import PROFILE

from harness.checks import Outcome, worker_processed


@pytest.mark.parametrize(
    ("media", "outcome"),
    [(["https://example.com/a.png"], "pass"), ("https://example.com/a.png", "pass"), ([], "fail"), (None, "fail")],
)
def test_the_media_of_a_picture_message_are_compared(media: object, outcome: Outcome) -> None:
    sent = replace(MESSAGE, type="mms", attachments=("https://example.com/a.png",))
    script = right().change("provider.called", params={"Body": MESSAGE.body, "MediaUrl": media})
    history = script.history
    assert worker_processed(history, script.flow(history), PROFILE, message=sent).outcome == outcome
