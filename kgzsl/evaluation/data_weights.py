"""The classifier weights that GCNZ, SGCN and DGP regress: `fc-weights.json`."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from kgzsl.errors import IntegrityError, SourceError, listing
from kgzsl.evaluation.data_checks import class_names, feature_rows, files_sha256, require_file, require_size
from kgzsl.evaluation.data_set import Dataset

__all__ = ["read_fc_weights"]


def read_fc_weights(path: str | Path) -> Dataset:
    """Read DGP's `fc-weights.json`: a list of [wnid, weights with the bias last], a pair for each class.

    Gives a data set of kind "weights" with one row a class, in the order of the file:
    `clf.fit_weights(data.features, data.classes)`. Raises `DataMissingError`, `IntegrityError` for JSON cut short,
    `SourceError` for entries of another form, of different lengths, with NaN, or of one class twice.
    """
    file = require_file(path, "a list of [wnid, weights] in JSON")
    require_size(file, 4 * file.stat().st_size)  # a digit and a comma of text become a float of 8 bytes
    try:
        pairs = json.loads(file.read_bytes())
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise IntegrityError(file, expected="whole JSON", found=str(error)[:120], advice="get it again") from error
    if not isinstance(pairs, list) or not pairs:
        raise SourceError(file, f"holds {type(pairs).__name__}, not a list of [wnid, weights]")
    bad = [place for place, pair in enumerate(pairs) if not _is_pair(pair)]
    if bad:
        raise SourceError(file, f"{len(bad):,} entries are no [wnid, weights], counted from 0: {listing(bad)}")
    lengths = sorted({len(weights) for _, weights in pairs})
    if len(lengths) > 1 or lengths[0] < 2:
        raise SourceError(file, f"weights of different lengths, or without a bias: {listing(lengths)}")
    names = class_names([name for name, _ in pairs], file)
    rows = feature_rows(np.array([weights for _, weights in pairs], dtype=np.float64), file, name="weights")
    return Dataset(
        classes=names,
        features=rows,
        labels=np.arange(len(names), dtype=np.int64),
        kind="weights",
        source=str(path),
        sha256=files_sha256([file]),
    )


def _is_pair(pair: Any) -> bool:
    return (
        isinstance(pair, list)
        and len(pair) == 2
        and isinstance(pair[0], str)
        and isinstance(pair[1], list)
        and all(isinstance(value, int | float) and not isinstance(value, bool) for value in pair[1])
    )
