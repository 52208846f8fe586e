from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy.exc import IntegrityError

from survey.accounts.models import User, UserBranch
from survey.clock import now
from survey.extensions import db
from survey.reasons.models import ServingModel
from survey.reports.breakdown import Breakdown, break_down, ranked, whole_amounts
from survey.responses.models import Response, ResponseReason
from survey.taxonomy.models import Reason
from tests.reports.garage import (
    THIRD_QUARTER,
    Answer,
    Left,
    Person,
    add,
    branch_id,
    lens,
    model,
    reason_id,
    serving_model,
)

pytestmark = pytest.mark.usefixtures("context")
AUGUST = date(2026, 8, 10)


def left(lost: str = "100.00", **more: object) -> Person:
    return Person(left=(replace(Left(AUGUST, Decimal(lost)), **more),))  # type: ignore[arg-type]


def answered(main: str, lost: str = "100.00", **more: object) -> Person:
    return left(lost, answer=Answer(main, **more))  # type: ignore[arg-type]


def count_of(found: Breakdown, code: str) -> int:
    return next(row.count for row in found.reasons if row.reason.code == code)


def kinds(found: Breakdown) -> dict[str, int]:
    return {row.kind: row.count for row in found.others}


def test_rows_add_up_to_every_departure_and_all_that_is_lost() -> None:
    add(
        answered("price", "1234.56"),
        answered("price", "0.01"),
        answered("rude_staff", "999.99"),
        left("70.10"),
        left("0.00", mail="failed"),
        left("5.55", mail=""),
        Person(),
        Person(left=(Left(date(2026, 10, 1), Decimal(50)),)),
    )
    found = break_down(lens())
    rows = [*found.reasons, *found.others]
    assert (found.count, found.lost_value) == (6, Decimal("2310.21"))
    assert sum(row.count for row in rows) == found.count
    assert sum(row.lost_value for row in rows) == found.lost_value
    assert kinds(found) == {"no_answer": 1, "not_asked": 2}
    assert (count_of(found, "price"), count_of(found, "rude_staff"), count_of(found, "errors")) == (2, 1, 0)
    assert found.answered_value == Decimal("2234.56")


def test_shares_are_of_those_who_answered_with_their_intervals() -> None:
    add(*[answered("price") for _ in range(3)], answered("other"), left(), left())
    found = break_down(lens())
    price = next(row for row in found.reasons if row.reason.code == "price")
    assert price.share.estimate == 0.75
    # Wilson's interval for 3 of 4, to the digits of his formula worked out by hand
    assert (price.share.low, price.share.high) == pytest.approx((0.3006, 0.9544), abs=5e-5)
    assert (found.asked, found.answered) == (6, 4)


def test_an_answer_shows_that_the_mail_arrived_whatever_its_state() -> None:
    add(left(mail="unknown", answer=Answer("price")), left(mail="unknown"), left(mail="queued"))
    found = break_down(lens())
    assert (found.asked, found.answered) == (1, 1)


def test_several_mails_to_one_person_count_once() -> None:
    add(answered("price"), left())
    from survey.invitations.models import Invitation, Mailing

    for invitation in db.session.query(Invitation):
        again = Mailing(
            invitation_id=invitation.id,
            round=1,
            state="sent",
            message_id=f"r{invitation.id}",
            due_at=now(),
            sent_at=now(),
        )
        db.session.add(again)
    db.session.flush()
    found = break_down(lens())
    assert (found.count, found.asked) == (2, 2)


def test_only_the_main_reason_counts_as_ticked() -> None:
    add(answered("price", also=("rude_staff", "errors")))
    found = break_down(lens())
    assert (count_of(found, "price"), count_of(found, "rude_staff"), count_of(found, "errors")) == (1, 0, 0)


def test_an_answer_has_one_main_reason() -> None:
    add(answered("price", also=("errors",)))
    response = db.session.query(Response).one()
    db.session.add(ResponseReason(response_id=response.id, reason_id=reason_id("other"), main=True, position=3))
    with pytest.raises(IntegrityError):
        db.session.flush()


def test_an_answer_without_a_main_reason_is_not_dropped() -> None:
    add(answered("", also=("errors",)), answered("price"))
    found = break_down(lens())
    assert kinds(found) == {"no_main_reason": 1, "no_answer": 0}
    assert (found.answered, found.count) == (2, 2)


def test_a_retired_reason_stays_while_somebody_gave_it() -> None:
    add(answered("premises"))
    db.session.query(Reason).filter(Reason.code.in_(["premises", "errors"])).update({"active": False})
    codes = [row.reason.code for row in break_down(lens()).reasons]
    assert "premises" in codes
    assert "errors" not in codes


