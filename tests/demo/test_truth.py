"""The planted truth agrees with what the files show."""

from datetime import timedelta

import numpy as np

from survey.demo.generating import DemoBusiness
from tests.demo.test_generating import days_by_customer


def test_who_left_has_no_visit_afterwards_unless_drifting_or_returned(business: DemoBusiness) -> None:
    days = days_by_customer(business)
    gone = [one for one in business.truth.customers if one.left_on and not one.drifted and not one.returned_on]
    assert len(gone) > 800
    assert all(days[one.customer_id][-1] == one.after_visit_on.toordinal() for one in gone if one.after_visit_on)
    assert all(one.left_on >= one.after_visit_on for one in gone if one.left_on and one.after_visit_on)


def test_who_returned_stayed_away_longer_than_the_lapse(business: DemoBusiness) -> None:
    days = days_by_customer(business)
    returned = [one for one in business.truth.customers if one.returned_on]
    assert len(returned) > 10
    for one in returned:
        assert one.after_visit_on
        assert one.returned_on
        between = [
            day for day in days[one.customer_id] if one.after_visit_on.toordinal() < day < one.returned_on.toordinal()
        ]
        assert not between
        assert one.returned_on.toordinal() in days[one.customer_id]
        assert one.returned_on - one.after_visit_on > timedelta(days=business.definition.days)


def test_who_drifts_comes_less_than_half_as_often_but_keeps_coming(business: DemoBusiness) -> None:
    days, until = days_by_customer(business), business.story.until.toordinal()
    before, after = 0.0, 0.0
    drifters = [one for one in business.truth.customers if one.drifted and one.left_on]
    for one in drifters:
        turned = one.left_on.toordinal() if one.left_on else 0
        began = max(business.story.start.toordinal(), days[one.customer_id][0])
        if turned - began > 365 and until - turned > 365:
            before += sum(day <= turned for day in days[one.customer_id]) / (turned - began)
            after += sum(day > turned for day in days[one.customer_id]) / (until - turned)
    assert len(drifters) > 60
    assert 0.15 < after / before < 0.5


def test_who_never_turned_away_has_no_reasons(business: DemoBusiness) -> None:
    for one in business.truth.customers:
        told = (one.left_on is not None, one.after_visit_on is not None, one.met is not None, bool(one.reasons))
        assert len(set(told)) == 1
        assert told[0] or not (one.drifted or one.returned_on)


def test_the_training_hits_its_cause(business: DemoBusiness) -> None:
    training = next(one for one in business.truth.investments if one.hits)
    assert training.leavers_before > 25
    assert training.after_per_1000_visits < 0.35 * training.before_per_1000_visits
    assert training.prevented > 40


def test_the_renovation_misses(business: DemoBusiness) -> None:
    renovation = next(one for one in business.truth.investments if not one.hits)
    assert renovation.hazard_fall > 0
    assert renovation.leavers_before + renovation.leavers_after < 10
    assert renovation.prevented < 5
    training, costly = business.investments
    assert costly.amount_cents > 5 * training.amount_cents


def test_counts_of_an_investment_are_those_of_the_customers(business: DemoBusiness) -> None:
    training = business.investments[0]
    branch = {row.customer_id: row.branch for row in business.customers}
    here = [
        one.after_visit_on
        for one in business.truth.customers
        if one.reasons[:1] == ("rude_staff",) and branch[one.customer_id] in training.branches and one.after_visit_on
    ]
    told = business.truth.investments[0]
    washed_in = training.started_on + timedelta(days=training.wash_in_days)
    assert told.leavers_before == sum(day < training.started_on for day in here)
    assert told.leavers_after == sum(day >= washed_in for day in here)


def test_about_a_third_would_answer(business: DemoBusiness) -> None:
    away = [one for one in business.truth.customers if one.left_on]
    assert 0.28 < np.mean([one.would_answer for one in away]) < 0.38
    old, young = (np.mean([one.would_answer for one in away if one.age_group == group]) for group in ("55+", "18-34"))
    assert old > 1.5 * young


def test_the_tracker_drives_people_away_from_its_day_on_and_only_for_other(business: DemoBusiness) -> None:
    over_it = [one for one in business.truth.customers if one.theme]
    assert {one.theme for one in over_it} == {"tracker"}
    assert {one.reasons[0] for one in over_it} == {"other"}
    assert min(one.after_visit_on for one in over_it if one.after_visit_on) >= business.story.tracker_from
    before = [one for one in business.truth.customers if one.reasons[:1] == ("other",) and not one.theme]
    assert len(over_it) > 2 * len(before) > 10


def test_who_left_over_the_tracker_says_so_in_words_that_no_other_answer_has(business: DemoBusiness) -> None:
    names = {"nl": ("kastje", "zendertje"), "en": ("tracker", "box")}
    for language, boxes in names.items():
        answers = {one: business.answer(one.customer_id, language) for one in business.truth.customers}
        told = [answer.words.lower() for one, answer in answers.items() if answer and one.theme]
        others = [answer.words.lower() for one, answer in answers.items() if answer and not one.theme]
        assert len(told) > 20
        assert np.mean([any(box in words for box in boxes) for words in told]) > 0.85  # the rest is mistyped
        assert not [words for words in others if any(box in words for box in boxes)]


def test_enough_speak_of_the_tracker_to_be_found_and_fewer_than_a_fifth(business: DemoBusiness) -> None:
    answers = [business.answer(one.customer_id, "nl") for one in business.truth.customers if one.left_on]
    given = [answer for answer in answers if answer]
    assert 0.05 < np.mean([answer.theme == "tracker" for answer in given]) < 0.2
