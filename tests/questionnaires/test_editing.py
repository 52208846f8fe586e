"""The draft of a questionnaire: every edit, somebody else's edit meanwhile, and what publishing makes of it."""

from typing import Any

import pytest
from sqlalchemy import select

from survey.extensions import db
from survey.questionnaires import content as contents
from survey.questionnaires import editing, files
from survey.questionnaires.comparing import changes
from survey.questionnaires.editing import DOWN, UP, Asking, CannotEdit, ChangedMeanwhile
from survey.questionnaires.models import Questionnaire, QuestionnaireVersion, TargetingRule
from survey.questionnaires.publishing import (
    Wording,
    newest_of,
    publish,
    published,
    standing,
    versions_of,
    with_all_texts,
)
from survey.questionnaires.versions import Version
from survey.taxonomy import changing
from survey.taxonomy.changing import NewReason
from survey.taxonomy.models import Reason
from tests.stories import MOMENT

pytestmark = pytest.mark.usefixtures("context")

COMPARED = Asking(
    "one",
    {"nl": "Vergeleken met wie?", "en": "Compared with whom?"},
    [
        {"code": "", "nl": "Andere garage", "en": "Another garage", "pinned_last": False},
        {"code": "", "nl": "Anders", "en": "Other", "pinned_last": True},
    ],
    shuffled=True,
    after="price",
)
WALLET = Asking("number", {"nl": "Van de laatste tien keer?", "en": "Of the last ten?"}, measures="wallet")


@pytest.fixture
def exit_one() -> Questionnaire:
    return db.session.scalars(select(Questionnaire)).one()


def claimed(row: Questionnaire) -> Questionnaire:
    return editing.claim(row.id, row.draft_edits)


def texts(row: Questionnaire, **changed: tuple[str, str]) -> dict[str, dict[str, str]]:
    """The texts as they stand, with some changed: `title=("nl", "en")`."""
    standing_texts = standing(row)["texts"]
    return {
        lang: standing_texts[lang] | {name: words[place] for name, words in changed.items()}
        for place, lang in enumerate(("nl", "en"))
    }


def questions(row: Questionnaire) -> list[dict[str, Any]]:
    return standing(row)["questions"]


def test_an_edit_goes_into_the_draft_and_nobody_sees_it(exit_one: Questionnaire) -> None:
    before = newest_of(exit_one.id).content
    assert editing.save_texts(claimed(exit_one), texts(exit_one, title=("Waarom?", "Why?")))
    assert standing(exit_one)["texts"]["en"]["title"] == "Why?"
    assert newest_of(exit_one.id).content == before
    assert exit_one.draft_edits == 1


def test_what_was_not_changed_is_no_edit_and_what_was_put_back_is_no_draft(exit_one: Questionnaire) -> None:
    assert not editing.save_texts(claimed(exit_one), texts(exit_one))
    assert exit_one.draft is None
    old = texts(exit_one)
    editing.save_texts(claimed(exit_one), texts(exit_one, title=("Waarom?", "Why?")))
    editing.save_texts(claimed(exit_one), old)
    assert exit_one.draft is None
    assert exit_one.draft_edits == 2


def test_somebody_elses_edit_is_seen(exit_one: Questionnaire) -> None:
    seen = exit_one.draft_edits
    editing.save_texts(claimed(exit_one), texts(exit_one, title=("Waarom?", "Why?")))
    with pytest.raises(ChangedMeanwhile):
        editing.claim(exit_one.id, seen)
    with pytest.raises(LookupError):
        editing.claim(999, 0)


def test_a_question_gets_a_key_and_codes_of_its_own_for_ever(exit_one: Questionnaire) -> None:
    key = editing.add_question(claimed(exit_one), COMPARED)
    assert key == "compared_with_whom"
    (asked,) = questions(exit_one)
    assert [choice["code"] for choice in asked["choices"]] == ["another_garage", "other"]
    editing.publish_draft(claimed(exit_one))
    editing.remove_question(claimed(exit_one), key)
    again = editing.add_question(claimed(exit_one), COMPARED)
    assert again == "compared_with_whom_2"


def test_a_choice_keeps_its_code_when_it_is_put_otherwise(exit_one: Questionnaire) -> None:
    key = editing.add_question(claimed(exit_one), COMPARED)
    first, last = questions(exit_one)[0]["choices"]
    new = {"code": "", "nl": "Internet", "en": "Another garage", "pinned_last": False}
    forged = {"code": "no_such_code", "nl": "x", "en": "Forged", "pinned_last": False}
    choices = [first | {"en": "A garage nearby"}, new, forged, last]
    editing.save_question(claimed(exit_one), key, Asking("one", COMPARED.texts, choices, after="price"))
    codes = [choice["code"] for choice in questions(exit_one)[0]["choices"]]
    assert codes == ["another_garage", "another_garage_2", "forged", "other"]


