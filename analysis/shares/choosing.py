"""Which estimator a reason gets, by how often people found it."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.shares.reviewed import Reviewed, effective_size

Method = Literal["difference", "post_stratified", "labels", "too_few"]

#: Positives among the reviewed from which the difference estimator holds: 15 found is what 20 expected may come to by
#: chance, and asking for 20 found would leave half of those out. Then those from which a correction holds in a uniform
#: audit, and where answers were drawn for what the model says of them.
MANY, SOME, SOME_DRAWN = 15, 5, 3
#: fewer effective answers than this say nothing of a reason that was hardly found
FEWEST = 30


def choose(reviewed: Reviewed) -> NDArray[np.object_]:
    """(k,) the method for each reason.

    - difference: 15 positives or more; where inclusion was unequal, 3 or more, because there labels alone covered .99
      to 1.00 in two to four times the width: those drawn most often are those that have the reason;
    - post_stratified: 5 to 14, uniform audit;
    - labels: fewer, of 30 effective answers or more;
    - too_few: fewer still. The interval is honest even then, but says next to nothing.

    Positives are those people found, times what weights for non-response (or value) leave of them: 20 found where half
    of the answers count for next to nothing are 10. A reason in nearly every answer is judged by those without it.
    """
    m = len(reviewed.at)
    found = np.minimum(reviewed.positives, m - reviewed.positives) * _part(reviewed)
    scarce = "labels" if reviewed.effective >= FEWEST else "too_few"
    if not reviewed.is_uniform:
        return np.where(found >= SOME_DRAWN, "difference", scarce).astype(np.object_)
    return np.where(found >= MANY, "difference", np.where(found >= SOME, "post_stratified", scarce)).astype(np.object_)


def _part(reviewed: Reviewed) -> float:
    """What the unequal weights of respondents leave of the reviewed answers (Kish), 0 to 1."""
    m = len(reviewed.at)
    return effective_size(reviewed.weights[reviewed.at]) / m if m else 0.0
