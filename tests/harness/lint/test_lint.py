"""The rules, each both ways: what stands in the docs as wrong is found, and what stands there as right is not."""

# ruff: noqa: E501  # reason: each example is a line

from __future__ import annotations

import ast
import inspect
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import harness
from harness.commands.cli import app
from harness.commands.guard import guarded
from harness.errors import UsageError
from harness.lint.linting import RULES, files_of, findings_in, mended
from harness.scenario.stack import Stack
from harness.scenario.tracked import TrackedFlow

PAGE = Path("docs/lint.md").read_text(encoding="utf-8")
PARTS = {part[:5]: part for part in re.split(r"\n### ", PAGE)[1:]}
NAIVE = (
    "import time\n\ndef test_sent(client):\n    client.post('/send')\n    time.sleep(2)\n    assert client.get('/1')\n"
)


def command(*words: str) -> int:
    return guarded(lambda: app.main(list(words), prog_name="harness", standalone_mode=False))


def example(code: str, which: str) -> str:
    found = re.search(rf'```python title="{which}/test_{code.lower()}.py"\n(.*?)```', PARTS[code], re.DOTALL)
    assert found, f"docs/lint.md has no {which} example of {code}"
    return found[1]


def codes(text: str) -> list[str]:
    return [one.code for one in findings_in(text)]


def test_there_are_enough_rules_and_each_is_told() -> None:
    assert len(RULES) >= 15
    assert len({rule.code for rule in RULES}) == len({rule.name for rule in RULES}) == len(RULES)
    assert list(PARTS) == [rule.code for rule in RULES]
    for rule in RULES:
        assert PARTS[rule.code].startswith(f"{rule.code} {rule.name}\n\n{rule.what} {rule.remedy}")


def test_what_is_advised_is_there() -> None:
    """A remedy that names what no stack and no flow has is worse than none."""
    has = {
        "stack": {*dir(Stack), *re.findall(r"self\.(\w+) =", inspect.getsource(Stack.__init__))},
        "flow": {*dir(TrackedFlow)},
    }
    named = [*re.findall(r"\b(stack|flow)\.(\w+)", PAGE), *re.findall(r"\b(stack|flow)\.(\w+)", repr(RULES))]
    assert len(named) > 10
    assert [f"{owner}.{name}" for owner, name in named if name not in has[owner]] == []
    made = {name for text in re.findall(r"stack\.send\((\w+)\(", PAGE) for name in [text]}
    assert made <= {*harness.__all__}


@pytest.mark.parametrize("code", [rule.code for rule in RULES])
def test_what_is_wrong_is_found_and_what_is_right_is_not(code: str) -> None:
    assert code in codes(example(code, "wrong"))
    assert codes(example(code, "right")) == []


