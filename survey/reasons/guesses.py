"""What the serving model reads in answers, with what spoke for it, as pages show it. Loads no text model."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select

from survey.extensions import db
from survey.reasons.explaining import Spoken, unpack
from survey.reasons.models import Classification, ClassifiedReason, Reading, ServingModel
from survey.taxonomy.models import Reason
from survey.taxonomy.queries import as_counted


@dataclass(frozen=True)
class GuessedReason:
    """A reason that the model gives. `spoken` is None once the words are erased."""

    reason: Reason
    probability: float
    spoken: Spoken | None


@dataclass(frozen=True)
class Guess:
    """What the model makes of one answer. `state`: given, unsure, no_words or failed."""

    state: str
    reasons: tuple[GuessedReason, ...] = ()

    @property
    def codes(self) -> frozenset[str]:
        return frozenset(each.reason.code for each in self.reasons)


def serving_id() -> ColumnElement[int]:
    """The model whose readings pages show; NULL before there is one."""
    return select(ServingModel.model_version_id).scalar_subquery()


def guesses(response_ids: Sequence[int]) -> dict[int, Guess]:
    """By answer; the likeliest reason first, each once and as it counts now. Answers not read by it are left out."""
    by_serving = Classification.model_version_id == serving_id(), Classification.response_id.in_(response_ids)
    found: dict[int, list[GuessedReason]] = defaultdict(list)
    query = (
        select(Classification.response_id, Reason, ClassifiedReason.probability, ClassifiedReason.spoke, Reading.terms)
        .join(ClassifiedReason, ClassifiedReason.classification_id == Classification.id)
        .join(Reason, Reason.id == as_counted(ClassifiedReason.reason_id))
        .outerjoin(Reading, Reading.response_id == Classification.response_id)
        .where(*by_serving)
        .order_by(ClassifiedReason.probability.desc(), Reason.position)
    )
    for key, reason, probability, spoke, terms in db.session.execute(query):
        if reason not in (each.reason for each in found[key]):
            found[key].append(GuessedReason(reason, probability, unpack(spoke, terms or "")))
    states = db.session.execute(select(Classification.response_id, Classification.state).where(*by_serving))
    return {key: Guess(state, tuple(found[key])) for key, state in states}