def test_the_kind_of_a_question_stays(exit_one: Questionnaire) -> None:
    key = editing.add_question(claimed(exit_one), COMPARED)
    editing.save_question(claimed(exit_one), key, Asking("long", COMPARED.texts, COMPARED.choices))
    assert questions(exit_one)[0]["kind"] == "one"


def test_questions_move_among_those_of_the_same_place(exit_one: Questionnaire) -> None:
    for number in (1, 2):
        editing.add_question(claimed(exit_one), Asking("short", {"nl": f"V{number}", "en": f"Q{number}"}))
        editing.add_question(
            claimed(exit_one), Asking("short", {"nl": f"P{number}", "en": f"P{number}"}, after="price")
        )
    assert [q["key"] for q in questions(exit_one)] == ["q1", "p1", "q2", "p2"]
    assert editing.move_question(claimed(exit_one), "q2", UP)
    assert [q["key"] for q in contents.followups(standing(exit_one), "")] == ["q2", "q1"]
    assert [q["key"] for q in contents.followups(standing(exit_one), "price")] == ["p1", "p2"]
    assert not editing.move_question(claimed(exit_one), "q2", UP)
    assert editing.move_question(claimed(exit_one), "p1", DOWN)
    assert [q["key"] for q in contents.followups(standing(exit_one), "price")] == ["p2", "p1"]
    assert not editing.move_question(claimed(exit_one), "nothing", DOWN)


@pytest.mark.parametrize(
    ("first", "second"), [(COMPARED, COMPARED), (WALLET, Asking("number", {"nl": "b", "en": "b"}, measures="wallet"))]
)
def test_what_is_there_already_is_refused(exit_one: Questionnaire, first: Asking, second: Asking) -> None:
    editing.add_question(claimed(exit_one), first)
    with pytest.raises(CannotEdit):
        editing.add_question(claimed(exit_one), second)


