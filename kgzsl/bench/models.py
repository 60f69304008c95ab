"""The models that benchmarks compare, and what they are asked."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from kgzsl.decision.propagators import PROPAGATORS
from kgzsl.errors import DataMissingError, UnknownNameError
from kgzsl.evaluation.results import EvaluationReport

__all__ = ["MODELS", "chosen", "found_file", "measures_of", "settings_of"]

MODELS: Mapping[str, bool] = {
    "graph-gp": False,
    "sgcn": True,
    "dgp": True,
    "dgpm": True,
    "gcnz": True,
    "rgcn": True,
    "eszsl": False,
    "conse": False,
    "prototype": False,
    "exem": False,
    "sync": False,
    "sae": False,
    "ale": True,
    "devise": True,
    "sje": True,
    "dap": False,
    "iap": False,
}
"""Name of each model, and whether chance takes part in its fit.

"clip" is for inputs and features of one encoder pair, which photographs and texts about their classes are not.
"""


def chosen(kind: str, wanted: Iterable[str] | None, known: Iterable[str]) -> list[str]:
    """Names among those known, in their order; all if none are wanted. `UnknownNameError` for any other."""
    names, asked = list(known), list(wanted or ())
    for name in asked:
        if name not in names:
            raise UnknownNameError(kind, name, known=names)
    return [name for name in names if not asked or name in asked]


def settings_of(models: Iterable[str]) -> dict[str, str]:
    """Each model with all of its settings, so that results of others are told apart."""
    return {model: repr(PROPAGATORS.load(model)()) for model in models}


def found_file(folder: Path, name: str, advice: str) -> Path:
    """The path of a file of a benchmark's data; `DataMissingError` with the advice where there is none."""
    path = folder / name
    if not path.is_file():
        raise DataMissingError(path, advice)
    return path


def measures_of(report: EvaluationReport) -> dict[str, float]:
    """The columns of a benchmark's table, by the names of its `HEADS`.

    The best harmonic mean is that of the best gamma in hindsight: it tells what the choice of gamma costs, and is no
    result of the model.
    """
    return {
        "top1": report.t1,
        "top5": report.hits[5],
        "u": report.u,
        "s": report.s,
        "harmonic_mean": report.harmonic_mean,
        "best_harmonic_mean": float(report.curve.harmonic_mean.max()),
        "ausuc": report.ausuc,
    }
