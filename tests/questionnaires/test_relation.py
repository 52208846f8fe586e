"""The sentence that names the relation, in both languages."""

from datetime import date

import pytest
from flask_babel import force_locale

from survey.questionnaires.relation import relation_sentence
from survey.questionnaires.versions import Version

TODAY = date(2026, 11, 21)
TEXTS = {"nl": {"intro": "Van {since} tot {until}."}, "en": {"intro": "From {since} to {until}."}}
PLAIN = Version.of({"texts": TEXTS, "options": []})


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("first", "last", "dutch", "english"),
    [
        (date(2021, 4, 1), date(2026, 3, 14), "Van 2021 tot maart.", "From 2021 to March."),
        (date(2021, 4, 1), date(2025, 12, 31), "Van 2021 tot december.", "From 2021 to December."),
        (date(2021, 4, 1), date(2025, 11, 30), "Van 2021 tot november 2025.", "From 2021 to November 2025."),
        (date(2026, 1, 1), date(2026, 2, 1), "Van januari tot februari.", "From January to February."),
    ],
)
def test_from_and_to(context: None, first: date, last: date, dutch: str, english: str) -> None:
    assert relation_sentence(PLAIN, "nl", (first, last), TODAY) == dutch
    assert relation_sentence(PLAIN, "en", (first, last), TODAY) == english


@pytest.mark.sqlite
@pytest.mark.parametrize("first", [None, date(2026, 3, 1), date(2026, 3, 14)])
def test_who_came_in_one_month_only(context: None, first: date | None) -> None:
    with force_locale("en"):
        told = relation_sentence(PLAIN, "en", (first, date(2026, 3, 14)), TODAY)
    assert told == "You came to us in March. We would like to learn why you stopped."


@pytest.mark.sqlite
def test_a_questionnaire_may_have_its_own_words_for_that(context: None) -> None:
    texts = {"nl": TEXTS["nl"] | {"intro_once": "U kwam in {when}."}}
    version = Version.of({"texts": texts, "options": []})
    assert relation_sentence(version, "nl", (None, date(2026, 3, 14)), TODAY) == "U kwam in maart."
