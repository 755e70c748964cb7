"""What a project's source and files say by their patterns; none of it is run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.discovery import compose, project, sources
from harness.discovery.draft import Draft

EXPRESS = """
import express from 'express';
const app = express();
app.get('/health', (_, response) => response.json({ healthy: true }));
app.post('/sms', async (request, response) => {
  const { to, message } = request.body.sms ?? {};
  response.status(202).location(`/sms/${ref}`).json({ status: 'waiting' });
});
app.get('/sms/:ref', async (request, response) => { response.json({ sms: text }); });
app.listen(process.env.TEXTS_PORT);
const url = process.env.TEXTS_REDIS_URL;
"""
FLASK = """
def create_app():
    app = Flask(__name__)
    app.add_url_rule("/mails", view_func=send, methods=["POST"])
    app.add_url_rule("/mails/<int:number>", view_func=show)
    return app

def send():
    asked = request.get_json()
    missing = [key for key in ("recipient", "subject", "text") if not asked.get(key)]
    return jsonify(mail=1), 201

def show(number):
    return jsonify(mail=number, state=name)
"""
FASTAPI = """
import os
from celery import Celery
app = FastAPI(title="notify")
@app.post("/notify", status_code=202)
def notify(asked: Asked): ...
"""
TASKS = """
import os
app = Celery("notify", broker=os.environ["NOTIFY_BROKER_URL"])
URL = os.environ.get("NOTIFY_DATABASE_URL", "")
SID = os.getenv("NOTIFY_TWILIO_ACCOUNT")
"""
BOMB = "import os, pathlib\npathlib.Path(os.environ['MARK']).touch()\n"


def written(directory: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return directory


def looked(directory: Path) -> Draft:
    draft = Draft()
    project.look(directory, draft, say=lambda _: None)
    return draft


def test_express_with_a_body_within_and_scripts(tmp_path: Path) -> None:
    package = {
        "scripts": {"api": "node src/api.js", "worker": "node w.js"},
        "dependencies": {"express": "5", "twilio": "6"},
    }
    draft = looked(written(tmp_path, {"src/api.js": EXPRESS, "package.json": json.dumps(package)}))
    assert draft.get("send", "path") == "/sms"
    assert draft.get("send", "body") == {"sms": {"to": "{to}", "message": "{body}"}}
    assert draft.get("look", "path") == "/sms/{id}"
    assert draft.get("api", "ready") == "/health"
    assert draft.get("processes", "api", "command") == ["node", "src/api.js"]
    assert draft.get("processes", "worker", "command") == ["node", "w.js"]
    assert draft.get("env", "TEXTS_PORT") == "{port}"
    assert draft.get("env", "TEXTS_REDIS_URL") == "redis://{redis_host}:{redis_port}/0"
    assert draft.guesses["send", "path"].why.startswith("src/api.js:5: POST /sms")


def test_flask_with_a_view_elsewhere(tmp_path: Path) -> None:
    draft = looked(written(tmp_path, {"postbox/api.py": FLASK, "requirements.txt": "flask>=3\ngunicorn\nsendgrid\n"}))
    assert draft.get("send", "body") == {"recipient": "{to}", "subject": "{subject}", "text": "{body}"}
    assert draft.get("look", "path") == "/mails/{id}"
    assert draft.get("look", "status") == "/state"
    assert draft.get("claims", "channels") == ["email"]
    assert draft.get("processes", "api", "command")[-1] == "postbox.api:create_app()"


def test_fastapi_and_celery(tmp_path: Path) -> None:
    files = {
        "app/__init__.py": "",
        "app/api.py": FASTAPI,
        "app/tasks.py": TASKS,
        "requirements.txt": "celery[redis]\nfastapi\n",
    }
    draft = looked(written(tmp_path, files))
    assert draft.get("queue", "kind") == "celery"
    assert draft.get("processes", "worker", "command")[-6:] == [
        "celery",
        "-A",
        "app.tasks",
        "worker",
        "--concurrency",
        "2",
    ]
    assert "app.api:app" in draft.get("processes", "api", "command")
    assert draft.get("env", "NOTIFY_BROKER_URL") == "redis://{redis_host}:{redis_port}/0"
    assert draft.get("env", "NOTIFY_TWILIO_ACCOUNT") == "{twilio_account_sid}"
    assert draft.get("env", "NOTIFY_DATABASE_URL").startswith("postgresql://{postgres_user}")


def test_a_procfile_goes_before_guesses(tmp_path: Path) -> None:
    procfile = (
        "web: gunicorn --bind 0.0.0.0:$PORT app:app\nworker: python worker.py\nrelease: python migrate.py && true\n"
    )
    draft = looked(written(tmp_path, {"Procfile": procfile, "app.py": FASTAPI}))
    assert draft.get("processes", "api", "command") == ["gunicorn", "--bind", "0.0.0.0:{port}", "app:app"]
    assert draft.get("processes", "worker", "command") == ["python", "worker.py"]
    assert draft.get("migrate") == ["sh", "-c", "python migrate.py && true"]


def test_nothing_of_it_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mark = tmp_path / "mark"
    monkeypatch.setenv("MARK", str(mark))
    bombs = dict.fromkeys(("settings.py", "conftest.py", "setup.py", "app/__init__.py", "manage.py", "api.py"), BOMB)
    looked(written(tmp_path / "project", {**bombs, "api.py": FASTAPI + BOMB}))
    assert not mark.exists()


def test_what_was_installed_and_what_is_too_much_isnt_read(tmp_path: Path) -> None:
    files = {f"many/{number}.py": "x = 1\n" for number in range(sources.MOST + 5)}
    skipped = {"node_modules/a/index.js": EXPRESS, ".venv/lib/a.py": FLASK, "big.py": "#" * (sources.LARGEST + 1)}
    found = sources.read(written(tmp_path, {**files, **skipped}))
    assert len(found) == sources.MOST
    assert not [one.name for one in found if one.name in skipped]


def test_files_that_make_no_sense(tmp_path: Path) -> None:
    files = {"package.json": "[" * 9000, "pyproject.toml": "[[[", "Procfile": "\x00", "a.py": "@app.post(" * 2000}
    assert looked(written(tmp_path, files)).get("send", "path") is None


COMPOSE = """
x-common: &common
  restart: always
