"""What was answered to a further question, in counts: its versions together where the key is the same.

Shared by the answers of people who were asked (`survey.reports.questionnaires.results`) and those of people who answer
at a branch (`survey.responses.walk_in.further`), which are never put together.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil, floor, sqrt

from survey.analyst import Share, share_intervals
from survey.questionnaires.content import Content, has_choices
from survey.questionnaires.models import QuestionnaireVersion

#: normal quantile of a 95 % interval
Z95 = 1.959964
#: (code of the choice, number) -> how many gave it; '' stands for no choice, None for no number
Counts = Mapping[tuple[str, int | None], int]
#: answers by key of the version and code of the main reason; '' where none was given
Asked = Mapping[tuple[int, str], int]


@dataclass(frozen=True)
class Chosen:
    """One choice, or one number: how many gave it, out of those who answered the question."""

    #: {language: text} of a choice; None for a number
    words: Mapping[str, str] | None
    number: int | None
    count: int
    share: Share


@dataclass(frozen=True)
class Middle:
    """The median of the numbers given, with its 95 % interval, and the quartiles."""

    median: float
    low: float
    high: float
    lower_quartile: float
    upper_quartile: float


@dataclass(frozen=True)
class Said:
    """What somebody wrote, masked."""

    words: str
    at: datetime


@dataclass
class Result:
    """One question. `question` as it was put last; `versions` those in which it stands, oldest first."""

    question: Content
    versions: list[int]
    #: answers that were sent by people who were asked it, and those of them that answered it
    asked: int = 0
    answered: int = 0
    share: Share = field(default_factory=lambda: Share(None, 0.0, 1.0))
    chosen: list[Chosen] = field(default_factory=list)
    middle: Middle | None = None
    said: list[Said] = field(default_factory=list)


@dataclass(frozen=True)
class Tally:
    """What was counted of the answers to some versions. `answered`: by question, in how many answers it was; `said`:
    the newest masked words of each question."""

    asked: Asked
    counts: Mapping[str, Counts]
    answered: Mapping[str, int]
    said: Mapping[str, list[Said]] = field(default_factory=dict)


def results_of(versions: Sequence[QuestionnaireVersion], tally: Tally) -> list[Result]:
    """Every question that ever stood in these versions (oldest first), those of the newest first."""
    found = _questions(versions)
    for key, result in found.items():
        counts = tally.counts.get(key, {})
        result.asked = sum(_asked_of(key, version, tally.asked) for version in versions)
        result.answered = tally.answered.get(key, 0)
        result.share = _share(result.answered, max(result.asked, result.answered))
        result.chosen = _chosen(result, counts, versions)
        result.middle = _middle(counts) if result.question["kind"] in ("scale", "number") else None
        result.said = tally.said.get(key, [])
    newest = [question["key"] for question in versions[-1].content.get("questions", ())] if versions else []
    return sorted(found.values(), key=lambda r: _place(newest, r.question["key"]))


def median(counts: Mapping[int, int]) -> Middle | None:
    """Median, quartiles and interval of numbers given as number -> how often; None where there are none.

    The interval lies between the order statistics n/2 -+ z sqrt(n)/2 (W. J. Conover 1999, Practical Nonparametric
    Statistics, section 3.2); below six numbers it is all that was given.
    """
    values = sorted(counts)
    total = sum(counts.values())
    if not total:
        return None
    reach = Z95 * sqrt(total) / 2
    low, high = max(floor(total / 2 - reach), 0), min(ceil(total / 2 + reach), total - 1)
    return Middle(
        median=(_ranked(values, counts, (total - 1) // 2) + _ranked(values, counts, total // 2)) / 2,
        low=_ranked(values, counts, low),
        high=_ranked(values, counts, high),
        lower_quartile=_ranked(values, counts, (total - 1) // 4),
        upper_quartile=_ranked(values, counts, total - 1 - (total - 1) // 4),
    )


def _ranked(values: Sequence[int], counts: Mapping[int, int], rank: int) -> int:
    """The number at this rank, from 0."""
    seen = 0
    for value in values:
        seen += counts[value]
        if seen > rank:
            return value
    return values[-1]


def _middle(counts: Counts) -> Middle | None:
    return median({number: count for (_choice, number), count in counts.items() if number is not None})


def _questions(versions: Sequence[QuestionnaireVersion]) -> dict[str, Result]:
    """By key, as put last, with the versions in which it stands."""
    found: dict[str, Result] = {}
    for version in versions:
        for question in version.content.get("questions", ()):
            before = found.get(question["key"])
            found[question["key"]] = Result(question, [*(before.versions if before else []), version.version])
    return found


def _place(newest: Sequence[str], key: str) -> int:
    return newest.index(key) if key in newest else len(newest)


def _chosen(result: Result, counts: Counts, versions: Sequence[QuestionnaireVersion]) -> list[Chosen]:
    """Every choice that was ever offered, or every number that was given, with its share of those who answered."""
    rows: list[tuple[Mapping[str, str] | None, int | None, int]] = []
    if has_choices(result.question):
        rows = [(words, None, counts.get((code, None), 0)) for code, words in _offered(result, versions)]
    elif result.question["kind"] in ("scale", "number"):
        numbers = sorted({number for _code, number in counts if number is not None})
        rows = [(None, number, counts[("", number)]) for number in numbers]
    return [Chosen(words, number, count, _share(count, result.answered)) for words, number, count in rows]


def _offered(result: Result, versions: Sequence[QuestionnaireVersion]) -> Iterator[tuple[str, dict[str, str]]]:
    """The choices: those of the question as put last, then those that stood in earlier versions only."""
    found: dict[str, dict[str, str]] = {}
    for version in reversed(versions):
        for question in version.content.get("questions", ()):
            if question["key"] == result.question["key"]:
                for choice in question.get("choices", ()):
                    found.setdefault(choice["code"], choice)
    yield from found.items()


def _share(count: int, total: int) -> Share:
    return share_intervals([count], [total])[0]


def _asked_of(key: str, version: QuestionnaireVersion, asked: Asked) -> int:
    """How many answers were sent by people who were asked this question in this version."""
    for question in version.content.get("questions", ()):
        if question["key"] == key:
            after = question.get("after", "")
            return sum(n for (one, main), n in asked.items() if one == version.id and after in ("", main))
    return 0
