"""The starter model by its door: golden answers, denials, invariances, explanations, files."""

import hashlib
import os
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import analysis
from analysis.reasons.explaining import each_of, spoke_for
from analysis.reasons.model import ReasonModel
from analysis.reasons.reading import Reading
from analysis.reasons.starter import REASONS, starter_for

HERE = Path(__file__).parent
SEVERAL = "Veel te duur geworden. Niemand belde ooit terug, maar de jongen aan de balie was vriendelijk."


def _lines(name: str) -> list[list[str]]:
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    return [line.split(" | ") for line in lines if line and not line.startswith("#")]


@pytest.fixture(scope="module")
def model() -> ReasonModel:
    return analysis.starter_model()


@pytest.fixture(scope="module")
def fallback() -> ReasonModel:
    return starter_for("characters-1")


def _share_found(model: ReasonModel, language: str) -> float:
    cases = [(reason, text) for spoken, reason, text in _lines("golden_answers.txt") if spoken == language]
    given = model.predict([text for _, text in cases], [language] * len(cases))
    return float(np.mean([reason in found for (reason, _), found in zip(cases, given, strict=True)]))


@pytest.mark.parametrize("language", ["nl", "en"])
def test_golden_answers_get_their_reason(model: ReasonModel, language: str) -> None:
    assert _share_found(model, language) >= 0.8


@pytest.mark.parametrize("language", ["nl", "en"])
def test_without_the_encoder_half_of_them_still_do(fallback: ReasonModel, language: str) -> None:
    assert _share_found(fallback, language) >= 0.5


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Veel te duur geworden", "price"),
        ("Onvriendelijk personeel", "rude_staff"),
        ("Ik ben verhuisd", "circumstances"),
        ("Weken op antwoord gewacht", "slow_service"),
        ("The staff were rude", "rude_staff"),
        ("I was overcharged, the invoice was wrong", "errors"),
        ("I switched to another provider", "competitor"),
        ("The room was dirty", "premises"),
    ],
)
def test_plain_complaints_come_first(model: ReasonModel, text: str, reason: str) -> None:
    assert model.predict([text])[0][0] == reason


@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_denied_complaint_is_less_of_a_complaint_and_mostly_not_given(model: ReasonModel, language: str) -> None:
    pairs = [(said, denied) for spoken, said, denied in _lines("denied_answers.txt") if spoken == language]
    said = model.predict_proba([pair[0] for pair in pairs], [language] * len(pairs))
    denied_texts = [pair[1] for pair in pairs]
    denied = model.predict_proba(denied_texts, [language] * len(pairs))
    reason = said.argmax(axis=1)
    rows = np.arange(len(pairs))
    assert np.mean(denied[rows, reason] < said[rows, reason]) >= 0.95
    assert np.mean(~model.given(denied)[rows, reason]) >= 0.9
    assert np.mean((model.given(said) & ~model.given(denied))[rows, reason]) >= 0.85


def test_a_denial_explains_itself(model: ReasonModel) -> None:
    """What takes a reason back stands among the words that spoke against it, and the sum is the logit."""
    text = "De monteur was allesbehalve onbeschoft"
    explained = model.explain(text)["rude_staff"]
    against = min((part for part in explained.contributions if part.kind == "words"), key=lambda part: part.value)
    assert against.text == "allesbehalve onbeschoft"
    assert against.value < -4
    logit = model.logits(model.read([text]))[0][model.reasons.index("rude_staff")]
    assert abs(sum(part.value for part in explained.contributions) - logit) < 1e-9


def test_a_denial_beside_a_complaint_leaves_the_complaint(model: ReasonModel) -> None:
    given = model.predict(["Het was niet duur. De monteur was wel onbeschoft tegen mij."], ["nl"])[0]
    assert "rude_staff" in given
    assert "price" not in given


@pytest.mark.parametrize(
    "text", ["Prima geholpen, bedankt.", "No complaints at all", "Weet ik niet", "asdf", "12", "👎"]
)
def test_what_gives_no_reason_is_unsure(model: ReasonModel, text: str) -> None:
    assert model.predict([text]) == [()]


@pytest.mark.parametrize("text", ["", "  ", "?!", "\u200b"])
def test_an_answer_without_a_word_has_probability_zero(model: ReasonModel, text: str) -> None:
    assert not model.predict_proba([text]).any()
    assert model.predict([text]) == [()]
    assert model.explain(text) == {}


