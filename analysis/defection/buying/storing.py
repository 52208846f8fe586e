"""Fitted models as plain numbers and words, which a database can hold, and back again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analysis.defection.buying.bgbb import BGBB
from analysis.defection.buying.bgnbd import BGNBD
from analysis.defection.buying.gamma_gamma import GammaGamma
from analysis.defection.buying.mbgnbd import MBGNBD
from analysis.defection.buying.model import FittedModel
from analysis.defection.buying.nbd import NBD
from analysis.defection.buying.pareto import ParetoNBD
from analysis.defection.buying.shifted_beta_geometric import ShiftedBetaGeometric

_MODELS: dict[str, type[FittedModel]] = {
    model.__name__: model for model in (NBD, BGNBD, MBGNBD, ParetoNBD, BGBB, ShiftedBetaGeometric, GammaGamma)
}


def buying_model_from(stored: Mapping[str, Any]) -> Any:
    """The model that `as_dict` stored: it answers as the fitted one did. ValueError where the words name no model or
    the parameters are not those of it."""
    name = stored.get("model")
    if name not in _MODELS:
        raise ValueError(f"There is no model called {name!r}; there are {', '.join(_MODELS)}.")
    missing = {"params", "log_likelihood"} - set(stored)
    if missing:
        raise ValueError(f"A stored model lacks {' and '.join(sorted(missing))}.")
    model = _MODELS[name]().restore(stored["params"], stored["log_likelihood"], int(stored.get("customers", 0)))
    model.at_limit_ = tuple(stored.get("at_limit", ()))
    model.held_ = bool(stored.get("held", False))
    return model
