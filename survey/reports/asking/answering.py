"""How people answer: how long it takes them, and whether the place of a reason in the list decides what they choose."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from survey.analyst import Share, share_intervals
from survey.analyst.ordering import PositionBias, position_bias
from survey.extensions import db
from survey.invitations.models import Invitation
from survey.questionnaires.models import QuestionnaireVersion
from survey.questionnaires.versions import Version
from survey.reports.asking.stages import Choice
from survey.responses.models import Response, ResponseReason
from survey.taxonomy.models import Reason


@dataclass(frozen=True)
class Taken:
    """Seconds from the form being shown to the answer being sent, by the way it was given."""

    channel: str
    answers: int
    quartile: float
    median: float
    upper_quartile: float


@dataclass(frozen=True)
class Order:
    """Of the main reasons that were shuffled: how often the chosen one stood first, and how often by chance."""

    first: Share
    #: share of first places that chance gives
    expected: float
    answers: int
    #: None: too few answers to judge
    bias: PositionBias | None

    @property
    def decides(self) -> bool:
        return self.bias is not None and self.bias.p < 0.05


def times_taken(choice: Choice) -> list[Taken]:
    """Quartiles of the time taken, where it is known."""
    seconds = Response.seconds_taken
    query = choice.answers(Response.channel, seconds, func.count()).where(seconds.is_not(None))
    found: dict[str, Counter[int]] = {}
    for channel, taken, number in db.session.execute(query.group_by(Response.channel, seconds)):
        found.setdefault(channel, Counter())[taken] = number
    return [
        Taken(channel, counts.total(), *(quantile(counts, part) for part in (0.25, 0.5, 0.75)))
        for channel, counts in sorted(found.items())
    ]


def quantile(counts: Mapping[int, int], part: float) -> float:
    """The value below which this part of the counted ones lies; of an even number the mean of the two in the middle.

    Hyndman & Fan's type 2: the inverse of the empirical distribution, averaged where it jumps.
    """
    place, passed = part * sum(counts.values()), 0
    values = sorted(counts)
    for n, value in enumerate(values):
        passed += counts[value]
        if passed > place or n == len(values) - 1:
            return float(value)
        if passed == place:
            return (value + values[n + 1]) / 2
    raise ValueError("there is nothing to take a quantile of")


def order_effect(choice: Choice) -> Order | None:
    """What the place in the list does; None where nobody chose a reason that is shuffled."""
    version = Invitation.questionnaire_version_id
    query = (
        choice.answers(version, Reason.code, ResponseReason.position, func.count())
        .join(ResponseReason, (ResponseReason.response_id == Response.id) & ResponseReason.main)
        .join(Reason, Reason.id == ResponseReason.reason_id)
        .group_by(version, Reason.code, ResponseReason.position)
    )
    rows = [tuple(row) for row in db.session.execute(query)]
    shuffled = _shuffled([row[0] for row in rows])
    observed: Counter[int] = Counter()
    expected: Counter[int] = Counter()
    for key, code, position, number in rows:
        if code in shuffled[key] and position <= len(shuffled[key]):
            observed[position] += number
            for place in range(1, len(shuffled[key]) + 1):
                expected[place] += number / len(shuffled[key])
    total = observed.total()
    if not total:
        return None
    (first,) = share_intervals([observed[1]], [total])
    places = sorted(expected)
    bias = position_bias([observed[place] for place in places], [expected[place] for place in places])
    return Order(first, expected[1] / total, total, bias)


def _shuffled(version_ids: Sequence[int]) -> dict[int, frozenset[str]]:
    """By version, the codes of the reasons that stand in each person's own order."""
    query = select(QuestionnaireVersion.id, QuestionnaireVersion.content)
    rows = db.session.execute(query.where(QuestionnaireVersion.id.in_(set(version_ids))))
    return {
        row.id: frozenset(option.code for option in Version.of(row.content).options if not option.pinned_last)
        for row in rows
    }
