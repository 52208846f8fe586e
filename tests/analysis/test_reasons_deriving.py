"""A model for other reasons than it was trained for: merged, split, retired, added."""

import numpy as np
import pytest

import analysis
from analysis.reasons.deriving import derive, is_known
from analysis.reasons.model import ReasonModel

TEXTS = ["Veel te duur geworden", "The staff were rude", "Onvriendelijk personeel en veel te duur", "Ik ben verhuisd"]


@pytest.fixture(scope="module")
def model() -> ReasonModel:
    return analysis.starter_model()


def test_the_same_reasons_in_another_order_are_the_same_model(model: ReasonModel) -> None:
    turned = ReasonModel(derive(model.weights, model.reasons[::-1], {}))
    assert np.allclose(turned.predict_proba(TEXTS)[:, ::-1], model.predict_proba(TEXTS), atol=1e-6)
    assert is_known(turned.weights).all()


def test_a_retired_reason_is_gone_and_the_others_stay(model: ReasonModel) -> None:
    kept = [reason for reason in model.reasons if reason != "price"]
    fewer = ReasonModel(derive(model.weights, kept, {}))
    columns = [model.reasons.index(reason) for reason in kept]
    assert np.allclose(fewer.predict_proba(TEXTS), model.predict_proba(TEXTS)[:, columns], atol=1e-6)


def test_a_merged_reason_hears_what_both_heard(model: ReasonModel) -> None:
    merged = ReasonModel(derive(model.weights, ["people"], {"people": ("rude_staff", "pushy_sales")}))
    found = merged.predict_proba(["Onvriendelijk personeel", "Opdringerige verkopers", "Ik ben verhuisd"])[:, 0]
    assert found[:2].min() > found[2]


def test_the_parts_of_a_split_reason_start_alike(model: ReasonModel) -> None:
    parts = {"fees": ("price",), "rises": ("price",)}
    probabilities = ReasonModel(derive(model.weights, ["fees", "rises"], parts)).predict_proba(TEXTS)
    assert np.array_equal(probabilities[:, 0], probabilities[:, 1])
    assert np.allclose(probabilities[:, 0], model.predict_proba(TEXTS)[:, model.reasons.index("price")], atol=1e-6)


def test_a_new_reason_is_never_given_before_it_was_learnt(model: ReasonModel) -> None:
    more = ReasonModel(derive(model.weights, ["price", "parking"], {}))
    assert is_known(more.weights).tolist() == [True, False]
    assert all("parking" not in given for given in more.predict([*TEXTS, "Nergens parkeerplek"]))
