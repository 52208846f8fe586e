"""Looking for new reasons: what is a candidate, what is shown, what is not shown again, and that twice is once."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select, update

from survey.clock import now
from survey.extensions import db
from survey.jobs.tasks import classify, find_themes
from survey.notices import Notice, standing
from survey.reasons import finding_themes, judging_themes, unfit, versions
from survey.reasons.classifying import Group
from survey.reasons.models import ModelVersion, Theme, ThemeAnswer
from survey.responses.models import Response
from survey.rights.erasing import customer_called, erase_person
from tests import stories
from tests.reasons import checked, themed

pytestmark = pytest.mark.usefixtures("context")


def themes() -> list[Theme]:
    return list(db.session.scalars(select(Theme).order_by(Theme.size.desc(), Theme.id)))


def answers_of(theme: Theme) -> set[int]:
    return set(db.session.scalars(select(ThemeAnswer.response_id).where(ThemeAnswer.theme_id == theme.id)))


def words_of(theme: Theme) -> set[str]:
    return {word for word, _ in theme.words}


def serving() -> ModelVersion:
    version = versions.serving()
    assert version is not None
    return version


@pytest.fixture
def read() -> list[int]:
    """The tracker in two languages beside ordinary answers, read by the real model; those about the tracker."""
    about_it = themed.two_languages()
    db.session.commit()
    classify.run()
    return about_it


def test_one_thing_told_in_two_languages_becomes_one_group(read: list[int]) -> None:
    outcome = find_themes.run()
    assert outcome == {"groups": 1, "new": 1}
    (theme,) = themes()
    assert len(answers_of(theme) & set(read)) >= 8
    assert len(answers_of(theme) - set(read)) <= 1
    assert {"kastje", "tracker"} <= words_of(theme)
    assert not {"ik", "een", "the"} & words_of(theme)
    assert theme.size == len(answers_of(theme))


def test_people_are_told_without_more_of_the_words_than_the_typical_ones(read: list[int]) -> None:
    find_themes.run()
    (theme,) = themes()
    (notice,) = standing()
    assert notice.link == "/themes"
    assert notice.values["answers"] == theme.size
    assert set(notice.values["words"].split(", ")) <= words_of(theme)
    assert notice.sentence == f"{theme.size} answers are about “{notice.values['words']}” and fit no reason."


def test_twice_is_the_same_group_and_tells_nobody_again(read: list[int]) -> None:
    find_themes.run()
    (before,) = themes()
    told = (before.id, before.words, answers_of(before))
    db.session.execute(update(Notice).values(mailed_at=now()))
    db.session.commit()
    assert find_themes.run() == {"groups": 1, "new": 0}
    (after,) = themes()
    assert (after.id, after.words, answers_of(after)) == told
    (notice,) = standing()
    assert notice.mailed_at is not None


def test_the_same_answers_give_the_same_groups(read: list[int]) -> None:
    version = serving()
    assert finding_themes.look(version) == finding_themes.look(version) != []


def test_a_word_stands_for_a_group_only_where_three_answers_have_it(read: list[int]) -> None:
    find_themes.run()
    (theme,) = themes()
    texts = list(db.session.scalars(select(Response.masked_words).where(Response.id.in_(answers_of(theme)))))
    for word in words_of(theme):
        assert sum(word in str(text).lower() for text in texts) >= 3, word


def test_masked_names_are_never_typical() -> None:
    for words in themed.TRACKER["nl"]:
        themed.answer(f"{words} Bel mij op 06-12345678")
    themed.ordinary()
    db.session.commit()
    classify.run()
    find_themes.run()
    words = {word for theme in themes() for word in words_of(theme)}
    assert "kastje" in words
    assert not [word for word in words if "[" in word or "phone" in word]


def test_dismissed_is_not_shown_again_and_what_came_in_since_goes_with_it(read: list[int]) -> None:
    find_themes.run()
    (theme,) = themes()
    judging_themes.dismiss(theme.id)
    for words in (
        "Zo'n kastje in mijn auto wil ik niet.",
        "Dat kastje in de auto volgt mij.",
        "Geen kastje in mijn auto.",
    ):
        themed.answer(words)
    db.session.commit()
    classify.run()
    assert find_themes.run() == {"groups": 0, "new": 0}
    assert [t.state for t in themes()] == ["dismissed"]
    assert standing() == []


def test_reopened_it_is_shown_again_under_its_own_number(read: list[int]) -> None:
    find_themes.run()
    (theme,) = themes()
    judging_themes.dismiss(theme.id)
    judging_themes.reopen(theme.id)
    db.session.commit()
    assert find_themes.run() == {"groups": 1, "new": 0}
    assert [t.id for t in themes()] == [theme.id]


def test_group_that_is_no_longer_there_goes_with_its_notice(read: list[int]) -> None:
    find_themes.run()
    db.session.execute(update(Response).values(created_at=now() - timedelta(days=400)))
    db.session.commit()
    assert find_themes.run() == {"groups": 0, "new": 0}
    assert themes() == []
    assert standing() == []


def test_nothing_to_do_before_the_first_model() -> None:
    assert find_themes.run() == {}


def test_an_erased_person_takes_no_part(read: list[int]) -> None:
    find_themes.run()
    (theme,) = themes()
    gone = min(answers_of(theme))
    who = db.session.execute(
        select(stories.Customer.external_id)
        .join(stories.Invitation, stories.Invitation.customer_id == stories.Customer.id)
        .join(Response, Response.invitation_id == stories.Invitation.id)
        .where(Response.id == gone)
    ).scalar_one()
    erase_person(customer_called(who), "operator")
    db.session.commit()
    find_themes.run()
    assert all(gone not in answers_of(theme) for theme in themes())


@pytest.fixture
def version() -> ModelVersion:
    return stories.model()


def candidates(version: ModelVersion) -> set[int]:
    query = select(Response.id).where(unfit.fits_no_reason(version))
    return set(db.session.scalars(query))


def masked(words: str = "De app werkt niet.", **given: Any) -> Response:
    row = themed.answer(words, **given)
    row.masked_words = words
    db.session.flush()
    return row


def test_candidates_are_unsure_or_read_weakly(version: ModelVersion) -> None:
    unsure, weak, likely = masked(), masked(), masked()
    stories.classified(unsure, version, price=0.3)
    row = stories.classified(weak, version, price=0.5)
    db.session.execute(update(stories.ClassifiedReason).values(probability=0.49))
    assert row.state == "given"
    stories.classified(likely, version, price=0.5)
    assert candidates(version) == {unsure.id, weak.id}


def test_candidates_have_words_of_the_last_year(version: ModelVersion) -> None:
    fresh, old, empty = masked(), masked(days_ago=366), masked()
    empty.masked_words = None
    for row in (fresh, old, empty):
        stories.classified(row, version)
    assert candidates(version) == {fresh.id}


def test_what_people_found_counts_but_other_is_no_reason(version: ModelVersion) -> None:
    reader = checked.person("reader")
    found, other, none, skipped = masked(), masked(), masked(), masked()
    for row in (found, other, none, skipped):
        stories.classified(row, version)
    stories.review(found, reader, "price")
    stories.review(other, reader, "other")
    stories.review(none, reader)
    stories.review(skipped, reader, state="skipped")
    assert candidates(version) == {other.id, none.id, skipped.id}


def group(rows: list[Response], *words: str) -> Group:
    return Group([row.id for row in rows], [(word, 3.0) for word in words or ("app",)])


def test_a_group_whose_customers_ticked_one_and_the_same_reason_is_not_new(version: ModelVersion) -> None:
    same = [masked(main="price") for _ in range(6)]
    mixed = [masked(main=code) for code in ("price", "price", "price", "errors", "other", "other")]
    outcome = finding_themes.keep([group(same, "duur"), group(mixed, "app")], version)
    assert outcome == {"groups": 1, "new": 1}
    assert [words_of(theme) for theme in themes()] == [{"app"}]


@pytest.mark.parametrize(("judged", "shown"), [(4, 0), (3, 1)])
def test_a_group_is_left_out_where_more_than_half_was_judged(version: ModelVersion, judged: int, shown: int) -> None:
    rows = [masked() for _ in range(6)]
    themed.theme(version, rows[:judged], state="dismissed")
    assert finding_themes.keep([group(rows)], version)["groups"] == shown
    opened = [theme for theme in themes() if theme.state == "open"]
    assert [answers_of(theme) for theme in opened] == [{row.id for row in rows[judged:]}] * shown


def test_a_judged_group_never_changes(version: ModelVersion) -> None:
    rows = [masked() for _ in range(5)]
    themed.theme(version, rows, "kastje", state="dismissed")
    finding_themes.keep([], version)
    finding_themes.keep([group(rows, "app")], version)
    assert [(theme.state, words_of(theme)) for theme in themes()] == [("dismissed", {"kastje"})]


def test_ten_times_the_answers_take_as_many_statements(version: ModelVersion) -> None:
    rows = [masked() for _ in range(66)]
    small, large = group(rows[:6], "app"), group(rows[6:], "app")
    statements: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    finding_themes.keep([small], version)
    few = len(statements)
    finding_themes.keep([], version)
    statements.clear()
    finding_themes.keep([large], version)
    assert len(statements) <= few + 1  # where the number is taken again, its notice opens again
    assert db.session.scalar(select(func.count(ThemeAnswer.response_id))) == 60