def test_ranked_by_value_or_by_count() -> None:
    add(answered("price", "10"), answered("price", "10"), answered("errors", "500"))
    rows = break_down(lens()).reasons
    assert [row.reason.code for row in ranked(rows, "value")][:2] == ["errors", "price"]
    assert [row.reason.code for row in ranked(rows, "count")][:2] == ["price", "errors"]
    assert [row.reason.position for row in ranked(rows, "count")][2:] == sorted(
        row.reason.position for row in rows if not row.count
    )


def test_what_the_model_read_adds_up_to_the_answers() -> None:
    add(
        answered("price", words="Te duur.", read=("price", "rude_staff")),
        answered("price", words="Tja.", read="unsure"),
        answered("price", words="Nog niet gelezen."),
        answered("price", words="Ging mis.", read="failed"),
        answered("price", words=None),
        answered("price", words="???", read="no_words"),
        left(),
    )
    text = break_down(lens()).text
    assert (text.given, text.unsure, text.not_read, text.no_words) == (1, 1, 2, 2)
    assert text.answers == 6
    assert text.by_reason == {reason_id("price"): 1, reason_id("rude_staff"): 1}


def test_only_the_model_that_serves_is_quoted() -> None:
    add(answered("price", words="Te duur.", read=("price",)))
    newer = model("second")
    db.session.get_one(ServingModel, 1).model_version_id = newer
    db.session.flush()
    text = break_down(lens()).text
    assert (text.given, text.not_read, text.by_reason) == (0, 1, {})
    assert serving_model() == newer


def test_words_erased_before_they_were_read_are_not_waited_for() -> None:
    add(answered("price", words="Ik ben Jan."))
    response = db.session.query(Response).one()
    response.words = response.masked_words = None
    db.session.flush()
    text = break_down(lens()).text
    assert (text.not_read, text.no_words) == (0, 1)


def test_who_came_back_is_counted_and_said() -> None:
    add(left("80", returned_on=date(2026, 9, 1)), left("20"))
    found = break_down(lens())
    assert (found.returned, found.returned_value, found.lost_value) == (1, Decimal("80.00"), Decimal("100.00"))
    assert found.remaining_years == 4.0


def test_departures_of_newcomers_are_beyond_the_rate() -> None:
    newcomer = Person(visits=(THIRD_QUARTER.first,), left=(Left(THIRD_QUARTER.last),))
    add(left(), newcomer)
    found = break_down(lens())
    assert (found.count, found.now.rate.left, found.beyond_rate) == (2, 1, 1)


def test_a_difference_between_periods_is_real_only_where_its_interval_says_so() -> None:
    june = Person(left=(Left(date(2026, 6, 10)),))
    stay = [Person() for _ in range(60)]
    add(*stay, june, *[left() for _ in range(25)])
    found = break_down(lens())
    assert found.difference is not None
    assert found.difference.is_real
    quiet = break_down(lens(THIRD_QUARTER.before()))
    assert quiet.difference is not None
    assert not quiet.difference.is_real


def test_nothing_before_to_compare_with() -> None:
    add(Person(visits=(date(2026, 6, 1),), left=(Left(AUGUST),)))
    found = break_down(lens())
    assert found.difference is None
    assert (found.now.rate.left, found.now.rate.at_risk) == (1, 1)


def test_a_user_tied_to_a_branch_sees_only_that_branch() -> None:
    add(
        answered("price"),
        replace(answered("errors"), branch="Breda"),
        replace(answered("other"), branch=""),
        replace(left(), branch="Breda"),
    )
    breda = User(email="b", tied_to=[UserBranch(branch_id=branch_id("Breda"))])
    found = break_down(lens(user=breda))
    assert (found.count, found.customers, found.now.rate.left, found.answered) == (2, 2, 2, 1)
    assert (count_of(found, "errors"), count_of(found, "price"), count_of(found, "other")) == (1, 0, 0)
    theirs = break_down(lens(user=breda, branch="Utrecht"))
    assert (theirs.count, theirs.customers, theirs.now.rate.at_risk, theirs.last_departure) == (0, 0, 0, None)


def test_shown_amounts_add_up_to_the_shown_total() -> None:
    add(*[answered(code, "10.40") for code in ("price", "errors", "other", "premises")], left("0.45"))
    found = break_down(lens())
    whole = whole_amounts(found)
    assert sum(whole.values()) == 42
    assert all(abs(amount - row.lost_value) < 1 for row, amount in whole.items())
