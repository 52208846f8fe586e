"""What customers wrote, by reason: masked words only, nobody named."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, exists, func, select
from sqlalchemy.orm import aliased

from survey.customers.models import Branch, Customer
from survey.extensions import db
from survey.reasons.explaining import Explained, explained
from survey.reasons.guesses import GuessedReason, guesses
from survey.reasons.models import Classification, ClassifiedReason, HumanLabel, Review
from survey.reports.counting import answers, serving_model_id
from survey.reports.lens import Lens
from survey.responses.models import Response, ResponseReason
from survey.taxonomy.models import Reason
from survey.taxonomy.queries import as_counted, keys_counted_as

PAGE = 25
#: answers completed by one query
BATCH = 1000
#: the reason was ticked as the main one, the serving model reads it in the text, or people found it there
GIVEN_BY = ("ticked", "read", "found")


@dataclass(frozen=True)
class Search:
    """The answers to show: those of the lens that give this reason."""

    lens: Lens
    reason: Reason
    given_by: str = "ticked"


@dataclass(frozen=True)
class Words:
    """One answer. `text` is None while personal data is not yet masked, and once the person is erased."""

    response_id: int
    at: datetime
    language: str
    branch: str | None
    text: str | None
    erased: bool
    main: Reason | None = None
    also: Sequence[Reason] = ()
    read: Sequence[Reason] = ()
    #: given, unsure, no_words, failed; None: not read yet
    state: str | None = None
    #: the reason that was asked for, as the model reads it: on the page of what it reads
    guess: GuessedReason | None = None

    @property
    def explained(self) -> Explained | None:
        """Why the model reads that reason; None where that is not stored any more."""
        return explained(self.text, self.guess.spoken) if self.text and self.guess and self.guess.spoken else None


def reason_of(code: str) -> Reason | None:
    """The reason of this code, or the one that it was merged into."""
    own = aliased(Reason)
    now = as_counted(own.id)
    return db.session.scalar(select(Reason).join(own, Reason.id == now).where(own.code == code))


def count_answers(search: Search) -> tuple[int, int]:
    """How many gave this reason, and how many of them wrote something."""
    query = answers(search.lens, func.count(), func.count().filter(Response.has_words)).where(_gives(search))
    given, written = db.session.execute(query).one()
    return given, written


def words_of(search: Search, page: int | None = None) -> list[Words]:
    """What they wrote, newest first: one page of it, counted from 1, or all."""
    erased = Customer.erased_at.is_not(None)
    columns = (Response.id, Response.created_at, Response.language, Branch.name, Response.masked_words)
    query = (
        answers(search.lens, *columns, erased)
        .outerjoin(Branch, Branch.id == Customer.branch_id)
        .where(_gives(search), Response.has_words)
        .order_by(Response.created_at.desc(), Response.id.desc())
    )
    if page is not None:
        query = query.limit(PAGE).offset((page - 1) * PAGE)
    rows = db.session.execute(query).all()
    found = [words for start in range(0, len(rows), BATCH) for words in _completed(rows[start : start + BATCH])]
    return found if page is None or search.given_by != "read" else _with_guesses(found, search.reason)


def words_with(keys: Sequence[int]) -> dict[int, str | None]:
    """The masked words of these answers; None once the person is erased, and a key that is gone is left out."""
    query = select(Response.id, Response.masked_words).where(Response.id.in_(keys))
    return {key: text for key, text in db.session.execute(query)}


def _with_guesses(found: Sequence[Words], reason: Reason) -> list[Words]:
    read = guesses([words.response_id for words in found])
    return [
        replace(words, guess=next((each for each in read[words.response_id].reasons if each.reason == reason), None))
        for words in found
    ]


def _completed(rows: Sequence[Row[*tuple[Any, ...]]]) -> list[Words]:
    """The answers with the reasons ticked and read."""
    keys = [row[0] for row in rows]
    ticked, read, states = _ticked(keys), _read(keys), _states(keys)
    return [
        Words(key, at, language, branch, text, erased, *ticked[key], read.get(key, ()), states.get(key))
        for key, at, language, branch, text, erased in rows
    ]


def _gives(search: Search) -> ColumnElement[bool]:
    reasons = keys_counted_as(search.reason)
    if search.given_by == "ticked":
        return exists().where(
            ResponseReason.response_id == Response.id,
            ResponseReason.main,
            ResponseReason.reason_id.in_(reasons),
        )
    if search.given_by == "found":
        return exists().where(
            Review.response_id == Response.id,
            Review.state == "reviewed",
            HumanLabel.review_id == Review.id,
            HumanLabel.reason_id.in_(reasons),
        )
    return exists().where(
        Classification.response_id == Response.id,
        Classification.model_version_id == serving_model_id(),
        Classification.state == "given",
        ClassifiedReason.classification_id == Classification.id,
        ClassifiedReason.reason_id.in_(reasons),
    )


def _ticked(keys: Sequence[int]) -> dict[int, tuple[Reason | None, list[Reason]]]:
    """The main reason of each answer and its others, each once, as they count now."""
    found: dict[int, tuple[Reason | None, list[Reason]]] = {key: (None, []) for key in keys}
    query = (
        select(ResponseReason.response_id, ResponseReason.main, Reason)
        .join(Reason, Reason.id == as_counted(ResponseReason.reason_id))
        .where(ResponseReason.response_id.in_(keys))
        .order_by(ResponseReason.main.desc(), Reason.position)
    )
    for key, is_main, reason in db.session.execute(query):
        main, also = found[key]
        if is_main:
            found[key] = (reason, also)
        elif reason not in (main, *also):
            found[key] = (main, [*also, reason])
    return found


def _read(keys: Sequence[int]) -> dict[int, list[Reason]]:
    found: dict[int, list[Reason]] = defaultdict(list)
    query = (
        select(Classification.response_id, Reason)
        .join(ClassifiedReason, ClassifiedReason.classification_id == Classification.id)
        .join(Reason, Reason.id == as_counted(ClassifiedReason.reason_id))
        .where(Classification.response_id.in_(keys), Classification.model_version_id == serving_model_id())
        .order_by(Reason.position)
        .distinct()
    )
    for key, reason in db.session.execute(query):
        found[key].append(reason)
    return found


def _states(keys: Sequence[int]) -> dict[int, str]:
    query = select(Classification.response_id, Classification.state).where(
        Classification.response_id.in_(keys), Classification.model_version_id == serving_model_id()
    )
    return {key: state for key, state in db.session.execute(query)}
