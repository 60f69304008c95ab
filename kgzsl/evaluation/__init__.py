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
from kgzsl.evaluation.calibration_error import (
    ReliabilityBins,
    brier_score,
    expected_calibration_error,
    reliability_bins,
)
from kgzsl.evaluation.distances import accuracy_by_distance, ancestor_heights, distance_to_nearest
from kgzsl.evaluation.generalized import (
    CalibrationCurve,
    SeenUnseenAccuracy,
    ausuc,
    calibration_curve,
    choose_gamma,
    seen_unseen_accuracy,
)
from kgzsl.evaluation.hierarchy import hierarchical_precision, hierarchy_distances, nearest_classes
from kgzsl.evaluation.intervals import Interval, bootstrap_interval, generalized_intervals
from kgzsl.evaluation.intervals_curve import ausuc_interval
from kgzsl.evaluation.metrics import (
    PerClassAccuracy,
    SetMeasures,
    harmonic_mean,
    hits_at_k,
    per_class_accuracy,
    set_measures,
)
from kgzsl.evaluation.report import Scorer, evaluate
from kgzsl.evaluation.results import EvaluationReport

__all__ = [
    "CalibrationCurve",
    "CalibrationFold",
    "EvaluationReport",
    "Interval",
    "PerClassAccuracy",
    "ReliabilityBins",
    "Scorer",
    "SeenUnseenAccuracy",
    "SetMeasures",
    "StackingChoice",
    "TemperatureChoice",
    "accuracy_by_distance",
    "ancestor_heights",
    "ausuc",
    "ausuc_interval",
    "bootstrap_interval",
    "brier_score",
    "calibration_curve",
    "choose_gamma",
    "choose_stacking",
    "choose_temperature",
    "class_folds",
    "distance_to_nearest",
    "evaluate",
    "expected_calibration_error",
    "generalized_intervals",
    "harmonic_mean",
    "hierarchical_precision",
    "hierarchy_distances",
    "hits_at_k",
    "nearest_classes",
    "negative_log_likelihood",
    "per_class_accuracy",
    "reliability_bins",
    "seen_unseen_accuracy",
    "set_measures",
]