def test_nothing_is_scored_as_nothing(model: ReasonModel) -> None:
    assert model.predict_proba([]).shape == (0, len(REASONS))
    assert model.predict([]) == []


def test_several_reasons_are_found_in_one_answer(model: ReasonModel) -> None:
    assert {"price", "slow_service"} <= set(model.predict([SEVERAL])[0])


@pytest.mark.parametrize("text", ["Veel te duur geworden", "Onvriendelijk personeel", "The staff were rude", SEVERAL])
@pytest.mark.parametrize("change", [str.upper, str.lower, lambda t: f"  {t}\n", lambda t: t.replace("e ", "e\u200b ")])
def test_case_blanks_and_invisible_characters_change_nothing(
    model: ReasonModel, text: str, change: Callable[[str], str]
) -> None:
    assert np.allclose(model.predict_proba([text], ["nl"]), model.predict_proba([change(text)], ["nl"]), atol=1e-3)


@pytest.mark.parametrize("text", ["Veel te duur geworden", "Onvriendelijk personeel", "The staff were rude"])
@pytest.mark.parametrize("end", [".", "!!!", " ...", " !"])
def test_marks_at_the_end_do_not_change_the_reason(model: ReasonModel, text: str, end: str) -> None:
    assert model.predict([text + end])[0][0] == model.predict([text])[0][0]


def test_accents_do_not_change_the_reason(model: ReasonModel) -> None:
    assert model.predict(["Véél te dúúr geworden"])[0][0] == "price"


def test_other_answers_and_their_order_do_not_change_a_score(model: ReasonModel) -> None:
    texts = [SEVERAL, "rude", "Ik wacht al weken", "Too far away from where I live and work"]
    together = model.predict_proba(texts)
    assert np.allclose(together, np.vstack([model.predict_proba([text]) for text in texts]), atol=2e-3)
    assert np.allclose(together, model.predict_proba(texts[::-1])[::-1], atol=2e-3)


def test_stored_readings_score_as_their_texts(model: ReasonModel) -> None:
    texts = [SEVERAL, "", "The staff were rude"]
    stored = [Reading.from_bytes(reading.to_bytes()) for reading in model.read(texts, ["nl", "nl", "en"])]
    assert np.array_equal(model.score(stored), model.predict_proba(texts, ["nl", "nl", "en"]))


@pytest.mark.parametrize("text", [SEVERAL, "The staff were not rude", "duur duur duur", "x", "[NAME] belde [PHONE]"])
def test_contributions_sum_to_the_logit(model: ReasonModel, text: str) -> None:
    explained = model.explain(text)
    logits = model.logits(model.read([text]))[0]
    assert tuple(explained) == model.reasons
    for reason, logit in zip(model.reasons, logits, strict=True):
        parts = explained[reason].contributions
        assert abs(sum(part.value for part in parts) - logit) < 1e-9
        assert [part.kind for part in parts].count("sentence") == [part.kind for part in parts].count("intercept") == 1


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=200))
def test_contributions_of_any_text_sum_to_the_logit(text: str) -> None:
    model = starter_for("characters-1")
    logits = model.logits(model.read([text]))[0]
    for reason, explained in model.explain(text).items():
        total = sum(part.value for part in explained.contributions)
        assert abs(total - logits[model.reasons.index(reason)]) < 1e-9


def test_explanations_speak_in_the_customers_words(model: ReasonModel) -> None:
    explained = model.explain(SEVERAL)["price"]
    assert explained.piece == "Veel te duur geworden."
    strongest = [part.text for part in explained.contributions if part.kind == "words" and part.value > 0][:3]
    assert "duur" in " ".join(strongest)


def test_stored_readings_say_the_same_in_numbers(model: ReasonModel) -> None:
    """What is stored of an answer that was read before: no word of it, and the same sum."""
    texts = [SEVERAL, "The staff were rude", "duur"]
    readings = [Reading.from_bytes(reading.to_bytes()) for reading in model.read(texts)]
    answers, reasons = np.repeat(np.arange(3), len(REASONS)), np.tile(np.arange(len(REASONS)), 3)
    logits = model.logits(readings)
    spokes = each_of(spoke_for(model.scored(readings), answers, reasons))
    for answer, k, spoke in zip(answers, reasons, spokes, strict=True):
        assert abs(spoke.intercept + spoke.sentence + spoke.terms.sum() - logits[answer, k]) < 1e-9
        # read alone, the vector of a text may differ in its last digits
        assert model.explain(texts[answer])[REASONS[k]].logit == pytest.approx(logits[answer, k], abs=1e-2)


