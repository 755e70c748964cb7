"""The results as JUnit XML, for whatever reads that: fail is a failure, unknown an error."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent

from harness.results import Result, Results

FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 can't hold."""


def write(path: Path, results: Results) -> None:
    """Writes one suite a check, one case a scenario."""
    root = Element("testsuites", {"name": "messaging-harness", **totals(results.items)})
    for check, items in results.by_check().items():
        suite = SubElement(root, "testsuite", {"name": check, **totals(items)})
        for item in items:
            suite.append(case(item))
    if results.unusable:
        suite = SubElement(root, "testsuite", name="deployment", tests="1", failures="0", errors="1", time="0")
        broken = SubElement(suite, "testcase", classname="deployment", name="the stack can be deployed", time="0")
        SubElement(broken, "error", message=clean(results.unusable))
    indent(root, " ")
    path.parent.mkdir(parents=True, exist_ok=True)
    ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def totals(items: list[Result]) -> dict[str, str]:
    return {
        "tests": str(len(items)),
        "failures": str(sum(item.outcome == "fail" for item in items)),
        "errors": str(sum(item.outcome == "unknown" for item in items)),
        "time": f"{sum(item.elapsed_s for item in items):.3f}",
    }


def case(item: Result) -> Element:
    """One scenario; a pass says what it was shown by."""
    found = Element("testcase", classname=item.check, name=clean(item.scenario), time=f"{item.elapsed_s:.3f}")
    if item.outcome == "pass":
        SubElement(found, "system-out").text = clean(item.reason)
    else:
        tag = "failure" if item.outcome == "fail" else "error"
        SubElement(found, tag, type=item.outcome, message=clean(item.reason)).text = clean(item.story)
    return found


def clean(text: str) -> str:
    return FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