WRONG = {
    "from time import sleep\n\ndef test_it(look):\n    sleep(1)\n    assert look()\n": "MH101",
    "from asyncio import sleep as nap\n\nasync def test_it(look):\n    await nap(0.5)\n    assert look()\n": "MH101",
    "import time\n\nclass TestIt:\n    def test_it(self):\n        time.sleep(1)\n        self.assertEqual(1, 1)\n": "MH101",
    "import time\nimport pytest\n\ndef test_it(look):\n    time.sleep(1)\n    with pytest.raises(ValueError):\n        look()\n"
    "    assert look\n": "MH101",
    "import time\n\ndef test_it(row):\n    for _ in range(50):\n        if row():\n            break\n        time.sleep(0.1)\n": "MH102",
    "import datetime\n\ndef test_it(run):\n    began = datetime.datetime.now()\n    run()\n    assert run() != "
    "datetime.datetime.now() - began\n": "MH104",
    "import time\n\ndef test_it(run):\n    began = time.perf_counter()\n    run()\n    took = time.perf_counter() - began\n"
    "    assert took <= 2\n": "MH105",
    "import threading\n\ndef test_it(run):\n    done = threading.Event()\n    run(done)\n    assert done.wait(0.5)\n": "MH106",
    "def test_it(queue, db):\n    queue.enqueue('send', 1)\n    row = db.get(1)\n    assert row.status == 'sent'\n": "MH201",
    "async def test_it(client, db):\n    await client.post('/api/v1/messages/send', json={})\n    row = await db.one()\n"
    "    assert row['state'] in ('queued', 'pending')\n": "MH201",
    "def test_it(task, redis):\n    task.delay(1)\n    assert redis.llen('messages') == 1\n": "MH202",
    "def test_it(task, sms):\n    task.apply_async()\n    sms.assert_called_once_with('x')\n": "MH203",
    "import queue\n\ndef test_it(run):\n    got = queue.Queue()\n    run(got)\n    assert got.get()\n": "MH302",
    "import threading\n\ndef test_it(run):\n    threading.Thread(target=run).start()\n    assert run\n": "MH303",
    "def test_it(db):\n    db.execute('DELETE FROM messages')\n": "MH304",
    "from flaky import flaky\n\n@flaky\ndef test_it():\n    assert True\n": "MH401",
    "def test_it(look):\n    while True:\n        try:\n            assert look()\n            return\n        except Exception:\n"
    "            pass\n": "MH402",
}
RIGHT = [
    "import time\n\ndef test_it(run):\n    time.sleep(0)\n    assert run()\n",
    "import time\n\ndef helper():\n    time.sleep(1)\n\ndef test_it():\n    assert True\n",
    "import time\n\ndef test_it(run):\n    assert run()\n    time.sleep(1)\n",
    "import time\n\ndef test_it(run):\n    time.sleep(1)  # reason: the kernel tells nobody\n    assert run()\n",
    "import time\n\ndef test_it(run):\n    # reason: the kernel tells nobody\n    time.sleep(1)\n    assert run()\n",
    "import time\n\ndef test_it(run):\n    time.sleep(1)  # noqa: MH101\n    assert run()\n",
    "def test_it(clock, run):\n    clock.sleep(5)\n    assert run()\n",
    "def test_it(client):\n    answer = client.post('/messages', json={})\n    assert answer.json()['status'] == 'pending'\n",
    "def test_it(client):\n    assert client.post('/messages', json={}).json()['status'] == 'pending'\n",
    "def test_it(client):\n    assert client.get('/health').json()['status'] == 'running'\n",
    "def test_it(client):\n    answer = client.post('/messages', json={})\n    assert answer.status_code == 202\n",
    "def test_it(client, wait_for):\n    client.post('/messages')\n    row = wait_for('sent')\n    assert row['status'] == 'sent'\n",
    "def test_it(queue, sms, worker):\n    queue.enqueue(1)\n    worker.work(burst=True)\n    sms.assert_called_once()\n",
    "def test_it(make, sms):\n    queue = make(is_async=False)\n    queue.enqueue(1)\n    sms.assert_called_once()\n",
    "def test_it(task):\n    task.delay(1)\n    task.delay.assert_called_once_with(1)\n",
    "import asyncio\nimport pytest\n\nasync def test_it(event):\n    with pytest.raises(asyncio.TimeoutError):\n"
    "        await asyncio.wait_for(event.wait(), 0.05)\n",
    "import threading\n\ndef test_it():\n    done = threading.Event()\n    assert not done.wait(0.05)\n",
    "import time\n\ndef test_it(run):\n    began = time.monotonic()\n    run()\n    assert time.monotonic() - began >= 1\n",
    "import pytest\n\n@pytest.mark.flaky(reruns=0)\ndef test_it():\n    assert True\n",
    "def test_it(db):\n    db.execute('DELETE FROM messages WHERE id = 1')\n",
    "def test_it(look):\n    for one in look():\n        try:\n            assert one\n        except AssertionError:\n            raise\n",
]


@pytest.mark.parametrize("text", list(WRONG), ids=lambda text: WRONG[text])
def test_others_of_the_kind_are_found(text: str) -> None:
    ast.parse(text)
    assert WRONG[text] in codes(text)