def test_a_saved_model_comes_back_as_it_was(model: ReasonModel, tmp_path: Path) -> None:
    model.save(tmp_path / "a.model")
    again = ReasonModel.load(tmp_path / "a.model")
    again.save(tmp_path / "b.model")
    assert again.id == model.id
    assert again.reasons == model.reasons == REASONS
    assert np.array_equal(again.predict_proba([SEVERAL]), model.predict_proba([SEVERAL]))
    assert (tmp_path / "a.model").read_bytes() == (tmp_path / "b.model").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.model", "b.model"]


def test_other_weights_are_another_model(model: ReasonModel) -> None:
    changed = replace(model.weights, thresholds=model.thresholds + np.float32(0.01))
    assert ReasonModel(changed).id != model.id


@pytest.fixture(scope="module")
def saved(fallback: ReasonModel, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("model") / "whole.model"
    fallback.save(path)
    return path.read_bytes()


def _with_right_hash(payload: bytes) -> bytes:
    return b"whyleft reason model 1\n" + hashlib.sha256(payload).hexdigest().encode() + b"\n" + payload


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda whole: b"", "not a reason model"),
        (lambda whole: whole[:40], "not a reason model"),
        (lambda whole: whole[: len(whole) // 2], "cut short or altered"),
        (lambda whole: whole[:-1], "cut short or altered"),
        (lambda whole: whole[:5_000] + bytes([whole[5_000] ^ 1]) + whole[5_001:], "cut short or altered"),
        (lambda whole: pickle.dumps({"reasons": ["price"]}), "not a reason model"),
        (lambda whole: b"PK\x03\x04" + whole, "not a reason model"),
        (lambda whole: _with_right_hash(pickle.dumps({"reasons": ["price"]})), "does not hold a usable model"),
        (lambda whole: _with_right_hash(b"PK\x03\x04 nothing"), "does not hold a usable model"),
    ],
)
def test_a_damaged_or_foreign_file_is_refused(
    saved: bytes, tmp_path: Path, damage: Callable[[bytes], bytes], said: str
) -> None:
    path = tmp_path / "bad.model"
    path.write_bytes(damage(saved))
    with pytest.raises(ValueError, match=said):
        ReasonModel.load(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="gone.model cannot be read"):
        ReasonModel.load(tmp_path / "gone.model")


def test_nothing_pickled_is_executed(tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    np.savez(tmp_path / "evil.npz", words=np.array([_Trap(str(trap))], dtype=object))
    path = tmp_path / "evil.model"
    path.write_bytes(_with_right_hash((tmp_path / "evil.npz").read_bytes()))
    with pytest.raises(ValueError, match="does not hold a usable model"):
        ReasonModel.load(path)
    assert not trap.exists()


class _Trap:
    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, int]]:
        return os.open, (self.path, os.O_CREAT)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("thresholds", np.array([np.nan], np.float32), "thresholds are not"),
        ("intercept", np.zeros(3, np.float32), "intercept are not"),
        ("reasons", (), "needs reasons"),
        ("ids", np.array([5, 5], np.uint32), "ascending"),
    ],
)
def test_weights_that_do_not_fit_are_refused(fallback: ReasonModel, name: str, value: object, said: str) -> None:
    one = replace(
        fallback.weights,
        reasons=("price",),
        ids=np.array([1, 2], np.uint32),
        idf=np.ones(2, np.float32),
        vector_weights=np.zeros((512, 1), np.float32),
        term_weights=np.zeros((2, 1), np.float32),
        intercept=np.zeros(1, np.float32),
        calibration=np.ones((3, 1), np.float32),
        thresholds=np.full(1, 0.5, np.float32),
    )
    empty = {each: np.zeros((*getattr(one, each).shape[:-1], 0), np.float32)
             for each in ("vector_weights", "term_weights", "intercept", "calibration", "thresholds")}  # fmt: skip
    with pytest.raises(ValueError, match=said):
        replace(one, **{**(empty if name == "reasons" else {}), name: value})


def test_the_starter_model_is_loaded_once(model: ReasonModel) -> None:
    assert analysis.starter_model() is model