services:
  api:
    build: .
    command: uvicorn app:app --port 8000  # the API
    environment:
      - APP_DATABASE_URL=postgres://x
      - APP_REDIS_URL
  worker:
    image: "x:y"
    command: ["celery", "-A", 'app', worker]
    environment:
      APP_BROKER_URL: redis://r
    depends_on:
      - redis
  "beat":
    command:
    - celery
    - beat
volumes:
  a: {}
"""


def test_a_compose_file_says_commands_and_settings(tmp_path: Path) -> None:
    draft = looked(written(tmp_path, {"compose.yaml": COMPOSE}))
    assert draft.get("processes", "api", "command") == ["uvicorn", "app:app", "--port", "8000"]
    assert draft.get("processes", "worker", "command") == ["celery", "-A", "app", "worker"]
    assert draft.get("env", "APP_REDIS_URL") == "redis://{redis_host}:{redis_port}/0"
    assert draft.get("env", "APP_BROKER_URL") == "redis://{redis_host}:{redis_port}/0"
    assert draft.guesses["env", "APP_DATABASE_URL"].why == "compose.yaml: api reads APP_DATABASE_URL"
    assert [one.name for one in compose.read(COMPOSE)] == ["api", "worker", "beat"]


@pytest.mark.parametrize(
    "text", ["", "services:", "services:\n\tapi:\n", "- a\n- b", "services:\n- x\n- y: {", "a: [" * 5000]
)
def test_a_compose_file_that_makes_no_sense(text: str) -> None:
    assert [one for one in compose.read(text) if one.command] == []
