"""Mistakes in a profile: each is told in one line that says where it is, what is wrong, and what to write.

`profile_mistakes.txt` has them: a file, and behind `=>` the whole line that a user sees.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import ProfileError
from harness.profile import load

SNAPSHOTS = (Path(__file__).parent / "profile_mistakes.txt").read_text(encoding="utf-8").split("----\n")
MISTAKES = [tuple(one.rstrip("\n").rsplit("\n=> ", 1)) for one in SNAPSHOTS]


@pytest.mark.parametrize(("text", "line"), MISTAKES)
def test_a_mistake_is_told_in_one_line(text: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("p.toml").write_text(f"{text}\n", encoding="utf-8")
    with pytest.raises(ProfileError) as refused:
        load(Path("p.toml"), environ={})
    assert str(refused.value) == line


def test_there_are_many_of_them_and_each_is_one_line_with_its_place() -> None:
    lines = {line for _, line in MISTAKES}
    assert len(lines) >= 40
    assert not [line for line in lines if "\n" in line]
    # only of what isn't there at all is no line told
    assert [line for line in lines if not line.startswith("p.toml:")] == []
