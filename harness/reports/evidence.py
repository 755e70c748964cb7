"""What a test did and saw, written to its Allure result: steps, verdicts, and each message's timeline."""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import allure

from harness.checks.verdict import Verdict
from harness.history import Event, Flow, History
from harness.history.begun import flows_begun
from harness.reports.http import exchanges
from harness.reports.lanes import Timeline, timeline
from harness.reports.timeline import page, short
from harness.scenario.steps import told_to
from harness.scenario.tracked import TrackedFlow

MOST_MESSAGES = 12
Redact = Callable[[str], str]
TEXT, CSV, HTML = allure.attachment_type.TEXT, allure.attachment_type.CSV, allure.attachment_type.HTML


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One message that a test dealt with."""

    name: str
    flow: Flow


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What a test's outcome rests on: its verdicts, and the events that an expectation named when it failed."""

    verdicts: Sequence[Verdict]
    witnesses: Sequence[Event] = ()

    @property
    def all(self) -> list[Event]:
        return [*self.witnesses, *(event for verdict in self.verdicts for event in verdict.witnesses)]

    @property
    def decisive(self) -> set[int]:
        """The places of the events that made the test fail."""
        bad = (event for verdict in self.verdicts if verdict.outcome != "pass" for event in verdict.witnesses)
        return {event.seq for event in (*self.witnesses, *bad)}


def begin(check: str) -> None:
    """Files the running test under its check."""
    allure.dynamic.feature(check)  # type: ignore[no-untyped-call]  # reason: allure ships no annotations


@contextlib.contextmanager
def steps() -> Iterator[None]:
    """Makes the scenario's steps those of the running test."""
    with told_to(allure.step):
        yield


def attach_verdict(verdict: Verdict) -> None:
    """Adds a verdict to the step that judges."""
    allure.attach(verdict.story(), name=f"verdict: {verdict.name} {verdict.outcome}", attachment_type=TEXT)


def attach_story(text: str) -> None:
    """Adds what the record says of a test that failed by itself."""
    allure.attach(text, name="what the record says", attachment_type=TEXT)


def attach_messages(
    history: History, tracked: Sequence[TrackedFlow], proof: Proof, *, since: int, redact: Redact
) -> None:
    """Adds the messages of a test that began at place `since` of the history, the decisive ones first."""
    decisive = proof.decisive
    subjects = sorted(
        subjects_of(history, tracked, proof, since=since),
        key=lambda subject: not any(event.seq in decisive for event in subject.flow.events),
    )
    for subject in subjects[:MOST_MESSAGES]:
        with allure.step(f"evidence of {subject.name}"):
            attach_message(history, subject.flow, proof, redact=redact)
    if len(subjects) > MOST_MESSAGES:
        names = "\n".join(f"{subject.name} {subject.flow.id or ''}" for subject in subjects[MOST_MESSAGES:])
        more = f"See them with `harness trace ID`:\n{names}\n"
        allure.attach(more, name=f"{len(subjects) - MOST_MESSAGES} more messages", attachment_type=TEXT)
    attach_log(history.events("worker.log", after=since))


def subjects_of(history: History, tracked: Sequence[TrackedFlow], proof: Proof, *, since: int) -> list[Subject]:
    """Every message that first appeared during the test, sent by it or delivered to the stack."""
    names = {flow.key: f"{flow.message.type} {flow.message.token}" for flow in tracked}
    proofs = {event.seq for event in proof.all}
    found: list[Subject] = []
    for flow in flows_begun(history, since):
        keys = {key for one in flow.events for key in one.keys}
        about_message = any(key.startswith(("message:", "token:", "provider:")) for key in keys)
        if about_message or proofs & {one.seq for one in flow.events}:
            own = next((names[key] for key in sorted(keys) if key in names), None)
            found.append(Subject(name=own or other_name(flow), flow=flow))
    return found


def other_name(flow: Flow) -> str:
    """A name for a message that the scenario didn't send through the API."""
    reply = flow.first("callback.sent")
    if reply is not None:
        return f"{reply.data.get('provider')} {reply.data.get('what') or 'callback'} {reply.data.get('message') or ''}"
    asked = flow.first("api.requested")
    return f"{asked.data['method']} {asked.data['path']}" if asked and not flow.id else f"message {flow.id}"


def attach_message(history: History, flow: Flow, proof: Proof, *, redact: Redact) -> None:
    """Adds one message: its timeline, its flow as a table, and what was said over HTTP."""
    own = {event.seq for event in flow.events}
    about = [v for v in proof.verdicts if any(event.seq in own for event in v.witnesses)]
    drawn = timeline(history, flow, witnesses=witnesses_of(proof, about, own), redact=redact)
    allure.attach(page(drawn, verdicts=about, redact=redact), name="timeline", attachment_type=HTML)
    allure.attach(table(drawn), name="flow", attachment_type=CSV)
    spoken = exchanges(flow, start=drawn.rows[0].event.at)
    if spoken:
        allure.attach(spoken, name="provider calls", attachment_type=TEXT)


def witnesses_of(proof: Proof, about: Sequence[Verdict], own: set[int]) -> list[Event]:
    """The witnesses that belong on one message's timeline: its own events, and those that are no message's."""
    named = [event for verdict in about for event in verdict.witnesses]
    return [event for event in (*named, *proof.witnesses) if event.seq in own or not event.keys]


def table(drawn: Timeline) -> str:
    """The rows of a timeline as CSV, which Allure shows as a table."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("ms", "+ms", "event", "said", "witness"))
    for row in drawn.rows:
        witness = "witness" if row.witness else ""
        writer.writerow((f"{row.since_ms:.1f}", short(row.gap_ms), row.event.kind, row.said, witness))
    return out.getvalue()


def attach_log(events: Sequence[Event]) -> None:
    """Adds what the workers said during the test, with times from its first line."""
    if events:
        lines = [f"{(e.at - events[0].at) * 1000:+10.1f} ms  {e.data['process']:<10} {e.data['text']}" for e in events]
        allure.attach("\n".join(lines) + "\n", name="worker log", attachment_type=TEXT)