@pytest.mark.parametrize("text", RIGHT, ids=range(len(RIGHT)))
def test_what_only_looks_so_is_not(text: str) -> None:
    ast.parse(text)
    assert codes(text) == []


def test_a_fix_leaves_what_is_right_and_changes_nothing_else() -> None:
    for rule in RULES:
        text = example(rule.code, "wrong")
        new, done = mended(text, findings_in(text))
        assert bool(done) == ("`--fix` mends it" in PARTS[rule.code]), rule.code
        if done:
            ast.parse(new)
            assert rule.code not in codes(new)
            assert len(new.splitlines()) == len(text.splitlines())
    umlauts = "from concurrent.futures import as_completed\n\ndef test_é(fs):\n    assert [f.r for f in as_completed(fs)] == ['ä', 'b']  # ü\n"
    new, done = mended(umlauts, findings_in(umlauts))
    assert (done, new.endswith("== sorted(['ä', 'b'])  # ü\n")) == (1, True)


def test_the_command_tells_places_and_remedies(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "test_naive.py").write_text(NAIVE, encoding="utf-8")
    (tmp_path / "helper.py").write_text(NAIVE, encoding="utf-8")
    (tmp_path / "test_broken.py").write_text("def test(:\n", encoding="utf-8")
    assert command("lint", str(tmp_path)) == 1
    said = capsys.readouterr()
    assert f"{tmp_path / 'test_naive.py'}:5:5: MH101 a fixed sleep" in said.out
    assert "1 found in 1 files; 1 can't be read" in said.out
    assert "test_broken.py:1" in said.err
    assert command("lint", str(tmp_path / "test_naive.py"), "--select", "MH2") == 0
    assert command("lint", str(tmp_path), "--format", "github") == 1
    assert "::warning file=" in capsys.readouterr().out
    assert command("lint", str(tmp_path), "--format", "json") == 1
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["code"], row["line"], row["fixable"]) == ("MH101", 5, False)
    assert command("lint", "--rules") == 0
    assert len(capsys.readouterr().out.splitlines()) == len(RULES)


@pytest.mark.parametrize("words", [["nowhere"], ["--select", "MH999"]])
def test_a_mistake_is_told_in_a_line(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert command("lint", *words) == 3
    said = capsys.readouterr()
    assert len((said.out + said.err).strip().splitlines()) == 1


@pytest.mark.parametrize("text", ["\0", "def", "(" * 5000, "x = " + "-" * 100_000 + "1", "'" * 7])
def test_what_is_no_python_is_told(text: str) -> None:
    with pytest.raises(UsageError, match="no Python"):
        findings_in(text)


def test_no_file_is_looked_for_where_others_keep_theirs(tmp_path: Path) -> None:
    for place in (".venv/lib", "node_modules", "tests"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "test_it.py").touch()
    assert list(files_of([tmp_path])) == [tmp_path / "tests" / "test_it.py"]


def test_flake8_gets_the_same_by_its_entry_point() -> None:
    from importlib.metadata import entry_points

    (found,) = [one for one in entry_points(group="flake8.extension") if one.value.startswith("harness.lint")]
    plugin = found.load()
    rows = list(plugin(ast.parse(NAIVE), NAIVE.splitlines(keepends=True)).run())
    assert [(line, column, text[:5]) for line, column, text, _ in rows] == [(5, 4, "MH101")]


def test_pytest_warns_where_it_is_asked_to(tmp_path: Path) -> None:
    (tmp_path / "test_naive.py").write_text(
        "import time\n\ndef test_it():\n    time.sleep(0.01)\n    assert True\n\ndef test_other():\n    assert True\n"
    )

    def said(*words: str) -> str:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words, "test_naive.py"]
        done = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True)
        return done.stdout + done.stderr

    assert "MH101" not in said()
    told = said("--harness-lint")
    assert "2 passed, 1 warning" in told
    assert "test_naive.py:4: TimingWarning: MH101 a fixed sleep" in told
    assert "1 passed, 1 error" in said("--harness-lint", "-W", "error::harness.plugin.linting.TimingWarning")