def test_there_is_an_end_to_questions(exit_one: Questionnaire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(editing, "MOST_QUESTIONS", 1)
    editing.add_question(claimed(exit_one), COMPARED)
    with pytest.raises(CannotEdit, match="Remove one first"):
        editing.add_question(claimed(exit_one), WALLET)


def test_publishing_makes_a_version_and_the_old_ones_stay(exit_one: Questionnaire) -> None:
    first = newest_of(exit_one.id)
    before = dict(first.content)
    editing.add_question(claimed(exit_one), COMPARED)
    made = editing.publish_draft(claimed(exit_one))
    assert (made.version, exit_one.draft) == (2, None)
    shown = Version.of(made.content)
    assert shown.questions[0].after == "price"
    assert shown.questions[0].ordered(3)[-1].code == "other"
    db.session.refresh(first)
    assert first.content == before
    assert editing.publish_draft(claimed(exit_one)) is None
    assert len(versions_of(exit_one.id)) == 2


def test_what_is_not_translated_is_not_published(exit_one: Questionnaire) -> None:
    half = Asking("one", {"nl": "Waarom?", "en": ""}, [COMPARED.choices[0], COMPARED.choices[1] | {"nl": ""}])
    editing.add_question(claimed(exit_one), half)
    editing.save_texts(claimed(exit_one), texts(exit_one, thanks=("", "Thanks."), intro_once=("In {when}.", "")))
    missing = contents.untranslated(standing(exit_one))
    assert [(p.part, p.name, p.choice, p.missing) for p in missing] == [
        ("text", "intro_once", "", ("en",)),
        ("text", "thanks", "", ("nl",)),
        ("question", "waarom", "", ("en",)),
        ("choice", "waarom", "other", ("nl",)),
    ]
    with pytest.raises(CannotEdit, match="4 texts"):
        editing.publish_draft(claimed(exit_one))
    assert len(versions_of(exit_one.id)) == 1


def test_a_text_that_may_be_empty_is_not_missing_and_not_stored(exit_one: Questionnaire) -> None:
    editing.save_texts(claimed(exit_one), texts(exit_one, title=("Waarom?", "Why?")))
    assert contents.untranslated(standing(exit_one)) == []
    made = editing.publish_draft(claimed(exit_one))
    assert "intro_once" not in made.content["texts"]["nl"]


def test_going_back_is_publishing_an_old_content_again(exit_one: Questionnaire) -> None:
    first = newest_of(exit_one.id)
    editing.save_texts(claimed(exit_one), texts(exit_one, title=("Waarom?", "Why?")))
    editing.publish_draft(claimed(exit_one))
    again = editing.publish_again(claimed(exit_one), first)
    assert again.version == 3
    assert with_all_texts(again.content) == with_all_texts(first.content)


def test_a_change_of_the_reasons_carries_the_questions_and_the_draft(exit_one: Questionnaire) -> None:
    editing.add_question(claimed(exit_one), COMPARED)
    editing.publish_draft(claimed(exit_one))
    editing.save_wordings(claimed(exit_one), {"errors": {"nl": "Eigen", "en": "Own"}})
    edits = exit_one.draft_edits
    code = changing.add(NewReason("Spaaractie voorbij", "Loyalty scheme ended"), None).code
    (made,) = publish({code: Wording("Sparen kon niet", "No more points"), "price": Wording("Te duur", "Too dear")})
    assert [q["key"] for q in made.content["questions"]] == ["compared_with_whom"]
    draft = {o["code"]: o["en"] for o in exit_one.draft["options"]}
    assert (draft[code], draft["price"], draft["errors"]) == ("No more points", "Too dear", "Own")
    assert exit_one.draft_edits == edits + 1
    published_now = {o["code"]: o["en"] for o in newest_of(exit_one.id).content["options"]}
    assert published_now["errors"] != "Own"
    publish()
    assert exit_one.draft_edits == edits + 1


def test_a_question_after_a_reason_that_is_gone_is_kept_and_told(exit_one: Questionnaire) -> None:
    editing.add_question(claimed(exit_one), COMPARED)
    changing.retire(db.session.scalars(select(Reason).where(Reason.code == "price")).one(), None)
    publish()
    assert [q["key"] for q in contents.lost_followups(standing(exit_one))] == ["compared_with_whom"]


def test_a_new_one_is_a_draft_until_it_is_published() -> None:
    row = editing.start("Garage", files.businesses()["garage"].content)
    assert newest_of(row.id) is None
    assert contents.untranslated(standing(row)) == []
    made = editing.publish_draft(claimed(row))
    assert made.version == 1
    with pytest.raises(CannotEdit, match="garage"):
        editing.start("garage", contents.blank())
    empty = editing.start("Leeg", contents.blank())
    editing.discard(claimed(empty))
    assert db.session.get(Questionnaire, empty.id) is None


def test_discarding_leaves_what_was_published(exit_one: Questionnaire) -> None:
    editing.add_question(claimed(exit_one), COMPARED)
    editing.discard(claimed(exit_one))
    assert standing(exit_one) == published(exit_one)


def test_the_last_one_and_one_that_rules_use_stay_in_use(exit_one: Questionnaire) -> None:
    with pytest.raises(CannotEdit, match="only questionnaire"):
        editing.retire(claimed(exit_one))
    other = editing.start("Garage", files.businesses()["garage"].content)
    editing.publish_draft(claimed(other))
    rule = TargetingRule(
        name="Members", position=1, questionnaire_id=other.id, channel="mail", conditions={}, changed_at=MOMENT
    )
    db.session.add(rule)
    db.session.flush()
    with pytest.raises(CannotEdit, match="Members"):
        editing.retire(claimed(other))
    rule.active = False
    editing.retire(claimed(other))
    changing.add(NewReason("Spaaractie voorbij", "Loyalty scheme ended"), None)
    assert [version.questionnaire_id for version in publish()] == [exit_one.id]
    editing.restore(claimed(other))
    assert newest_of(other.id).version == 2


def test_what_changed_is_told_in_words(exit_one: Questionnaire) -> None:
    key = editing.add_question(claimed(exit_one), COMPARED)
    editing.add_question(claimed(exit_one), WALLET)
    before = standing(exit_one)
    editing.save_texts(
        claimed(exit_one), texts(exit_one, title=("Waarom?", "Why?"), intro_once=("In {when}.", "In {when}."))
    )
    editing.save_wordings(claimed(exit_one), {"price": {"nl": "De prijs", "en": "Too dear"}})
    kept = questions(exit_one)[0]["choices"][0] | {"pinned_last": True}
    new = {"code": "", "nl": "Internet", "en": "Online", "pinned_last": False}
    editing.save_question(
        claimed(exit_one), key, Asking("one", COMPARED.texts, [new, kept], after="errors", required=True)
    )
    editing.remove_question(claimed(exit_one), "of_the_last_ten")
    editing.add_question(claimed(exit_one), Asking("scale", {"nl": "Terug?", "en": "Back?"}, after="errors"))
    assert changes(before, standing(exit_one), "en") == [
        "Title, Dutch: “Waarom kwam u niet meer?” became “Waarom?”.",
        "Title, English: “What made you stop coming?” became “Why?”.",
        "First sentence for who came in one month only, Dutch: now says “In {when}.”.",
        "First sentence for who came in one month only, English: now says “In {when}.”.",
        "Reason, English: “The price” became “Too dear”.",
        "“Compared with whom?” offers “Online”.",
        "“Another garage” always stands last.",
        "“Compared with whom?” no longer offers “Other”.",
        "“Compared with whom?” is asked at another place.",
        "“Compared with whom?” has to be answered.",
        "The choices of “Compared with whom?” stand in the same order for everybody.",
        "New question after “Mistakes, for example on the bill”: “Back?” (0 to 10).",
        "The question “Of the last ten?” is no longer asked.",
    ]
    assert changes(before, before, "en") == []


def test_versions_are_rows_of_their_own(exit_one: Questionnaire) -> None:
    editing.add_question(claimed(exit_one), COMPARED)
    editing.publish_draft(claimed(exit_one))
    assert db.session.scalars(select(QuestionnaireVersion.version).order_by(QuestionnaireVersion.id)).all() == [1, 2]
