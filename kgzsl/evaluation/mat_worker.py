"""Reads a MATLAB file in a process of its own: damaged bytes can end a process inside SciPy's parser.

Run as a script, `mat_worker.py list FILE` or `mat_worker.py load FILE FOLDER NAME...`. A line of JSON on standard
output says what came of it; arrays go into the folder as `.npy` files without Python objects, cells as text.
"""

import json
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import scipy.io

__all__ = ["main"]


def main(arguments: list[str]) -> dict[str, Any]:
    """What is written on standard output."""
    task, file, *rest = arguments
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            if task == "list":
                listed = [
                    [str(name), [int(n) for n in shape], str(kind)] for name, shape, kind in scipy.io.whosmat(file)
                ]
                return {"held": listed}
            folder, *names = rest
            found = scipy.io.loadmat(file, variable_names=names, verify_compressed_data_integrity=True)
            for name in names:
                if name in found:
                    np.save(Path(folder) / f"{name}.npy", _plain(np.asarray(found[name])), allow_pickle=False)
            return {"held": [name for name in names if name in found]}
    except NotImplementedError:
        return {"hdf5": True}
    except Exception as error:  # on damaged bytes SciPy raises whatever its parser met, UnboundLocalError included
        return {"error": f"{type(error).__name__}: {error}"[:120]}


def _plain(values: Any) -> Any:
    """Cells as one text each; everything else as it is."""
    if values.dtype != object:
        return values
    cells = [np.asarray(cell).reshape(-1) for cell in values.reshape(-1)]
    return np.array([["".join(str(part) for part in np.atleast_1d(cell))] for cell in cells], dtype=str)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1:])))
