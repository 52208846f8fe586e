"""From stored numbers back to the customer's words: it adds up, it is safe, and it marks what spoke."""

import math
import re
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup, escape

from survey.reasons.explaining import LONGEST, SMALL, Spoken, explained, marked, named, pack, unpack

TEXT = "Veel te duuuur, en de monteur was niet aardig."
SPOKEN = Spoken(
    (("duur", 1.2), ("niet … aardig", 0.8), ("te duur", 0.4), ("monteur", -0.5), ("de", 0.3), ("de monteur", 0.01)),
    sentence=0.9,
    intercept=-2.0,
)
words = st.text("abcdeéu <>&'\"[]-’", max_size=12)
finite = st.floats(-50, 50, allow_nan=False, allow_subnormal=False)
spoken = st.builds(Spoken, st.lists(st.tuples(words, finite), max_size=8).map(tuple), sentence=finite, intercept=finite)


def terms(*values: float) -> bytes:
    return array("d", values).tobytes()


def test_stored_numbers_come_back_with_the_words_of_the_answer() -> None:
    stored = pack(1, -1.0, 0.25, terms(0.5, -2.0, 0.0))
    found = unpack(stored, "een\ntwee\ndrie\nvier")
    assert found == Spoken((("twee", -2.0), ("een", 0.5)), sentence=0.25, intercept=-1.0)
    assert found.logit == -2.25


def test_one_term_in_two_rows_is_added_up() -> None:
    found = unpack(pack(0, 0.0, 0.0, terms(1.0, 0.5)), "duur\nduur")
    assert found is not None
    assert found.words == (("duur", 1.5),)


@pytest.mark.parametrize(
    ("stored", "written"),
    [
        (b"", "duur"),  # erased
        (pack(0, 1.0, 2.0, b"")[:-1], "duur"),  # cut short
        (pack(0, 1.0, 2.0, terms(3.0)) + b"x", "duur"),  # damaged
        (pack(0, 1.0, 2.0, terms(3.0, 4.0)), "duur"),  # read anew since: other terms
    ],
)
def test_what_does_not_fit_explains_nothing(stored: bytes, written: str) -> None:
    assert unpack(stored, written) is None


def test_words_for_and_against_are_marked_as_the_customer_wrote_them() -> None:
    assert marked(TEXT, SPOKEN) == Markup(
        'Veel te <mark>duuuur</mark>, en de <s class="against">monteur</s> was <mark>niet</mark> <mark>aardig</mark>.'
    )


def test_curly_apostrophes_and_capitals_are_the_same_word() -> None:
    said = Spoken((("wasn't", 1.0),), 0.0, 0.0)
    assert marked("It WASN’T", said) == Markup("It <mark>WASN’T</mark>")


@given(text=st.text(max_size=60), said=spoken)
def test_marking_changes_no_letter_and_lets_no_markup_through(text: str, said: Spoken) -> None:
    bare = re.sub(r'</?mark>|<s class="against">|</s>', "", str(marked(text, said)))
    assert bare == str(escape(text))


@given(said=spoken)
def test_parts_add_up_to_the_logit(said: Spoken) -> None:
    shown = explained("duur", said)
    assert math.isclose(sum(part.value for part in shown.parts), said.logit, abs_tol=1e-9)
    assert shown.total == said.logit
    assert all(0 <= part.bar <= LONGEST for part in shown.parts)
    assert max(part.bar for part in shown.parts) == (LONGEST if any(part.value for part in shown.parts) else 0)


def test_the_strongest_words_come_first_and_small_words_count_among_the_others() -> None:
    assert named(SPOKEN) == [
        ("duur", 1.2),
        ("niet … aardig", 0.8),
        ("te duur", 0.4),
        ("monteur", -0.5),
    ]
    shown = explained(TEXT, SPOKEN)
    assert shown.strongest[:2] == ("duur", "niet … aardig")
    others = next(part for part in shown.parts if part.kind == "others")
    assert others.value == pytest.approx(0.31)
    assert [part.bar for part in shown.parts if part.kind == "start"] == [LONGEST]


def test_a_sentence_that_speaks_for_itself_has_no_line_of_words() -> None:
    shown = explained("...", Spoken((), sentence=2.0, intercept=-1.0))
    assert [part.kind for part in shown.parts] == ["sentence", "start"]
    assert shown.strongest == ()


def test_denials_are_never_small_words() -> None:
    assert not SMALL & {"niet", "geen", "nooit", "not", "no", "never", "nor", "zonder", "without"}
