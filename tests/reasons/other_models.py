"""Models that differ from the software's own, made in no time."""

from analysis.reasons.deriving import derive
from analysis.reasons.model import ReasonModel
from analysis.reasons.starter import starter_model
from survey.reasons.classifying import Classifier


def other_model(*codes: str) -> Classifier:
    """The software's model for these reasons only."""
    return Classifier(ReasonModel(derive(starter_model().weights, codes or ("price", "rude_staff"), {})))
