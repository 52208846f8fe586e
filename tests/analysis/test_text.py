"""Cleaning, language, words, negation and clauses."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.text import MAX_CHARACTERS, clauses, detect_language, mark_negation, normalise, stem, stems, tokens
from analysis.text.cleaning import MAX_CLAUSES, fold
from analysis.text.language import LANGUAGES

ANY_TEXT = st.text(max_size=400)


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("  te   duur \t geworden ", "te duur geworden"),
        ("cafe\u0301", "caf\u00e9"),
        ("Jansen &amp; zoon &eacute;&eacute;n", "Jansen & zoon één"),
        ("Jansen &amp;amp; zoon", "Jansen & zoon"),
        ("on\u200bvrien\u00addelijk\x00", "onvriendelijk"),
        ("heeeeel traaaag", "heel traag"),
        ("1000000 keer", "1000000 keer"),
        ("Nooit meer!!!!", "Nooit meer!"),
        ("\u201cklaar\u201d, zei\u2019ie", '"klaar", zei\'ie'),
        ("een\r\n\r\n  twee", "een\ntwee"),
        ("\ufeff", ""),
    ],
)
def test_normalise_gives_one_clean_form(raw: str, clean: str) -> None:
    assert normalise(raw) == clean


@given(ANY_TEXT)
def test_normalised_text_is_short_composed_and_without_control_characters(text: str) -> None:
    clean = normalise(text)
    assert len(clean) <= MAX_CHARACTERS
    assert unicodedata.is_normalized("NFC", clean)
    assert not [c for c in clean if unicodedata.category(c) in {"Cc", "Cf"} and c != "\n"]
    assert clean == clean.strip()


@given(st.text(alphabet=st.characters(exclude_characters="&", max_codepoint=0x2FF), max_size=300))
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


def test_a_long_text_is_cut() -> None:
    assert len(normalise("woord " * 5_000)) <= MAX_CHARACTERS


@pytest.mark.parametrize("unit", ["7", "a", "a.", "!", "&amp;", "niet ", "a-b'", "\n", "é\u0301", "[NAME]", ", maar "])
def test_no_text_takes_more_than_linear_time(unit: str) -> None:
    text = unit * (20_000 // len(unit))
    detect_language("the detector is loaded before the clock starts")
    start = time.perf_counter()
    clean = normalise(text)
    for piece in [clean, *clauses(clean)]:
        mark_negation(piece, "nl")
    detect_language(clean)
    assert time.perf_counter() - start < 0.5


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Veel te duur geworden", "nl"),
        ("Ze bellen nooit terug", "nl"),
        ("Slechte service", "nl"),
        ("Ik ben verhuisd naar een andere stad", "nl"),
        ("niemand nam de telefoon op", "nl"),
        ("geen antwoord gekregen", "nl"),
        ("NOOIT MEER", "nl"),
        ("Much too expensive", "en"),
        ("They never call back", "en"),
        ("Rude staff", "en"),
        ("I moved to another city", "en"),
        ("nobody answered the phone", "en"),
        ("waiting time was terrible", "en"),
        ("NEVER AGAIN", "en"),
    ],
)
@pytest.mark.parametrize("prior", ["nl", "en", None])
def test_the_language_of_short_answers_is_found_whatever_the_form(text: str, language: str, prior: str | None) -> None:
    assert detect_language(text, prior) == language


@pytest.mark.parametrize("text", ["", "!!", "12,50", "ok", "👎"])
@pytest.mark.parametrize("prior", LANGUAGES)
def test_the_form_decides_where_the_text_says_nothing(text: str, prior: str) -> None:
    assert detect_language(text, prior) == prior


def test_a_prior_that_is_not_offered_is_refused() -> None:
    with pytest.raises(ValueError, match="'de' is not among the languages offered"):
        detect_language("zu teuer", "de")


@given(ANY_TEXT, st.sampled_from(LANGUAGES))
def test_only_offered_languages_are_found(text: str, prior: str) -> None:
    assert detect_language(text, prior) in LANGUAGES


def test_tokens_keep_placeholders_and_inner_marks() -> None:
    assert tokens("[E-MAIL] schreef: zo'n all-in prijs!") == [
        "[E-MAIL]",
        "schreef",
        ":",
        "zo'n",
        "all-in",
        "prijs",
        "!",
    ]


@pytest.mark.parametrize(
    ("word", "language", "expected"),
    [
        ("opgezegd", "nl", "opgezegd"),
        ("opzeggen", "nl", "opzegg"),
        ("prijzen", "nl", "prijz"),
        ("Prijs", "nl", "prijs"),
        ("complaints", "en", "complaint"),
        ("Café", "nl", "caf"),
    ],
)
def test_the_stemmer_is_the_one_that_stored_terms_were_made_with(word: str, language: str, expected: str) -> None:
    assert stem(word, language) == expected


def test_stems_leave_marks_out() -> None:
    assert stems("Waiting, waiting!", "en") == ["wait", "wait"]


@pytest.mark.parametrize(
    ("text", "language", "terms"),
    [
        ("niet te duur", "nl", ["niet", "not:te", "not:dur"]),
        ("te duur", "nl", ["te", "dur"]),
        ("duur is het niet", "nl", ["not:dur", "not:is", "not:het", "niet"]),
        ("not rude", "en", ["not", "not:rude"]),
        ("It isn't rude", "en", ["it", "isn't", "not:rude"]),
        ("rude. Not slow", "en", ["rude", "not", "not:slow"]),
        ("not only slow but rude", "en", ["not", "onli", "slow", "but", "rude"]),
        ("niet alleen duur", "nl", ["niet", "allen", "dur"]),
    ],
)
def test_denied_words_are_other_terms(text: str, language: str, terms: list[str]) -> None:
    assert [word.term for word in mark_negation(text, language)] == terms


def test_a_denial_ends_after_four_words() -> None:
    words = mark_negation("no one two three four five", "en")
    assert [bool(word.denied_by) for word in words] == [False, True, True, True, True, False]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("", []),
        ("...", []),
        ("Onvriendelijk! Te duur.", ["Onvriendelijk!", "Te duur."]),
        ("Het kost 3.50 per keer.", ["Het kost 3.50 per keer."]),
        ("Ik bel i.v.m. een klacht", ["Ik bel i.v.m. een klacht"]),
        ("Goed eten, maar de rekening klopte niet", ["Goed eten maar de rekening klopte niet"]),
        ("Het eten was goed, maar de rekening klopte niet", ["Het eten was goed", "maar de rekening klopte niet"]),
        ("The room was fine but the staff were rude", ["The room was fine", "but the staff were rude"]),
        ("een regel\nnog een regel", ["een regel", "nog een regel"]),
    ],
)  # fmt: skip
def test_an_answer_is_cut_where_it_says_something_else(text: str, pieces: list[str]) -> None:
    assert clauses(text) == pieces


@given(ANY_TEXT)
def test_clauses_lose_no_word(text: str) -> None:
    clean = normalise(text)
    said = [word for word in tokens(clean) if word[0].isalnum()]
    assert [word for piece in clauses(clean) for word in tokens(piece) if word[0].isalnum()] == said


def test_there_are_never_too_many_clauses() -> None:
    found = clauses("Te duur. " * 200)
    assert len(found) == MAX_CLAUSES
    assert sum(piece.count("duur") for piece in found) == 200


def test_fold_forgets_case_and_accents() -> None:
    assert fold("Één") == fold("een")
