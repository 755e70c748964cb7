"""Figures for Prometheus, as text: few enough to be put together by hand."""

from __future__ import annotations

import resource
from collections import Counter


class Metrics:
    """What a server has done so far."""

    def __init__(self) -> None:
        self.answers: Counter[tuple[str, str, str]] = Counter()
        self.seconds = 0.0

    def count(self, provider: str, endpoint: str, result: str, seconds: float) -> None:
        self.answers[provider, endpoint, result] += 1
        self.seconds += seconds

    def text(self, *, entries: int, seq: int, size: int, in_flight: int) -> str:
        lines = ["# HELP mock_calls_total Vendor calls by what became of them.", "# TYPE mock_calls_total counter"]
        lines += [
            f'mock_calls_total{{provider="{provider}",endpoint="{endpoint}",result="{result}"}} {count}'
            for (provider, endpoint, result), count in sorted(self.answers.items())
        ]
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        for name, kind, words, value in (
            ("mock_call_seconds_total", "counter", "Seconds from receipt to answer, summed.", self.seconds),
            ("mock_calls_in_flight", "gauge", "Calls received and not yet answered.", in_flight),
            ("mock_journal_seq", "counter", "The last sequence number.", seq),
            ("mock_journal_entries", "gauge", "Entries in memory.", entries),
            ("mock_journal_bytes", "gauge", "Bytes of the entries in memory.", size),
            ("process_peak_memory_bytes", "gauge", "Peak resident memory.", memory),
        ):
            lines += [f"# HELP {name} {words}", f"# TYPE {name} {kind}", f"{name} {value}"]
        return "\n".join(lines) + "\n"
