"""The shares of all who left: whom they stand for, what they are made of, and what is left out."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import numpy as np
import pytest

from survey.accounts.models import User, UserBranch
from survey.clock import now, today
from survey.extensions import db
from survey.jobs.tasks import shares as shares_task
from survey.reasons.models import Classification, HumanLabel, ModelVersion, Review
from survey.reports.estimates import TICKED, WRITTEN, estimates_of, lost_by_reason, shares_of, widened
from survey.reports.findings import findings, findings_for, stored, to_store, work_out
from survey.reports.lens import Lens
from survey.reports.models import StoredFigure
from survey.reports.period import Period
from survey.responses.models import Response
from tests.reports.garage import (
    NOON,
    THIRD_QUARTER,
    Answer,
    Left,
    Person,
    add,
    branch_id,
    lens,
    reason_id,
    serving_model,
)

pytestmark = pytest.mark.usefixtures("context")
AUGUST = date(2026, 8, 10)
CODES = ["price", "rude_staff"]


def left(branch: str = "Utrecht", segment: str = "private", on: date = AUGUST, lost: str = "100.00") -> Person:
    return Person(left=(Left(on, Decimal(lost)),), branch=branch, segment=segment)


def wrote(main: str, real: str, **more: str) -> Person:
    """Ticks one reason and writes of another (`real`), as the model will read and people will find."""
    person = left(**more)  # type: ignore[arg-type]
    return replace(person, left=(replace(person.left[0], answer=Answer(main, words=real, read="unsure")),))


def somebody() -> int:
    found = db.session.query(User).first()
    if found is None:
        found = User(email="a@example.org", name="a", fs_uniquifier="a", created_at=now())
        db.session.add(found)
        db.session.flush()
    return found.id


def read_by_model(right: float = 0.9) -> None:
    """Give every answer its scores: `right` for what it really says, the rest for the other reason."""
    version = db.session.get_one(ModelVersion, serving_model())
    version.reason_codes = CODES
    for row in db.session.query(Classification):
        words = db.session.get_one(Response, row.response_id).words
        row.scores = np.array([right if code == words else 1 - right for code in CODES], "<f4").tobytes()
    db.session.commit()


def people_read(every: int = 1, on: datetime = NOON, stream: str = "audit") -> None:
    """People find what every answer really says, in one of so many."""
    for answer in db.session.query(Response).order_by(Response.id).all()[::every]:
        review = Review(
            response_id=answer.id, user_id=somebody(), state="reviewed", stream=stream, probability=1 / every,
            created_at=on,
        )  # fmt: skip
        review.labels = [HumanLabel(reason_id=reason_id(answer.words or ""))]
        db.session.add(review)
    db.session.commit()


def test_ticks_are_weighted_to_stand_for_all_who_left() -> None:
    """In Breda, where half of the people left, one in ten answers; in Utrecht one in two."""
    add(*[wrote("price", "price") for _ in range(40)], *[left() for _ in range(40)])
    add(*[wrote("rude_staff", "rude_staff", branch="Breda") for _ in range(8)], *[left("Breda") for _ in range(72)])
    found = shares_of(lens())
    rude, place = found.of("rude_staff"), [reason.code for reason in found.reasons].index("rude_staff")
    assert found.basis == TICKED
    assert (found.departures, found.answered, found.rate) == (160, 48, 0.3)
    assert rude is not None
    assert rude.estimate == pytest.approx(0.5, abs=0.08)
    assert found.raw[place].estimate == pytest.approx(8 / 48, abs=0.01)
    assert found.effective < 48
    low, high = found.widest[place]
    assert low < 8 / 160
    assert high > 8 / 160 + 0.7


def test_words_count_once_people_have_read_enough_and_correct_the_model() -> None:
    """Most tick the price and write of rude staff; the model takes half of those for the price."""
    add(*[wrote("price", "rude_staff") for _ in range(60)], *[wrote("price", "price") for _ in range(40)])
    read_by_model(right=0.6)
    assert shares_of(lens()).basis == TICKED
    people_read(every=2)
    found = shares_of(lens())
    rude, price = found.of("rude_staff"), found.of("price")
    assert (found.basis, found.reviewed, found.answers, found.unread) == (WRITTEN, 50, 100, 0)
    assert rude is not None
    assert price is not None
    assert rude.low < 0.6 < rude.high
    assert price.low < 0.4 < price.high
    assert rude.method == "difference"
    ticked = {reason.code: each.estimate for reason, each in zip(found.reasons, found.ticked, strict=True)}
    assert ticked["price"] == pytest.approx(1.0)


def test_a_few_labels_are_not_yet_enough() -> None:
    add(*[wrote("price", "rude_staff") for _ in range(60)])
    read_by_model()
    people_read(every=10)
    found = shares_of(lens())
    assert (found.basis, found.reviewed) == (TICKED, 6)


def test_labels_that_taught_the_model_are_left_out_and_where_most_did_the_model_is() -> None:
    add(*[wrote("price", "rude_staff") for _ in range(80)])
    read_by_model()
    people_read(every=2)
    version = db.session.get_one(ModelVersion, serving_model())
    version.origin, version.created_at = "trained", NOON
    db.session.commit()
    assert shares_of(lens()).taught == 0
    first = db.session.query(Review).order_by(Review.id).limit(5).all()
    for review in first:
        review.created_at = datetime.fromisoformat("2026-07-01T00:00:00+00:00")
    db.session.commit()
    some = shares_of(lens())
    assert (some.taught, some.without_model, some.answers) == (5, False, 75)
    db.session.query(Review).update({"created_at": datetime.fromisoformat("2026-07-01T00:00:00+00:00")})
    db.session.commit()
    most = shares_of(lens())
    assert (most.taught, most.without_model, most.answers, most.basis) == (40, True, 80, WRITTEN)
    rude = most.of("rude_staff")
    assert rude is not None
    assert rude.low > 0.85


def test_answers_another_version_read_are_left_out_and_said() -> None:
    add(*[wrote("price", "rude_staff") for _ in range(40)])
    read_by_model()
    db.session.query(Classification).filter(Classification.id <= 3).delete()
    db.session.commit()
    people_read()
    found = shares_of(lens())
    assert (found.unread, found.answers, found.answered) == (3, 37, 40)


def test_lost_value_goes_by_value_and_adds_up_over_what_can_be_influenced() -> None:
    db.session.execute(db.text("UPDATE reason SET influence = 'no' WHERE code = 'circumstances'"))
    dear = [wrote("rude_staff", "rude_staff", lost="900.00") for _ in range(20)]
    add(*dear, *[wrote("circumstances", "price", lost="100.00") for _ in range(20)])
    found = lost_by_reason(lens())
    assert found is not None
    amount = dict(zip(found.codes, found.each, strict=True))
    assert found.total == 20_000
    assert amount["rude_staff"].estimate == pytest.approx(18_000, rel=0.02)
    assert amount["rude_staff"].low < 18_000 < amount["rude_staff"].high
    assert found.can.estimate == pytest.approx(18_000, rel=0.02)
    assert found.cannot.estimate == pytest.approx(2_000, rel=0.2)
    assert all(low <= value <= high for value, low, high in found.rows)


def test_nobody_left_and_nobody_answered() -> None:
    assert (shares_of(lens()).best, lost_by_reason(lens())) == ((), None)
    add(left(), left())
    found = shares_of(lens())
    assert (found.best, found.departures, found.basis) == ((), 2, "")


def test_a_user_tied_to_a_branch_has_estimates_of_that_branch_alone() -> None:
    add(*[wrote("price", "price") for _ in range(5)], *[wrote("rude_staff", "rude_staff", branch="Breda")] * 4)
    breda = User(email="b", tied_to=[UserBranch(branch_id=branch_id("Breda"))])
    found = shares_of(lens(user=breda))
    assert found.departures == 4
    price = found.of("price")
    assert price is not None
    assert price.estimate == 0


def test_a_period_of_few_answers_is_told_by_the_year_up_to_its_end() -> None:
    spring = [wrote("price", "price", on=date(2026, 3, 3)) for _ in range(40)]  # type: ignore[arg-type]
    add(*spring, wrote("rude_staff", "rude_staff"))
    found = findings_for(lens(), date(2026, 11, 1))
    assert found is not None
    assert found.shares.lens.period == Period(date(2025, 10, 1), date(2026, 9, 30))
    assert found.shares.departures == 41
    assert widened(lens(Period(date(2024, 1, 1), date(2026, 9, 30))), date(2026, 11, 1)).period.first.year == 2024


def test_a_change_is_told_only_where_it_is_more_than_chance() -> None:
    spring = [wrote("price", "price", on=date(2026, 5, 5)) for _ in range(40)]  # type: ignore[arg-type]
    add(*spring, *[wrote("rude_staff", "rude_staff") for _ in range(30)], *[wrote("price", "price") for _ in range(10)])
    found = work_out(lens())
    assert found.contrasts is not None
    told = {found.shares.reasons[each.reason].code: each.estimate for each in found.contrasts.since}
    assert set(told) == {"price", "rude_staff"}
    assert told["rude_staff"] > 0.5
    assert found.contrasts.before == Period(date(2026, 4, 1), date(2026, 6, 30))
    assert {each.name for each in found.contrasts.steps} == {"2026-07-01"}
    assert [quarter.answers for quarter in found.contrasts.quarters][-2:] == [40, 40]
    assert (found.contrasts.segments, found.contrasts.branches) == ((), ())


def test_a_branch_that_differs_is_named() -> None:
    add(
        *[wrote("price", "price") for _ in range(40)],
        *[wrote("rude_staff", "price", branch="Breda") for _ in range(40)],
    )
    found = work_out(lens())
    assert found.contrasts is not None
    assert {each.name for each in found.contrasts.branches} == {"Breda", "Utrecht"}


def test_the_job_keeps_what_the_page_would_find_and_does_so_once_a_view(monkeypatch: pytest.MonkeyPatch) -> None:
    on = today()
    add(*[wrote("price", "rude_staff", on=on) for _ in range(40)])  # type: ignore[arg-type]
    read_by_model()
    people_read()
    assert shares_task.run()["views"] == shares_task.run()["views"] == db.session.query(StoredFigure).count() > 0
    view = Lens(User(email="", tied_to=[]), Period(on.replace(day=1, month=(on.month - 1) // 3 * 3 + 1), on))
    kept, fresh = stored(view), work_out(view)
    assert kept is not None
    assert to_store(kept) == to_store(fresh)
    now_found = findings(view)
    assert now_found is not None
    assert (now_found.compared_on, now_found.as_of) == (on, None)
    monkeypatch.setattr("survey.reports.findings.LIVE", 10)
    from_job = findings(view)
    assert from_job is not None
    assert from_job.as_of == on
    assert findings(replace(view, segment="nobody else")) is not None
    assert findings(replace(view, segment="private")) is None


def test_the_number_of_questions_does_not_grow_with_the_answers() -> None:
    asked: list[str] = []
    db.event.listen(db.engine, "before_cursor_execute", lambda *about: asked.append(about[2]))
    add(wrote("price", "price"))
    asked.clear()
    estimates_of(lens())
    few = len(asked)
    add(*[wrote("price", "price") for _ in range(20)])
    asked.clear()
    estimates_of(lens())
    assert len(asked) == few
    assert lens().period == THIRD_QUARTER
