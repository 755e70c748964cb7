"""Where allure-pytest writes, with secrets taken out of everything that passes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import allure_commons
import attr
from allure_commons.logger import AllureFileLogger

from harness.keeping import advice
from harness.visible import visible

Redact = Callable[[str], str]
Tell = Callable[[str], None]


class Sink:
    """Stands in front of allure-pytest's file writer."""

    def __init__(self, inner: Any, redact: Redact, tell: Tell) -> None:
        self._inner = inner
        self._redact = redact
        self._tell = tell
        self._failed = False

    @contextlib.contextmanager
    def _kept(self) -> Iterator[None]:
        """What can't be written is told once, and ends no test: the verdict doesn't depend on its picture."""
        try:
            yield
        except OSError as error:
            if not self._failed:
                self._tell(advice(error, "Allure's results couldn't be kept"))
            self._failed = True

    @allure_commons.hookimpl
    def report_result(self, result: Any) -> None:
        with self._kept():
            self._inner.report_result(self._scrubbed(result))

    @allure_commons.hookimpl
    def report_container(self, container: Any) -> None:
        # pytest's own finalizers have no name and no outcome, and would look like trouble in the report
        container.afters = [after for after in container.afters if after.status is not None]
        with self._kept():
            self._inner.report_container(self._scrubbed(container))

    @allure_commons.hookimpl
    def report_globals(self, globals_item: Any) -> None:
        with self._kept():
            self._inner.report_globals(self._scrubbed(globals_item))

    @allure_commons.hookimpl
    def report_attached_data(self, body: str | bytes, file_name: str) -> None:
        if isinstance(body, bytes):
            with contextlib.suppress(UnicodeDecodeError):  # a picture has no text to look at
                body = body.decode("utf-8")
        with self._kept():
            self._inner.report_attached_data(visible(self._redact(body)) if isinstance(body, str) else body, file_name)

    @allure_commons.hookimpl
    def report_attached_file(self, source: str, file_name: str) -> None:
        with self._kept():
            self.report_attached_data(Path(source).read_bytes(), file_name)

    def _scrubbed(self, thing: Any) -> Any:
        """The same result, step or detail, its texts redacted in place."""
        if isinstance(thing, str):
            return visible(self._redact(thing))
        if isinstance(thing, list):
            return [self._scrubbed(one) for one in thing]
        if attr.has(type(thing)):
            for field in attr.fields(type(thing)):
                setattr(thing, field.name, self._scrubbed(getattr(thing, field.name)))
        return thing


def stand_in(redact: Redact, tell: Tell) -> Callable[[], None]:
    """Puts a sink in front of every writer that allure-pytest has registered; returns what undoes it.

    `tell` is given one line where something couldn't be written.
    """
    manager = allure_commons.plugin_manager
    writers = [plugin for plugin in manager.get_plugins() if isinstance(plugin, AllureFileLogger)]
    sinks = [Sink(writer, redact, tell) for writer in writers]
    for writer, sink in zip(writers, sinks, strict=True):
        manager.unregister(writer)
        manager.register(sink)

    def undo() -> None:
        for writer, sink in zip(writers, sinks, strict=True):
            manager.unregister(sink)
            manager.register(writer)  # allure-pytest unregisters what it has registered, and wants it there

    return undo
