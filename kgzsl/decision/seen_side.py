"""What gamma does to samples of seen classes before all classes that were pretended to be unseen."""

from collections.abc import Sequence

import numpy as np

from kgzsl.decision.pseudo_unseen import PretendedFold
from kgzsl.evaluation.generalized import SeenMargins, raw_margins

__all__ = ["seen_margins"]

FEWEST_EXAMPLES = 4
"""Examples of a class from which on they are judged: one of two is judged by a mean of one, of half the worth."""


def seen_margins(folds: Sequence[PretendedFold]) -> SeenMargins | None:
    """The smallest margin of each sample over the folds in which its class was seen; None without such samples.

    A fold of few classes holds out hardly any that is near to a sample's own class. Together the folds hold out all
    others of a sample's class that were ever on the other side, as near as they come. No class that is really unseen
    is looked at, and no sample of a class with less than four.
    """
    keys, margins, contenders = [], [], []
    num_examples = np.zeros(max((len(fold.columns) for fold in folds), default=0), dtype=np.int64)
    for fold in folds:
        np.maximum.at(num_examples, fold.columns[fold.labels], fold.ranks + 1)
    for fold in folds:
        margin, contender = raw_margins(fold.scores, fold.labels, fold.is_seen)
        rows = fold.is_seen[fold.labels] & (num_examples[fold.columns[fold.labels]] >= FEWEST_EXAMPLES)
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
