"""Zero-shot models that use no edge of the graph: what propagation has to beat."""

from kgzsl.baselines.ale import ALE
from kgzsl.baselines.clip_style import CLIPStyle, FittedCLIPStyle
from kgzsl.baselines.conse import ConSE, FittedConSE
from kgzsl.baselines.contract import Baseline, FittedBaseline
from kgzsl.baselines.dap import DAP, FittedDAP
from kgzsl.baselines.devise import DeViSE
from kgzsl.baselines.eszsl import ESZSL, FittedESZSL
from kgzsl.baselines.exem import EXEM, FittedEXEM
from kgzsl.baselines.iap import IAP, FittedIAP
from kgzsl.baselines.prototype import FittedPrototype, Prototype
from kgzsl.baselines.ranking import FittedRanking
from kgzsl.baselines.sae import SAE, FittedSAE
from kgzsl.baselines.sje import SJE
from kgzsl.baselines.sync import FittedSynC, SynC

__all__ = [
    "ALE",
    "DAP",
    "ESZSL",
    "EXEM",
    "IAP",
    "SAE",
    "SJE",
    "Baseline",
    "CLIPStyle",
    "ConSE",
    "DeViSE",
    "FittedBaseline",
    "FittedCLIPStyle",
    "FittedConSE",
    "FittedDAP",
    "FittedESZSL",
    "FittedEXEM",
    "FittedIAP",
    "FittedPrototype",
    "FittedRanking",
    "FittedSAE",
    "FittedSynC",
    "Prototype",
    "SynC",
]
