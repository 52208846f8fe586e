"""Who responds, what they tick and how that differs from the truth."""

from collections import Counter

import numpy as np
import pytest

from survey.demo.answers import Answer, Leaver, chance_of_response
from survey.demo.business import REASONS
from survey.demo.generating import DemoBusiness, generate
from survey.demo.truth import CustomerTruth
from tests.demo.conftest import UNTIL

Told = list[tuple[CustomerTruth, Answer]]


@pytest.fixture(scope="module")
def told(business: DemoBusiness) -> Told:
    """Every leaver of three chains who responds, with the truth about them."""
    found: Told = []
    for chain in (business, generate(11, UNTIL), generate(12, UNTIL)):
        for one in chain.truth.customers:
            if one.left_on and (answer := chain.answer(one.customer_id, "nl")):
                found.append((one, answer))
    return found


def test_an_answer_is_the_same_however_often_it_is_asked_for(small: DemoBusiness) -> None:
    again = generate(3, UNTIL, customers=300)
    for row in small.customers:
        assert small.answer(row.customer_id, "nl") == small.answer(row.customer_id, "nl")
        assert small.answer(row.customer_id, "en") == again.answer(row.customer_id, "en")


def test_only_the_words_depend_on_the_language(business: DemoBusiness) -> None:
    pairs = [
        (business.answer(row.customer_id, "nl"), business.answer(row.customer_id, "en")) for row in business.customers
    ]
    both = [(dutch, english) for dutch, english in pairs if dutch and english]
    assert len(both) == sum(dutch is not None or english is not None for dutch, english in pairs) > 500
    for dutch, english in both:
        assert (dutch.main, dutch.others, dutch.delay_days, dutch.mentions) == (
            english.main,
            english.others,
            english.delay_days,
            english.mentions,
        )
        assert bool(dutch.words) == bool(english.words)
        assert dutch.words != english.words or not dutch.words


def test_the_truth_says_who_answers(small: DemoBusiness) -> None:
    for one in small.truth.customers:
        assert one.would_answer == (small.answer(one.customer_id, "nl") is not None)


def test_older_and_private_customers_respond_more() -> None:
    def chance(age: int, segment: int) -> float:
        return chance_of_response(Leaver(0, age, segment, ("price",)))

    assert chance(2, 0) > chance(1, 0) > chance(0, 0)
    assert chance(2, 0) > chance(2, 2) > chance(2, 1)


def test_seven_in_ten_write_something(told: Told) -> None:
    assert 0.63 < np.mean([bool(answer.words) for _, answer in told]) < 0.77


def test_most_tick_the_truth_and_price_is_ticked_too_often(told: Told) -> None:
    truly = Counter(one.reasons[0] for one, _ in told)
    ticked = Counter(answer.main for _, answer in told)
    assert np.mean([one.reasons[0] == answer.main for one, answer in told]) > 0.7
    assert ticked["price"] > 1.4 * truly["price"]
    assert all(ticked[reason] < 1.2 * truly[reason] + 5 for reason in REASONS if reason not in ("price", "other"))


def test_words_are_closer_to_the_truth_than_ticks(told: Told) -> None:
    wrote = [(one, answer) for one, answer in told if answer.words]
    in_words = np.mean([one.reasons[0] in answer.mentions for one, answer in wrote])
    assert in_words > 0.9 > np.mean([one.reasons[0] == answer.main for one, answer in wrote])


def test_an_answer_is_one_that_the_form_can_take(told: Told) -> None:
    for _, answer in told:
        assert {answer.main, *answer.others, *answer.mentions} <= set(REASONS)
        assert answer.main not in answer.others
        assert 0 <= answer.delay_days <= 21
        assert len(answer.words) < 600
    assert 0.15 < np.mean([answer.may_contact for _, answer in told]) < 0.4
    assert np.median([answer.delay_days for _, answer in told]) < 4


def test_who_never_left_says_so(business: DemoBusiness) -> None:
    stayed = [one.customer_id for one in business.truth.customers if not one.left_on]
    answers = [answer for customer in stayed if (answer := business.answer(customer, "nl"))]
    assert {answer.main for answer in answers} == {"other", "circumstances"}
    assert all(not answer.others and not answer.mentions for answer in answers)
