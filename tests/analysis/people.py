"""Made-up people for the tests of detection, as the slow telling sees them and as the analysis does."""

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

import analysis
from analysis.defection.histories import NEVER
from analysis.defection.known import Answers, Contracts, FittedForecast, Known
from tests.analysis.slow_defection import Person

SERVICE = "oil change"
FIRST_DAY = -10
LAST_DAY = 90

DAY = st.integers(FIRST_DAY, LAST_DAY).filter(lambda day: day != -1)  # -1 stands for `still gone`
VISITS = st.dictionaries(DAY, st.floats(0.01, 200).map(lambda x: round(x, 2)), max_size=9).map(
    lambda visits: sorted(visits.items())
)


@st.composite
def contract(draw):
    start = draw(DAY)
    until = draw(st.none() | st.integers(start, LAST_DAY))
    cancelled = draw(st.none() | DAY)
    return start, until, cancelled, draw(st.just(start) | DAY)


@st.composite
def person(draw, visits=VISITS):
    came = draw(visits)
    bought = [visit for visit in came if draw(st.booleans())]
    answers = draw(st.dictionaries(DAY, st.integers(0, 10).map(lambda tenths: tenths / 10), max_size=4))
    return Person(came, draw(st.lists(contract(), max_size=3)), sorted(answers.items()), bought)


PEOPLE = st.lists(person(), min_size=1, max_size=3)


@dataclass(frozen=True)
class ModifiedBetaGeometric:
    """P(alive) of MBG/NBD (Batislam et al. 2007) and the mean of NBD (Ehrenberg 1959), in weeks; both with the
    published parameters of the CDNOW purchases."""

    r: float = 0.525
    alpha: float = 6.183
    a: float = 0.891
    b: float = 1.614

    def probability_alive(self, frequency, recency, age):
        silence = ((self.alpha + age) / (self.alpha + recency)) ** (self.r + frequency)
        return 1 / (1 + self.a / (self.b + frequency) * silence)

    def expected_purchases(self, horizon, frequency, recency, age):
        return (0.385 + frequency) / (12.07 + age) * horizon


@dataclass(frozen=True)
class Given:
    """What the slow telling is told of all customers."""

    interval: float = 20.0
    service_interval: float = 30.0

    def expects(self, rule, frequency, recency, age):
        model, weeks = ModifiedBetaGeometric(), (recency / 7, age / 7)
        if rule.measure == "alive":
            return model.probability_alive(frequency, *weeks)
        return model.expected_purchases(rule.horizon_days / 7, frequency, *weeks)


GIVEN = Given()


def histories_of(people, visits_of=lambda one: one.visits):
    rows = [(7 + 3 * n, day, amount) for n, one in enumerate(people) for day, amount in visits_of(one)]
    return analysis.Histories.of(*_columns(rows, 3, (int, int, float)))


def known_of(people):
    never = [
        (7 + 3 * n, *(NEVER if day is None else day for day in row))
        for n, one in enumerate(people)
        for row in one.contracts
    ]
    answers = [(7 + 3 * n, *row) for n, one in enumerate(people) for row in one.answers]
    return Known(
        interval=GIVEN.interval,
        contracts=Contracts(*_columns(never, 5, (int,) * 5)),
        answers=Answers(*_columns(answers, 3, (int, int, float))),
        services={SERVICE: histories_of(people, lambda one: one.bought)},
        service_intervals={SERVICE: GIVEN.service_interval},
        forecast=FittedForecast(ModifiedBetaGeometric()),
    )


def _columns(rows, width, kinds):
    columns = list(zip(*rows, strict=True)) or [()] * width
    return [np.array(column, dtype=kind) for column, kind in zip(columns, kinds, strict=True)]
