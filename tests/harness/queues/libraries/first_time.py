"""Fails the first time, for jobs whose name says so: shared by the tasks of all libraries."""

from __future__ import annotations

import os
from pathlib import Path


def work(job: str) -> None:
    """Raises RuntimeError the first time that a job `retry-…` is worked on."""
    if job.startswith("retry-"):
        try:
            Path(os.environ["DONE"], job).touch(exist_ok=False)
        except FileExistsError:
            return
        raise RuntimeError("it fails once")
