"""What the answers of a period say, ready to be estimated from: words as read and checked, and ticks beside them.

Words are weighted in two steps: those who answered for all who left, then those who wrote (and were read) for those who
answered, by what they ticked as well. The chance of being read by people is that of the audit sample.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select

from survey.analyst import Flags, sharing
from survey.analyst.sharing import Evidence, Weights
from survey.extensions import db
from survey.reasons.labels import Label, settled
from survey.reasons.models import ModelVersion, Review
from survey.reasons.usefulness import scores_of
from survey.reasons.versions import serving
from survey.reports.counting import answers
from survey.reports.leavers import Leavers, Ticks, leavers, ticks
from survey.reports.lens import Lens
from survey.responses.models import Response
from survey.taxonomy.models import Reason
from survey.taxonomy.queries import active_reasons, meaning

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Population:
    """Everybody who left in the period, and what is known of them; `ticked` (r, k) and the weights in order of answer.

    `read` (n,): wrote, and the serving model has read it. `labels`: what people found in answers of the audit sample,
    by key of the answer. `taught`: keys of those the serving model learnt from.
    """

    lens: Lens
    reasons: tuple[Reason, ...]
    leavers: Leavers
    ticked: Ticks
    version: ModelVersion | None
    labels: dict[int, Label]
    taught: frozenset[int]
    #: a further characteristic to weight by, such as the quarter
    group: tuple[str, ...] = ()

    @property
    def answered(self) -> Flags:
        return self.leavers.answered

    @property
    def model(self) -> str:
        return self.version.fingerprint if self.version else ""

    @cached_property
    def without_model(self) -> bool:
        """Most of what people found has taught the model: it cannot be corrected by it, and labels alone count."""
        return 2 * len(self.taught) > len(self.labels)

    @cached_property
    def left_out(self) -> Flags:
        """(n,) answers that taught the model, where the others suffice. They were drawn by chance, so leaving them out
        makes nothing lopsided."""
        gone = () if self.without_model else tuple(self.taught)
        return np.isin(self.leavers.answer, np.array(gone, dtype=np.int64))

    @cached_property
    def read(self) -> Flags:
        """(n,) answers whose words take part in the estimates."""
        known = np.array([bool(blob) for blob in self.leavers.scores], dtype=np.bool_)
        return self.leavers.wrote & known & ~self.left_out

    @property
    def unread(self) -> int:
        """Answers with words that the serving model has not read, or could not."""
        return int((self.leavers.wrote & ~self.read & ~self.left_out).sum())

    @cached_property
    def characteristics(self) -> dict[str, list[str]]:
        """What weights go by, of all who left: (n,) words each."""
        who = self.leavers
        found = {
            "segment": who.segment.astype(str).tolist(),
            "branch": who.branch.astype(str).tolist(),
            "channel": who.channel.astype(str).tolist(),
            "tenure": sharing.bands(who.tenure, 4),
            "value": sharing.bands(who.value, 4),
        }
        return found | {"group": list(self.group)} if self.group else found

    @cached_property
    def weights(self) -> Weights:
        """How many departures each answer stands for."""
        return sharing.weigh(self.characteristics, self.answered)

    @cached_property
    def written_weights(self) -> Weights:
        """The same of each answer that was read."""
        among = np.flatnonzero(self.answered)
        main = np.where(self.ticked.main.any(axis=1), self.ticked.main.argmax(axis=1), -1)
        known = {name: [values[row] for row in among] for name, values in self.characteristics.items()}
        known["ticked"] = main.astype(str).tolist()
        return sharing.weigh(known, self.read[among], base=self.weights.each)

    @cached_property
    def ticks(self) -> Evidence:
        """(r, k) the main reasons ticked."""
        return sharing.ticked_evidence(self.ticked.main, self.weights.each)

    @cached_property
    def words(self) -> Evidence | None:
        """What was written, read by the model and corrected by people; None where nobody wrote or nobody read."""
        keys = self.leavers.answer[self.read]
        place = {key: row for row, key in enumerate(keys.tolist())}
        checked = [label for key, label in self.labels.items() if key in place]
        if not checked:
            return None
        truth = np.array([[reason.code in label.codes for reason in self.reasons] for label in checked])
        chance = [label.probability for label in checked]
        return sharing.evidence(
            self.scores, [place[label.response_id] for label in checked], truth, self.written_weights.each,
            chance if len(set(chance)) > 1 else None,
        )  # fmt: skip

    @cached_property
    def scores(self) -> Numbers:
        """(r, k) what the serving model says of each answer that was read; 0 for a reason it does not know."""
        stored = self.leavers.scores[self.read]
        found = np.zeros((len(stored), len(self.reasons)))
        if self.version is None or self.without_model or not len(stored):
            return found
        own, today = scores_of(list(stored), len(self.version.reason_codes)), meaning()
        column = {reason.code: k for k, reason in enumerate(self.reasons)}
        for place, code in enumerate(self.version.reason_codes):
            for now in today.get(code) or ():
                if now in column:
                    found[:, column[now]] = np.maximum(found[:, column[now]], own[:, place])
        return found

    @property
    def both_ticked(self) -> Flags:
        """(r, k) everything ticked in the answers that were read."""
        return self.ticked.any[self.read[self.answered]]


def population(lens: Lens) -> Population:
    """Ask the database; six questions, however many left."""
    who, reasons, version = leavers(lens), tuple(active_reasons()), serving()
    keys = who.answer[who.answered]
    theirs = Review.response_id.in_(answers(lens, Response.id))
    labels = {label.response_id: label for label in settled(theirs) if label.stream == "audit"}
    taught = _taught(version, labels, lens)
    return Population(lens, reasons, who, ticks(lens, keys, reasons), version, labels, taught)


def _taught(version: ModelVersion | None, labels: dict[int, Label], lens: Lens) -> frozenset[int]:
    """The answers that people had read when this version was trained."""
    if version is None or version.origin != "trained":
        return frozenset()
    first: dict[int, datetime] = {
        key: moment
        for key, moment in db.session.execute(
            select(Review.response_id, func.min(Review.created_at))
            .where(Review.state == "reviewed", Review.response_id.in_(answers(lens, Response.id)))
            .group_by(Review.response_id)
        )
    }
    return frozenset(key for key in labels if first[key] < version.created_at)
