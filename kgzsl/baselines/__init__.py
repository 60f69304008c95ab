"""Zero-shot models that use no edge of the graph: what propagation has to beat."""

from kgzsl.baselines.conse import ConSE, FittedConSE
from kgzsl.baselines.contract import Baseline, FittedBaseline
from kgzsl.baselines.eszsl import ESZSL, FittedESZSL

__all__ = ["ESZSL", "Baseline", "ConSE", "FittedBaseline", "FittedConSE", "FittedESZSL"]
