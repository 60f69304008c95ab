"""Execute notebooks from a clean kernel and write what they print and show back into them.

    python notebooks/execute.py                            all of them, in place
    python notebooks/execute.py notebooks/01_quickstart.ipynb
    python notebooks/execute.py --check                    only execute: fails on the first error, writes nothing
    python notebooks/execute.py --into folder              write the executed copies into a folder

The kernel is this interpreter's own, whichever "python3" is installed elsewhere; it works in an empty folder that is
deleted afterwards, and sees no history or start-up files. What is written holds no times, paths or versions.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

FOLDER = Path(__file__).resolve().parent
CELL_TIMEOUT_S = 120
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"},
}
_ADDRESS = re.compile(r" at 0x[0-9a-f]{6,}")


class OwnKernels(KernelSpecManager):
    """Every name of a kernel means ipykernel in the interpreter that runs this."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=argv, display_name="Python 3", language="python", name=kernel_name)


def executed(path: Path) -> nbformat.NotebookNode:
    """The notebook with what its cells print and show today. Raises what nbclient raises when a cell fails."""
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory(prefix="nb-") as folder:
        work = Path(folder) / "work"
        work.mkdir()
        manager = AsyncKernelManager(
            kernel_spec_manager=OwnKernels(), connection_file=str(Path(folder) / f"{uuid.uuid4()}.json")
        )
        if os.name == "posix":  # files rather than ports: two kernels that start at once cannot be given the same one
            manager.transport, manager.ip = "ipc", str(Path(folder) / "kernel")
        client = NotebookClient(
            notebook,
            km=manager,
            timeout=CELL_TIMEOUT_S,
            record_timing=False,
            resources={"metadata": {"path": str(work)}},
        )
        clean = {**os.environ, "IPYTHONDIR": str(Path(folder) / "ipython"), "PYTHONSTARTUP": ""}
        client.execute(cleanup_kc=True, env=clean)
    return cleaned(notebook)


def cleaned(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The same without what differs from run to run or from machine to machine; cells are counted from one.

    A bar of progress leaves an empty output where the work took long, and none where it did not.
    """
    notebook.metadata = nbformat.from_dict(METADATA)
    count = 0
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({key: value for key, value in cell.metadata.items() if key == "tags"})
        if cell.cell_type != "code":
            continue
        count += 1
        cell.execution_count = count
        cell.outputs = _merged([output for output in cell.outputs if output.get("data") != {}])
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = count
            if "data" in output:
                output.metadata = nbformat.from_dict({})
                output.data = nbformat.from_dict({kind: _same_address(text) for kind, text in output.data.items()})
    return notebook


def _merged(outputs: list[Any]) -> list[Any]:
    """What is printed arrives in pieces of any length: pieces that follow each other are one."""
    merged: list[Any] = []
    for output in outputs:
        last = merged[-1] if merged else None
        if last is not None and output.output_type == "stream" == last.output_type and output.name == last.name:
            last.text += output.text
        else:
            merged.append(output)
    return merged


def _same_address(text: Any) -> Any:
    return _ADDRESS.sub("", text) if isinstance(text, str) else text


def list_fonts() -> None:
    """Let matplotlib list the fonts, of which it says on standard error, the first time on a machine, that it does."""
    subprocess.run([sys.executable, "-c", "import matplotlib.font_manager"], check=False, capture_output=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebooks", nargs="*", type=Path, help="files to execute; without any, all of this folder")
    parser.add_argument("--check", action="store_true", help="write nothing")
    parser.add_argument("--into", type=Path, metavar="FOLDER", help="write executed copies there, not in place")
    chosen = parser.parse_args()
    list_fonts()
    for path in chosen.notebooks or sorted(FOLDER.glob("*.ipynb")):
        started = time.perf_counter()
        try:
            notebook = executed(path)
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            print(f"{path.name}: {error}", file=sys.stderr)
            return 1
        if not chosen.check:
            target = (chosen.into or path.parent) / path.name
            target.parent.mkdir(parents=True, exist_ok=True)
            nbformat.validate(notebook)
            nbformat.write(notebook, target)
        print(f"{path.name}: {time.perf_counter() - started:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
