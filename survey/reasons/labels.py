"""What people found in the answers, settled: one label an answer, in the reasons of today."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select

from survey.extensions import db
from survey.reasons.models import HumanLabel, Review
from survey.taxonomy.models import Reason
from survey.taxonomy.queries import meaning


@dataclass(frozen=True)
class Label:
    """What people found in one answer. `probability`: with what chance it was drawn into its stream.

    `stream` is audit where any of the reviews was part of the audit sample. `agreed` is True for a single reviewer.
    """

    response_id: int
    codes: frozenset[str]
    stream: str
    probability: float
    reviewers: int
    agreed: bool


@dataclass(frozen=True)
class Opinion:
    """What one person found in one answer, in the reasons of today."""

    response_id: int
    user_id: int
    codes: frozenset[str]
    stream: str
    probability: float


def settled(*conditions: ColumnElement[bool]) -> list[Label]:
    """One label per answer that people reviewed, by response; `conditions` on Review narrow which."""
    by_answer: dict[int, list[Opinion]] = defaultdict(list)
    for opinion in opinions(*conditions):
        by_answer[opinion.response_id].append(opinion)
    return [_settle(found) for _, found in sorted(by_answer.items())]


def opinions(*conditions: ColumnElement[bool]) -> list[Opinion]:
    """Every review that was not skipped, in the reasons of today; those with a reason that was split since are left
    out, because they must be read again."""
    today = meaning()
    labels: dict[int, list[str]] = defaultdict(list)
    query = select(HumanLabel.review_id, Reason.code).join(Reason, Reason.id == HumanLabel.reason_id)
    for review_id, code in db.session.execute(query.join(Review, Review.id == HumanLabel.review_id).where(*conditions)):
        labels[review_id].append(code)
    reviews = db.session.execute(
        select(Review.id, Review.response_id, Review.user_id, Review.stream, Review.probability)
        .where(Review.state == "reviewed", *conditions)
        .order_by(Review.id)
    )
    return [
        Opinion(response_id, user_id, codes, stream, probability)
        for key, response_id, user_id, stream, probability in reviews
        if (codes := as_of_today(labels[key], today)) is not None
    ]


def as_of_today(codes: Iterable[str], today: dict[str, tuple[str, ...] | None]) -> frozenset[str] | None:
    """Codes of any time in the reasons of today; None where one of them was split."""
    found: set[str] = set()
    for code in codes:
        now = today.get(code, (code,))
        if now is None:
            return None
        found.update(now)
    return frozenset(found)


def _settle(found: Sequence[Opinion]) -> Label:
    """What most of them gave; a tie is given by neither."""
    everything = {code for opinion in found for code in opinion.codes}
    most = frozenset(code for code in everything if 2 * sum(code in o.codes for o in found) > len(found))
    audit = [opinion for opinion in found if opinion.stream == "audit"]
    first = (audit or found)[0]
    agreed = all(opinion.codes == found[0].codes for opinion in found)
    return Label(first.response_id, most, first.stream, first.probability, len(found), agreed)
