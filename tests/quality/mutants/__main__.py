"""How many small changes of the verifier's code its fast tests notice: `python -m tests.quality.mutants`.

A seeded sample of what cosmic-ray can change in checks, history, waits and the wire's reading. A survivor is either
listed with its reason in `survivors.toml`, where no test could tell it, or to be killed by a better test.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
LISTED = Path(__file__).parent / "survivors.toml"
LEAST = 0.97

sys.path.append(str(ROOT / "build" / "mutants"))  # where `make mutants` has put cosmic-ray

from tests.quality.mutants.making import Mutant, mutants  # noqa: E402  # reason: after its path is known
from tests.quality.mutants.rooms import modules  # noqa: E402  # reason: the same
from tests.quality.mutants.trying import Tree  # noqa: E402  # reason: the same


def main() -> None:
    """Prints each survivor and the share that was noticed; exit code 1 where that is too small."""
    asked = argparse.ArgumentParser(prog="tests.quality.mutants", description="Are small changes of our code noticed?")
    asked.add_argument("--number", type=int, default=300, help="how many are tried")
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--only", default="", help="a part of the modules' paths")
    options = asked.parse_args()
    rooms = {name: tests for name, tests in modules(ROOT).items() if options.only in name}
    every = sorted(mutant for name in rooms for mutant in mutants(ROOT, name))
    listed = {one["mutant"] for one in tomllib.loads(LISTED.read_text(encoding="utf-8")).get("survivor", ())}
    chosen = sample(every, options.number, options.seed)
    print(
        f"{len(every)} mutants of {len(rooms)} modules; {len(chosen)} of them are tried (seed {options.seed})",
        flush=True,
    )
    survived: list[Mutant] = []
    with tempfile.TemporaryDirectory(prefix="messaging-harness-mutants-") as folder:
        tree = Tree(ROOT, Path(folder) / "tree")
        needed = sorted({test for mutant in chosen for test in rooms[mutant.module]})
        if not tree.passes(needed, keeps=True):
            sys.exit(
                f"the tests fail without any mutant:\n{(tree.at / 'tried.log').read_text(encoding='utf-8')[-2000:]}"
            )
        began = time.monotonic()
        for number, mutant in enumerate(chosen, start=1):
            with tree.holding(mutant):
                if tree.passes(rooms[mutant.module]):
                    survived.append(mutant)
                    mark = "listed" if mutant.name in listed else "SURVIVED"
                    print(
                        f"{mark} [{number}] {mutant.module}:{mutant.line}\n  - {mutant.before}\n  + {mutant.after}",
                        flush=True,
                    )
        seconds = time.monotonic() - began
    unlisted = [mutant for mutant in survived if mutant.name not in listed]
    share = 1 - len(unlisted) / max(len(chosen), 1)
    print(f"{len(chosen) - len(survived)} of {len(chosen)} noticed, {len(survived) - len(unlisted)} listed, "
          f"{len(unlisted)} survived: {share:.1%}, in {seconds:.0f} s")  # fmt: skip
    sys.exit(0 if share >= LEAST else 1)


def sample(every: Iterable[Mutant], number: int, seed: int) -> list[Mutant]:
    """So many mutants, the same for the same seed; those of one module follow each other."""
    known = list(every)
    return sorted(random.Random(seed).sample(known, min(number, len(known))))


if __name__ == "__main__":
    main()
