"""What gamma does to samples of seen classes before all classes that were pretended to be unseen."""

from collections.abc import Sequence

import numpy as np

from kgzsl.decision.pseudo_unseen import PretendedFold
from kgzsl.evaluation.generalized import SeenMargins, raw_margins

__all__ = ["seen_margins"]


def seen_margins(folds: Sequence[PretendedFold]) -> SeenMargins | None:
    """The smallest margin of each sample over the folds in which its class was seen; None without such samples.

    A fold of few classes holds out hardly any that is near to a sample's own class. Together the folds hold out all
    others of a sample's class that were ever on the other side, as near as they come. No class that is really unseen
    is looked at.
    """
    keys, margins, contenders = [], [], []
    for fold in folds:
        margin, contender = raw_margins(fold.scores, fold.labels, fold.is_seen)
        rows = fold.is_seen[fold.labels]
        keys.append(np.stack([fold.columns[fold.labels[rows]], fold.ranks[rows]], axis=1))
        margins.append(margin[rows])
        contenders.append(contender[rows])
    if not sum(map(len, keys)):
        return None
    samples, place = np.unique(np.concatenate(keys), axis=0, return_inverse=True)
    place = place.ravel()  # of shape [n, 1] in some releases of numpy
    smallest, is_contender = np.full(len(samples), np.inf), np.ones(len(samples), dtype=bool)
    np.minimum.at(smallest, place, np.concatenate(margins))
    np.logical_and.at(is_contender, place, np.concatenate(contenders))
    return SeenMargins.of(smallest, is_contender, samples[:, 0])
