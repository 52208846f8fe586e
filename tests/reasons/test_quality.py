"""How well the serving model reads by what people found, and how far the audit sample has come."""

import pytest
from sqlalchemy import select

from survey.accounts.models import User, UserBranch
from survey.clock import now
from survey.extensions import db
from survey.reasons.agreeing import agreement
from survey.reasons.models import ModelVersion
from survey.reasons.quality import FIRST, audit_labels, model_quality, progress
from survey.taxonomy.models import Reason, TaxonomyChange
from tests import stories
from tests.reasons.checked import answer, audited, person

pytestmark = pytest.mark.usefixtures("context")


@pytest.fixture
def reader() -> int:
    return person("anna")


@pytest.fixture
def version() -> ModelVersion:
    return stories.model()


def user(key: int) -> User:
    return db.session.get_one(User, key)


def of(found, code):
    return next(each for each in found.reasons if each.reason.code == code)


def test_counts_what_is_right_and_what_is_found(version: ModelVersion, reader: int) -> None:
    for found, read, times in (
        ("price", "price", 6),
        ("price", "", 2),
        ("", "price", 3),
        ("rude_staff", "rude_staff", 1),
    ):
        for _ in range(times):
            audited(version, reader, found, read)
    quality = model_quality(version, audit_labels()).all
    price = of(quality, "price").quality
    assert (price.positives, quality.answers) == (8, 12)
    assert price.precision.value == pytest.approx(6 / 9)
    assert price.recall.value == pytest.approx(6 / 8)
    assert price.precision.low < 6 / 9 < price.precision.high
    # 7 of the 9 reasons that are there are found, 7 of the 10 that are given are right
    assert quality.overall.recall.value == pytest.approx(7 / 9)
    assert quality.overall.precision.value == pytest.approx(7 / 10)
    assert of(quality, "rude_staff").more == 19 * 12


def test_only_the_audit_sample_counts_and_each_language_by_itself(version: ModelVersion, reader: int) -> None:
    audited(version, reader, "price", "price", language="nl")
    audited(version, reader, "price", "", language="en")
    useful = answer()
    stories.classified(useful, version)
    stories.review(useful, reader, "price", stream="useful", probability=0.5)
    unread = answer()
    stories.review(unread, reader, "price", stream="audit", probability=0.1)
    found = model_quality(version, audit_labels())
    assert found.all.answers == 2
    assert of(found.languages["nl"], "price").quality.recall.value == 1
    assert of(found.languages["en"], "price").quality.recall.value == 0


def test_nothing_reviewed_is_nothing_known(version: ModelVersion, reader: int) -> None:
    found = model_quality(version, audit_labels())
    assert (found.all.answers, found.all.overall.recall.value, found.languages) == (0, None, {})
    assert progress(user(reader)).more == FIRST
    assert "50 more audit answers until it is known" in progress(user(reader)).sentence


def test_reasons_count_as_what_they_are_today(version: ModelVersion, reader: int) -> None:
    """The model gives a reason that was merged since; people found it under its old name and its new one."""
    audited(version, reader, "slow_service", "slow_service")
    audited(version, reader, "inconvenience", "slow_service")
    old = db.session.scalars(select(Reason).where(Reason.code == "slow_service")).one()
    old.active = False
    db.session.add(TaxonomyChange(kind="merge", code="slow_service", into=["inconvenience"], at=now()))
    db.session.flush()
    found = of(model_quality(version, audit_labels()).all, "inconvenience").quality
    assert (found.positives, found.recall.value, found.precision.value) == (2, 1, 1)
    assert not [
        each for each in model_quality(version, audit_labels()).all.reasons if each.reason.code == "slow_service"
    ]


def test_a_reason_newer_than_the_model_is_named_not_measured(reader: int) -> None:
    version = stories.model(("price", "rude_staff"))
    audited(version, reader, "price", "price")
    found = model_quality(version, audit_labels())
    assert [each.reason.code for each in found.all.reasons] == ["price", "rude_staff"]
    unknown = [reason.code for reason in found.unknown]
    assert "errors" in unknown
    assert "other" not in unknown


def test_who_is_tied_to_a_branch_sees_its_answers_only(version: ModelVersion, reader: int) -> None:
    delft, gouda = stories.branch("Delft"), stories.branch("Gouda")
    audited(version, reader, "price", "price", branch=delft)
    audited(version, reader, "price", "", branch=gouda)
    audited(version, reader, "price", "")
    tied = user(person("bert"))
    tied.tied_to = [UserBranch(branch_id=delft.id)]
    db.session.flush()
    mine = model_quality(version, audit_labels(tied)).all
    assert (mine.answers, of(mine, "price").quality.recall.value) == (1, 1)
    assert model_quality(version, audit_labels(user(reader))).all.answers == 3
    assert (progress(tied).reviewed, progress(user(reader)).reviewed) == (1, 3)


def test_progress_says_how_many_more_and_for_which_main_reasons(version: ModelVersion, reader: int) -> None:
    for place in range(60):
        audited(version, reader, ("price", "price", "errors", "")[place % 4] if place else "premises", "")
    found = progress(user(reader))
    # price 29 of 60, errors 15 of 60: 5 more take 20 answers; premises 1 of 60 is no main reason
    assert found.reviewed == 60
    assert [(short.reason.code, short.positives, short.more) for short in found.short] == [("errors", 15, 20)]
    assert found.more == 20
    assert "20 more audit answers until every main reason has an honest interval" in found.sentence


def test_progress_ends(version: ModelVersion, reader: int) -> None:
    for _ in range(FIRST):
        audited(version, reader, "price", "price")
    assert progress(user(reader)).more == 0
    assert progress(user(reader)).sentence == "Every main reason has an honest interval."


def test_agreement_of_two_who_read_the_same(version: ModelVersion) -> None:
    anna, bert = person("anna"), person("bert")
    for place in range(40):
        row = answer()
        one, other = ("price", "price") if place < 16 else ("price", "") if place < 20 else ("", "")
        stories.review(row, anna, *filter(None, [one]))
        stories.review(row, bert, *filter(None, [other]))
    swayed = answer()
    stories.review(swayed, anna, "price", model_shown=True)
    stories.review(swayed, bert, model_shown=True)
    found = agreement(user(anna))
    assert (found.answers, found.people) == (40, 2)
    assert [(pair.names, pair.answers) for pair in found.pairs] == [("anna – bert", 40)]  # noqa: RUF001
    price = of(found, "price")
    # by hand: they agree on 36 of 40; by chance (20 * 16 + 20 * 24) / 1600 = one half
    assert price.kappas[0] is not None
    assert price.kappas[0].estimate == pytest.approx(0.8)
    # Krippendorff's alpha: 1 - (80 - 1) * 8 / (2 * 36 * 44)
    assert price.alpha is not None
    assert price.alpha.estimate == pytest.approx(1 - 79 * 4 / (36 * 44))
    assert price.alpha.low is not None
    assert price.alpha.low < price.alpha.estimate
    assert of(found, "errors").alpha is None


def test_one_reader_is_no_agreement(version: ModelVersion, reader: int) -> None:
    audited(version, reader, "price", "price")
    assert agreement(user(reader)).answers == 0
