"""The journal: entries are numbered, written in groups, and only then shown and answered for."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mock_providers.errors import JournalError
from mock_providers.journal.condition import Condition
from mock_providers.journal.file import SEGMENT_BYTES, JournalFile
from mock_providers.journal.filter import Filter
from mock_providers.journal.lines import Entry, decode, entry_from, seal
from mock_providers.journal.pairs import ANSWER_WITHIN, backward, forward
from mock_providers.journal.reading import Reader
from mock_providers.journal.store import Key, Retention, Store
from mock_providers.own_files import shown

encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


class Journal:
    """An append-only record with one growing sequence.

    `append` numbers an entry; `committed` waits until it is on disk. All that was appended in one turn
    of the event loop goes to the file in one write. Followers see an entry once it is written,
    never before: what was seen survives a crash. While the file can't be written, `append` and `committed` raise
    JournalError; each new entry tries anew, and the numbers of what couldn't be written are not used again.
    """

    def __init__(
        self,
        path: Path | None = None,
        *,
        fsync: bool = False,
        retention: Retention | None = None,
        segment_bytes: int = SEGMENT_BYTES,
    ) -> None:
        self._fsync = fsync
        self._retention = retention or Retention()
        self._store = Store(self._retention)
        self._seq = 0
        self._at = 0.0
        self._pending: list[tuple[bytes, Key, float]] = []
        self._waiters: list[Callable[[JournalError | None], None]] = []
        self._watches: dict[str | None, set[asyncio.Event]] = {}
        self._failure: JournalError | None = None
        self.when_dropped: list[Callable[[int], None]] = []
        """Told the first sequence number that is kept, whenever older ones were dropped."""
        self.condition = Condition(file=path.name if path is not None else None)
        self._file: JournalFile | None = None
        if path is not None:
            self._file = JournalFile(path, segment_bytes=segment_bytes, condition=self.condition)
            try:
                self._reopen(self._file)
            except OSError as error:
                self._file.close()
                raise JournalError(f"the journal {shown(path)} can't be read: {error.strerror}") from None
            except JournalError:
                self._file.close()
                raise

    @property
    def seq(self) -> int:
        """The sequence number given last."""
        return self._seq

    @property
    def visible(self) -> int:
        """The sequence number of the last entry that is written, and so can be read."""
        return self._seq - len(self._pending)

    @property
    def failure(self) -> JournalError | None:
        """What keeps entries from being written now."""
        return self._failure

    @property
    def store(self) -> Store:
        return self._store

    def append(
        self, kind: str, provider: str | None, account: str | None, call: int | None, data: dict[str, Any]
    ) -> int:
        """Appends an entry and gives its number."""
        return self.append_json(kind, provider, account, call, encode(data)[1:])

    def append_json(self, kind: str, provider: str | None, account: str | None, call: int | None, members: str) -> int:
        """Appends an entry whose members are JSON text already, up to and with the closing brace."""
        if self._failure is not None:
            self._resume()
        self._seq = seq = self._seq + 1
        # the wall clock may step back; the record's own order may not
        self._at = at = max(time.time(), self._at)
        text = (
            f'{{"seq":{seq},"at":{at:.6f},"type":"{kind}",'
            f'"provider":{_quote(provider)},"account":{_quote(account)},"call":{call or seq}'
            f"{',' if len(members) > 1 else ''}{members}"
        )
        if not self._pending:
            # once a group: with Python 3.11 it is a system call
            asyncio.get_running_loop().call_soon(self._commit)
        self._pending.append((text.encode(), (provider, account), at))
        return seq

    def when_committed(self, told: Callable[[JournalError | None], None]) -> None:
        """Calls back when everything appended so far is written, or with what kept it from being."""
        if self._pending:
            self._waiters.append(told)
        else:
            told(None)

    async def committed(self) -> None:
        """Returns when everything appended so far is written; raises JournalError if it can't be."""
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def told(error: JournalError | None) -> None:
            if written.done():
                return  # who waited has gone
            if error is None:
                written.set_result(None)
            else:
                written.set_exception(error)

        self.when_committed(told)
        await written

    def read(self, selection: Filter, *, after: int = 0) -> Iterator[tuple[int, dict[str, Any] | None]]:
        """Entries after a sequence number, oldest first: its number, and the entry if it is selected.

        The ones not selected come as None, so that a reader can pause and keep its place.
        """
        store = self._store
        entries = store.after(after, selection.keys(store.keys()))
        if selection.pairs:
            for seq, entry, other in forward(entries, store.get):
                yield seq, selection.match_any(seq, entry, other)
            return
        for seq, entry in entries:
            yield seq, selection.match_any(seq, entry)

    def read_back(self, selection: Filter, *, before: int) -> Iterator[tuple[int, dict[str, Any] | None]]:
        """Entries before a sequence number, newest first, as `read` gives them."""
        store = self._store
        keys = selection.keys(store.keys())
        if selection.pairs:
            # the answers to the newest of them may be later than `before`
            for seq, entry, other in backward(store.before(before + ANSWER_WITHIN, keys), store.get):
                if seq < before:
                    yield seq, selection.match_any(seq, entry, other)
            return
        for seq, entry in store.before(before, keys):
            yield seq, selection.match_any(seq, entry)

    def answer_to(self, seq: int) -> dict[str, Any] | None:
        """The entry that answers a call or webhook, if it is not far behind it."""
        wanted = b'"call":%d,' % seq
        for number in range(seq + 1, min(seq + ANSWER_WITHIN, self._store.last + 1)):
            entry = self._store.get(number)
            if wanted in entry[:300]:
                decoded: dict[str, Any] = decode(entry)
                if decoded["call"] == seq:
                    return decoded
        return None

    def exchange(self, entry: dict[str, Any]) -> list[dict[str, Any]]:
        """An entry, and the other half of its exchange if there is one."""
        other = self.answer_to(entry["seq"]) if entry["call"] == entry["seq"] else self.entry(entry["call"])
        return [entry] if other is None else [entry, other]

    def entry(self, seq: int) -> dict[str, Any] | None:
        entry = self._store.get(seq)
        return decode(entry) if entry else None

    @contextmanager
    def watch(self, account: str | None) -> Iterator[asyncio.Event]:
        """An event that is set whenever something new can be read, of one account or (None) of any."""
        news = asyncio.Event()
        watches = self._watches.setdefault(account, set())
        watches.add(news)
        try:
            yield news
        finally:
            watches.discard(news)
            if not watches and self._watches.get(account) is watches:
                del self._watches[account]

    def forget(self, provider: str | None, account: str | None) -> int:
        """Forgets an account's entries, or everyone's; the file keeps them, and notes that they are forgotten."""
        self._commit()
        seq = self.append("reset", provider, account, None, {})
        self._commit()
        if self._failure is not None:
            raise self._failure
        self._apply_forget(provider, account)
        return seq

    def wake_all(self) -> None:
        """Wakes every watcher (so that they see the server is closing)."""
        for watches in self._watches.values():
            for news in watches:
                news.set()

    def close(self) -> None:
        self._commit()
        if self._file is not None:
            self._file.close()
            self._file = None

    def _commit(self) -> None:
        pending, self._pending = self._pending, []
        waiters, self._waiters = self._waiters, []
        if pending and self._file is not None:
            try:
                lines = b"".join([seal(entry) for entry, _, _ in pending])
                self._file.append(lines, seq=self._seq, sync=self._fsync)
            except (OSError, JournalError) as error:
                self._failure = _unwritten(self._file.path, error)
                for told in waiters:
                    told(self._failure)
                return
        self._show(pending)
        for told in waiters:
            told(None)

    def _resume(self) -> None:
        """Takes up writing again after it failed; raises JournalError where it still can't be."""
        if self._file is not None:
            try:
                self._file.resume(self._seq)
            except (OSError, JournalError) as error:
                self._failure = _unwritten(self._file.path, error)
                raise self._failure from None
        self._store.skip_to(self._seq + 1)
        self._failure = None

    def _show(self, pending: list[tuple[bytes, Key, float]]) -> None:
        """Makes written entries readable, wakes who waits for them, and drops what is past the retention."""
        touched: set[str | None] = {None}
        for entry, key, at in pending:
            self._store.add(entry, key, at)
            touched.add(key[1])
        if self._watches:
            for account in touched:
                for news in self._watches.get(account, ()):
                    news.set()
        if pending and self._store.trim(pending[-1][2]):
            if self._file is not None:
                self._file.drop_before(self._store.first)
            for forget in self.when_dropped:
                forget(self._store.first)

    def _apply_forget(self, provider: str | None, account: str | None) -> None:
        self._store.forget(None if account is None else (provider, account))

    def _reopen(self, file: JournalFile) -> None:
        """Reads what an earlier server wrote, and readies the file for more."""
        reader = Reader(self.condition)
        late: list[Entry] = []
        resets: list[Entry] = []
        for entry, in_order in file.read(reader):
            if not in_order:
                late.append(entry)
                continue
            self._take(entry)
            if entry.type == "reset":
                resets.append(entry)
        if late:
            kept = [entry_from(raw) for _, raw in self._store.after(0, None)]
            self._store = Store(self._retention)
            for entry in reader.sorted([*kept, *resets], late):
                self._take(entry)
        reader.done(late)
        self._seq = reader.last
        self._store.skip_to(self._seq + 1)
        self._store.trim(time.time())
        self.condition.tell()
        file.begin(self._seq)

    def _take(self, entry: Entry) -> None:
        self._store.skip_to(entry.seq)
        self._at = max(self._at, entry.at)
        self._store.add(entry.raw, (entry.provider, entry.account), entry.at)
        if entry.type == "reset":
            self._apply_forget(entry.provider, entry.account)


def _unwritten(path: Path, error: OSError | JournalError) -> JournalError:
    if isinstance(error, JournalError):
        return error
    failure = JournalError(f"the journal {shown(path)} can't be written: {error.strerror}; free the disk")
    failure.__cause__ = error
    return failure


_quoted: dict[str | None, str] = {}


def _quote(name: str | None) -> str:
    """A provider's or account's name as JSON; there are few, and they come with every entry."""
    quoted = _quoted.get(name)
    if quoted is None:
        if len(_quoted) > 10_000:
            _quoted.clear()
        quoted = _quoted[name] = json.dumps(name)
    return quoted
