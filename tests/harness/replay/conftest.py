from __future__ import annotations

from pathlib import Path

import pytest
from recorded_runs import record


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The record of a right stack."""
    return record(tmp_path_factory.mktemp("recorded") / "run")
