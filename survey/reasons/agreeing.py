"""How far people who read the same answers agree: the bound of what a model can be asked to do."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from sqlalchemy import Select, func, select

from survey import analyst
from survey.accounts.models import User
from survey.analyst import Agreement
from survey.extensions import db
from survey.reasons.labels import opinions
from survey.reasons.models import Review
from survey.reasons.quality import only_seen_by
from survey.responses.models import Response
from survey.taxonomy import queries as taxonomy
from survey.taxonomy.models import Reason

#: of so many pairs of people, those who read most answers together, the agreement is shown
PAIRS = 3


@dataclass(frozen=True)
class Pair:
    """Two people, by name, and how many answers both have read."""

    first: int
    second: int
    names: str
    answers: int


@dataclass(frozen=True)
class ReasonAgreement:
    """How far people agree on one reason: all of them (Krippendorff's alpha), and each pair (Cohen's kappa).

    None where it is undefined: nobody ever saw the reason.
    """

    reason: Reason
    alpha: Agreement | None
    kappas: list[Agreement | None]


@dataclass(frozen=True)
class Agreeing:
    """Of answers that two or more people read without seeing what the model thinks."""

    answers: int
    people: int
    pairs: list[Pair]
    reasons: list[ReasonAgreement]


Readings = dict[int, dict[int, frozenset[str]]]


def agreement(user: User) -> Agreeing:
    """Over the answers this user may see."""
    readings = _readings(user)
    people = sorted({person for read in readings.values() for person in read})
    pairs = _pairs(readings)
    return Agreeing(
        len(readings),
        len(people),
        pairs,
        [_of_reason(reason, readings, people, pairs) for reason in taxonomy.active_reasons()] if readings else [],
    )


def _readings(user: User) -> Readings:
    """Per answer that several people read: what each of them found in it, in today's reasons."""
    unswayed = (Review.state == "reviewed") & ~Review.model_shown
    by_several = select(Review.response_id).where(unswayed).group_by(Review.response_id).having(func.count() > 1)
    wanted = only_seen_by(user, select(Response.id).where(Response.id.in_(by_several)))
    readings: Readings = defaultdict(dict)
    for opinion in opinions(unswayed, Review.response_id.in_(wanted)):
        readings[opinion.response_id][opinion.user_id] = opinion.codes
    return {key: read for key, read in sorted(readings.items()) if len(read) > 1}


def _pairs(readings: Readings) -> list[Pair]:
    together = Counter(pair for read in readings.values() for pair in combinations(sorted(read), 2))
    chosen = sorted(together.items(), key=lambda item: (-item[1], item[0]))[:PAIRS]
    ids = {person for pair, _ in chosen for person in pair}
    names = {person.id: person.name or person.email for person in db.session.scalars(_users(ids))}
    return [Pair(a, b, f"{names[a]} – {names[b]}", count) for (a, b), count in chosen]  # noqa: RUF001


def _users(ids: set[int]) -> Select[User]:
    return select(User).where(User.id.in_(ids))


def _of_reason(reason: Reason, readings: Readings, people: Sequence[int], pairs: Sequence[Pair]) -> ReasonAgreement:
    code = reason.code
    rows = [[code in read[person] if person in read else None for read in readings.values()] for person in people]
    kappas = []
    for pair in pairs:
        both = [read for read in readings.values() if pair.first in read and pair.second in read]
        kappas.append(analyst.kappa([code in r[pair.first] for r in both], [code in r[pair.second] for r in both]))
    return ReasonAgreement(reason, analyst.alpha(rows), kappas)
