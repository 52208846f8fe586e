"""The sentence that names the relation, in both languages."""

import struct
from datetime import date, timedelta

import pytest
from flask_babel import force_locale

from survey.questionnaires.relation import PLACEHOLDERS, SHIPPED, Spell, relation_sentence, rhythm_of, spell_of
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


def visits(last: date, *gaps: int) -> list[date]:
    """Days of visits up to the last, with these days between them, the latest first."""
    days = [last]
    for gap in gaps:
        days.append(days[-1] - timedelta(days=gap))
    return sorted(days)


def packed(days: list[date]) -> bytes:
    return b"".join(struct.pack(">iq", (day - date(1970, 1, 1)).days, 1000) for day in days)


LAST = date(2026, 3, 3)


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("gaps", "rhythm"),
    [
        ((30, 31, 29, 33, 28), "month"),
        ((30, 31, 29, 33), ""),  # five visits are too few to call it a habit
        ((30, 31, 29, 33, 55, 28, 30, 31), ""),  # a month was left out
        ((30, 31, 29, 40, 28, 30, 31), "month"),
        ((30, 41, 29, 40, 28, 30, 31), ""),
        ((7,) * 8, "week"),
        ((7, 14, 7, 7, 7, 7, 7, 7, 7, 7), ""),
        ((3, 4) * 8, ""),
        ((14, 13, 15, 14, 14), "two_weeks"),
        ((91, 90, 92, 91), "quarter"),
        ((365, 350, 371), "year"),
        ((365, 350), ""),
        ((30,) * 12 + (400, 3, 90), "month"),  # what they used to do long ago does not matter
        ((), ""),
    ],
)
def test_a_rhythm_is_said_only_where_it_was_kept(context: None, gaps: tuple[int, ...], rhythm: str) -> None:
    assert rhythm_of(visits(LAST, *gaps)) == rhythm


@pytest.mark.sqlite
def test_visits_are_counted_where_none_can_be_missing(context: None) -> None:
    days = visits(LAST, 10, 90, 30)
    later = [*days, LAST + timedelta(days=40)]
    assert spell_of(days[0], days[0] - timedelta(days=20), LAST, packed(later)) == Spell(days[0], LAST, "", 4)
    # joined long before the first visit on record, or after it, or nobody knows when
    for joined in (days[0] - timedelta(days=400), days[0] + timedelta(days=1), None):
        assert spell_of(joined, joined, LAST, packed(later)).times == 0
    assert spell_of(None, None, LAST, None) == Spell(None, LAST, "", 0)


MONTHLY = Spell(date(2021, 4, 1), LAST, "month", 50)
OFTEN = Spell(date(2021, 4, 1), LAST, "", 14)


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("intro", "spell", "told"),
    [
        (SHIPPED["en"], MONTHLY, "You came to us every month until March. We would like to learn why you stopped."),
        (SHIPPED["en"], OFTEN, "You came to us 14 times, last on 3 March. We would like to learn why you stopped."),
        (
            SHIPPED["en"],
            OFTEN._replace(times=61),
            "You came to us from 2021 to March. We would like to learn why you stopped.",
        ),
        ("Here {rhythm}, {times} times, last {last}.", MONTHLY, "Here every month, 50 times, last 3 March."),
        ("From {since} to {until}.", MONTHLY, "From 2021 to March."),
        # what the text asks for is not known of this person
        ("Here {rhythm}.", OFTEN, "You came to us 14 times, last on 3 March. We would like to learn why you stopped."),
        (
            "Here {times} times.",
            Spell(date(2021, 4, 1), LAST),
            "You came to us from 2021 to March. We would like to learn why you stopped.",
        ),
        # no code is run, and a place that is not ours gives way to a sentence of our own
        ("{since.__class__} {0} {", OFTEN, "{since.__class__} {0} {"),
        (
            "Here {unknown}.",
            OFTEN,
            "You came to us 14 times, last on 3 March. We would like to learn why you stopped.",
        ),
    ],
)
def test_what_is_known_of_the_person_is_said(context: None, intro: str, spell: Spell, told: str) -> None:
    version = Version.of({"texts": {"en": {"intro": intro}}, "options": []})
    with force_locale("en"):
        assert relation_sentence(version, "en", spell, TODAY) == told


@pytest.mark.sqlite
def test_in_dutch(context: None) -> None:
    version = Version.of({"texts": {"nl": {"intro": SHIPPED["nl"]}}, "options": []})
    with force_locale("nl"):
        assert relation_sentence(version, "nl", MONTHLY, TODAY) == (
            "U kwam elke maand bij ons, tot in maart. We willen graag leren waarom u bent gestopt."
        )
        assert relation_sentence(version, "nl", OFTEN, TODAY) == (
            "U kwam 14 keer bij ons, voor het laatst op 3 maart. We willen graag leren waarom u bent gestopt."
        )


@pytest.mark.sqlite
def test_every_placeholder_is_filled_for_somebody(context: None) -> None:
    text = " ".join(f"{{{name}}}" for name in PLACEHOLDERS["intro"])
    version = Version.of({"texts": {"en": {"intro": text}}, "options": []})
    with force_locale("en"):
        assert "{" not in relation_sentence(version, "en", MONTHLY, TODAY)
