"""A project that is somebody else's."""

from __future__ import annotations

from pathlib import Path

import pytest
from plugin_support import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "theirs")
