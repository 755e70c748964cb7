"""The one job without any queue, in greenlets."""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()

import gevent  # noqa: E402  # reason: what is imported before the patch stays as it was
import job_sync  # noqa: E402  # reason: as above
from gevent.event import Event  # noqa: E402  # reason: as above
from psycopg import connect  # noqa: E402  # reason: as above

if __name__ == "__main__":
    with connect(job_sync.DATABASE) as connection:
        ids = iter(connection.execute("SELECT id::text FROM messages").fetchall())

    def one_after_another() -> None:
        for (name,) in ids:
            job_sync.do(name)

    gevent.joinall([gevent.spawn(one_after_another) for _ in range(job_sync.IN_HAND)])
    # reason: nothing is waited for: it stays until it is killed, as every worker does
    Event().wait()
