"""All right variations, by name."""

from __future__ import annotations

from tests.quality.right.of_attached import ATTACHED
from tests.quality.right.of_filed import FILED
from tests.quality.right.of_finishing import FINISHING
from tests.quality.right.of_naming import NAMING
from tests.quality.right.of_observing import OBSERVING
from tests.quality.right.of_placed import PLACED
from tests.quality.right.of_plain import PLAIN
from tests.quality.right.of_publishing import PUBLISHING
from tests.quality.right.of_small import SMALL
from tests.quality.right.of_working import PROCESSES, WORKING
from tests.quality.right.variation import Variation

VARIATIONS: dict[str, Variation] = {
    one.name: one
    for one in (
        *(*FINISHING, *PUBLISHING, *WORKING, *PROCESSES, *OBSERVING, *ATTACHED, *NAMING),
        *(*SMALL, *FILED, *PLACED, *PLAIN),
    )
}
