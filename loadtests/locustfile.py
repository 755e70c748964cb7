"""What `locust -f` loads: the users, tied to the harness, which deploys the stack and judges the run.

`harness load` starts Locust with this file, in one process or in a master and its workers. To change a load, copy this
folder, edit the users, and run `harness load --locustfile PATH`.
"""

from __future__ import annotations

from locust import events
from users import ApiUser, QueueUser, WebhookUser

from harness.load.arriving import as_many_as_asked
from harness.load.generator import begin

__all__ = ["ApiUser", "QueueUser", "WebhookUser"]

as_many_as_asked([ApiUser, QueueUser, WebhookUser])
events.init.add_listener(begin)  # type: ignore[no-untyped-call]  # reason: Locust annotates only a part of itself
