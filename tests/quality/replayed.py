"""`python -m tests.quality.replayed [FOLDER]`: each record below a folder, judged again; exit code 1 where one differs.

`make quality` leaves a record for each defect in `build/quality`, and the right stack's beside them.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

from rich.progress import track

from harness.errors import UsageError
from harness.record.opening import HISTORY, VERDICTS, parts_of
from harness.replay.judging import Wanted, replay


def main() -> None:
    asked = argparse.ArgumentParser(prog="tests.quality.replayed", description="Recorded runs, judged again.")
    asked.add_argument("folder", type=Path, nargs="?", default=Path("build/quality"))
    options = asked.parse_args()
    places = sorted(one.parent for one in options.folder.rglob(HISTORY) if one.with_name(VERDICTS).is_file())
    wrong: list[str] = []
    counted: Counter[str] = Counter()
    for place in track(places, description="records", transient=True):
        try:
            found = replay(parts_of(place), Wanted())
        except UsageError as error:
            wrong.append(f"{place}: {error}")
            continue
        counted.update(line.outcome for line in found.lines)
        wrong += [f"{place}: {line.check}, {line.scenario}" for line in found.lines if line.differs or line.now is None]
    for line in wrong:
        print(line)
    told = ", ".join(f"{number} {outcome}" for outcome, number in counted.most_common())
    print(f"{len(places)} records, {counted.total()} verdicts ({told}) judged again; {len(wrong)} not the same")
    sys.exit(1 if wrong or not places else 0)


if __name__ == "__main__":
    main()
