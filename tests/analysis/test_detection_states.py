"""States as of a day: against the slow telling, and what must hold whatever the data."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import analysis
from analysis.defection.contracts import Cancelled, ContractEnded
from analysis.defection.decline import Decline
from analysis.defection.histories import NEVER
from analysis.defection.known import Contracts, Known
from analysis.defection.lapse import Lapse
from analysis.defection.states import STATE_NAMES, Course
from analysis.defection.wallet import Wallet
from tests.analysis import slow_defection as slow
from tests.analysis.people import FIRST_DAY, GIVEN, PEOPLE, histories_of, known_of
from tests.analysis.test_detection_kinds import ANY_RULE, AS_OF, REGULAR, STEADY, combined

COURSE = Course(returned_days=15)
BADNESS = {"active": 0, "returned": 0, "drifting": 1, "about_to_defect": 2, "defected": 3}


def told(histories, rule, as_of, known=None, course=COURSE):
    made = analysis.states(histories, rule, as_of, known, course)
    rows = zip(made.customer.tolist(), made.state.tolist(), made.since_day.tolist(), strict=True)
    return {who: (STATE_NAMES[state], since) for who, state, since in rows}


def slowly(person, rule, as_of):
    gone, about, drift = (
        slow.gone_days(person, rule, as_of, GIVEN, FIRST_DAY, ease) for ease in (1, Fraction(3, 4), Fraction(1, 2))
    )
    first = _first_sign(person, rule, as_of)
    if first is None:
        return None
    back = [day for day in range(FIRST_DAY, as_of + 1) if day - 1 in gone and day not in gone]

    def state(day):
        for days, name in ((gone, "defected"), (about, "about_to_defect"), (drift, "drifting")):
            if day in days:
                return name
        return "returned" if any(day - 15 < b <= day for b in back) else "active"

    since = as_of
    while since > first and state(since - 1) == state(as_of):
        since -= 1
    return state(as_of), since


def _first_sign(person, rule, as_of):
    known = [min(max(start, said), said) for start, _, _, said in person.contracts if said <= as_of]
    answered = [day for day, _ in person.answers if day <= as_of]
    visits = [day for day, _ in person.visits if day <= as_of]
    judged = visits + (known if "contracts" in rule.needs else []) + (answered if "answers" in rule.needs else [])
    return min(visits + known + answered) if judged else None


@settings(max_examples=80, deadline=None)
@given(PEOPLE, ANY_RULE, AS_OF)
def test_states_equal_the_slow_telling(people, rule, as_of):
    expected = {7 + 3 * n: slowly(one, rule, as_of) for n, one in enumerate(people)}
    expected = {who: row for who, row in expected.items() if row is not None}
    assert told(histories_of(people), rule, as_of, known_of(people)) == expected


@settings(max_examples=60, deadline=None)
@given(PEOPLE, ANY_RULE, AS_OF)
def test_batches_and_later_days_change_no_state(people, rule, as_of):
    whole = told(histories_of(people), rule, as_of, known_of(people))
    parts = {}
    for n in range(len(people)):
        alone = [slow.Person() if k != n else one for k, one in enumerate(people)]
        parts |= told(histories_of(alone), rule, as_of, known_of(alone))
    assert whole == parts
    assert whole == told(histories_of(people).until(as_of), rule, as_of, known_of(people).until(as_of))


@settings(max_examples=60, deadline=None)
@given(REGULAR, STEADY | combined(STEADY), st.integers(1, 60), st.integers(0, 60), st.integers(0, 300))
def test_a_visit_after_the_last_moves_nobody_to_a_worse_state(regular, rule, pause, rest, amount):
    visit = (regular.visits[-1][0] + pause, amount)
    bought = [*regular.bought, visit] if amount % 2 else regular.bought
    more = slow.Person([*regular.visits, visit], regular.contracts, regular.answers, bought)
    before, after = (
        BADNESS[told(histories_of([one]), rule, visit[0] + rest, known_of([one]))[7][0]] for one in (regular, more)
    )
    assert after <= before


def test_a_lapse_goes_through_all_states():
    visits = analysis.Histories.of([1] * 3, [0, 30, 200], [5.0] * 3)
    seen = [told(visits, Lapse(days=90), day, course=Course())[1] for day in (30, 74, 75, 97, 98, 119, 120, 200, 244)]
    assert seen == [
        ("active", 0),
        ("active", 0),
        ("drifting", 75),
        ("drifting", 75),
        ("about_to_defect", 98),
        ("about_to_defect", 98),
        ("defected", 120),
        ("returned", 200),
        ("returned", 200),
    ]
    assert told(visits, Lapse(days=300), 349, course=Course())[1] == ("active", 200)  # drifted from 180
    assert told(visits, Lapse(days=400), 349, course=Course())[1] == ("active", 0)
    often = analysis.Histories.of([1] * 12, [0, *range(200, 420, 20)], [5.0] * 12)
    assert told(often, Lapse(days=90), 289, course=Course())[1] == ("returned", 200)
    assert told(often, Lapse(days=90), 290, course=Course())[1] == ("active", 290)


def test_a_decline_drifts_on_the_way_down():
    # Every 5 days for 300 days, then every 8: 62 % of usual. Drifting is below 75 %, about to defect below 62.5 %.
    days = [*range(0, 300, 5), *range(300, 460, 8)]
    visits = analysis.Histories.of([1] * len(days), days, [5.0] * len(days))
    rule = Decline("frequency", window_days=80, level="highest")
    assert told(visits, rule, 290)[1][0] == "active"
    assert told(visits, rule, 450)[1][0] in ("drifting", "about_to_defect")
    assert told(visits, rule, 480)[1][0] == "defected"


def test_a_contract_warns_before_its_end_unless_it_is_renewed():
    nobody = analysis.Histories.of(np.array([], int), np.array([], int), [])
    rows = Contracts(
        [1, 2, 2, 3], [0, 0, 365, 0], [364, 364, 729, 364], [NEVER, NEVER, NEVER, 350], told=[0, 0, 340, 0]
    )
    known = Known(contracts=rows)
    for rule in (ContractEnded(warn_days=30), Cancelled(warn_days=30)):
        assert told(nobody, rule, 334, known)[1] == ("active", 0)
        assert told(nobody, rule, 339, known)[2] == ("about_to_defect", 335)
        assert told(nobody, rule, 349, known)[1] == ("about_to_defect", 335)
        assert told(nobody, rule, 349, known)[2] == ("active", 340)
    assert told(nobody, ContractEnded(), 365, known)[1] == ("defected", 365)
    assert told(nobody, Cancelled(), 350, known)[3] == ("defected", 350)
    assert told(nobody, Cancelled(), 365, known)[1] == ("active", 365)


def test_only_those_a_rule_can_judge_have_a_state():
    visits = analysis.Histories.of([4], [10], [1.0])
    known = Known(contracts=Contracts([1], [0], [99], [NEVER]))
    assert set(told(visits, Lapse(days=5), 50, known)) == {4}
    assert set(told(visits, ContractEnded(), 50, known)) == {1, 4}
    assert told(visits, Lapse(days=5), 9) == {}


def test_a_course_is_refused_in_words():
    for wrong in ({"drifting": 0.8}, {"drifting": 0.0}, {"about_to_defect": 1.0}):
        with pytest.raises(ValueError, match="Drifting must come before"):
            Course(**wrong)
    with pytest.raises(ValueError, match="being returned"):
        Course(returned_days=0)
    with pytest.raises(ValueError, match="looks at answers"):
        analysis.states(analysis.Histories.of([4], [10], [1.0]), Wallet(), 50)
