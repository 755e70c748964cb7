"""The results as JUnit XML, for whatever reads that: fail is a failure, unknown and error are errors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from harness.keeping import keep
from harness.results import Result, Results
from harness.visible import visible

FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 can't hold."""


def write(path: Path, results: Results, *, stack: Mapping[str, object]) -> None:
    """Writes one suite a check, one case a scenario; what ended the run early is a case of its own.

    `stack` is what was verified; it and how to judge the record again are each suite's properties.
    """
    about = {**{name: told(value) for name, value in stack.items()}, "replay": f"harness replay {path.parent}"}
    root = Element("testsuites", {"name": "messaging-harness", **totals(results.everything)})
    for check, items in results.by_check().items():
        suite = SubElement(root, "testsuite", {"name": check, **totals(items)})
        suite.append(properties(about))
        for item in items:
            suite.append(case(item))
    if results.interrupted and results.everything:
        ended(root, name="run", case="all scenarios are run", message=f"interrupted {results.interrupted}")
    elif results.unusable and results.everything:
        ended(root, name="run", case="what was found is kept", message=results.unusable)
    elif results.unusable:
        ended(root, name="deployment", case="the stack can be deployed", message=results.unusable)
    indent(root, " ")
    keep(path, tostring(root, encoding="utf-8", xml_declaration=True))


def ended(root: Element, *, name: str, case: str, message: str) -> None:
    suite = SubElement(root, "testsuite", name=name, tests="1", failures="0", errors="1", skipped="0", time="0")
    broken = SubElement(suite, "testcase", classname=name, name=case, time="0")
    SubElement(broken, "error", message=clean(message))
    for total in ("tests", "errors"):
        root.set(total, str(int(root.get(total, "0")) + 1))


def totals(items: list[Result]) -> dict[str, str]:
    return {
        "tests": str(len(items)),
        "failures": str(sum(item.outcome == "fail" for item in items)),
        "errors": str(sum(item.outcome in ("unknown", "error") for item in items)),
        "skipped": str(sum(not item.counts for item in items)),
        "time": f"{sum(item.elapsed_s for item in items):.3f}",
    }


def case(item: Result) -> Element:
    """One scenario; a pass says what it was shown by."""
    found = Element("testcase", classname=item.check, name=clean(item.scenario), time=f"{item.elapsed_s:.3f}")
    if item.file:
        found.set("file", clean(item.file))
        found.set("line", str(item.line))
    found.append(properties({"verdict": item.outcome, "remedy": item.remedy, "note": item.note, "run": item.run}))
    if item.outcome == "pass":
        SubElement(found, "system-out").text = clean(item.reason)
    elif not item.counts:
        SubElement(found, "skipped", type=item.outcome, message=clean(f"{item.outcome}: {item.reason}"))
    else:
        tag = "failure" if item.outcome == "fail" else "error"
        SubElement(found, tag, type=item.outcome, message=clean(item.reason)).text = clean(item.story)
    return found


def properties(table: Mapping[str, str]) -> Element:
    """What else is known, as JUnit has it; what is empty is left out."""
    found = Element("properties")
    for name, value in table.items():
        if value:
            SubElement(found, "property", name=name, value=clean(value))
    return found


def told(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def clean(text: str) -> str:
    return visible(FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text))
