"""How good a zero-shot classifier is: measures, calibration on pretended-unseen classes, the whole protocol."""

from kgzsl.evaluation.calibration import (
    CalibrationFold,
    StackingChoice,
    TemperatureChoice,
    choose_stacking,
    choose_temperature,
    class_folds,
    negative_log_likelihood,
)
from kgzsl.evaluation.generalized import (
    CalibrationCurve,
    SeenUnseenAccuracy,
    ausuc,
    calibration_curve,
    choose_gamma,
    seen_unseen_accuracy,
)
from kgzsl.evaluation.hierarchy import hierarchical_precision, hierarchy_distances, nearest_classes
from kgzsl.evaluation.metrics import PerClassAccuracy, harmonic_mean, hits_at_k, per_class_accuracy
from kgzsl.evaluation.report import Scorer, evaluate
from kgzsl.evaluation.results import EvaluationReport

__all__ = [
    "CalibrationCurve",
    "CalibrationFold",
    "EvaluationReport",
    "PerClassAccuracy",
    "Scorer",
    "SeenUnseenAccuracy",
    "StackingChoice",
    "TemperatureChoice",
    "ausuc",
    "calibration_curve",
    "choose_gamma",
    "choose_stacking",
    "choose_temperature",
    "class_folds",
    "evaluate",
    "harmonic_mean",
    "hierarchical_precision",
    "hierarchy_distances",
    "hits_at_k",
    "nearest_classes",
    "negative_log_likelihood",
    "per_class_accuracy",
    "seen_unseen_accuracy",
]
