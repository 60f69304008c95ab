"""WordNet from the shipped graph beside NLTK on the same database files, each job in a fresh process.

    python benchmarks/wordnet.py [--files /usr/share/wordnet] [--repeats 5]

Prints, for each job, the median over the processes (the fastest in parentheses), and how many times faster kgzsl is.
NLTK (an extra) gets a copy of the files on its own path, since it reads no others, and a `lexnames` table.
"""

import argparse
import importlib.metadata
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from kgzsl.sources.wordnet_terms import LEXICOGRAPHER_FILES

ROOT = Path(__file__).resolve().parents[1]
NUMBERS = {"noun": 1, "verb": 2, "adj": 3, "adv": 4}

# each script prints [what it found, seconds after its import, seconds with its import]
KGZSL = """
import json, time
start = time.perf_counter()
import kgzsl
imported = time.perf_counter()
{job}
end = time.perf_counter()
print(json.dumps([found, end - imported, end - start]))
"""
NLTK = """
import json, time
start = time.perf_counter()
import nltk
from nltk.corpus import wordnet
imported = time.perf_counter()
{job}
end = time.perf_counter()
print(json.dumps([found, end - imported, end - start]))
"""
JOBS = {
    "first answer: the ancestors of a tiger": (
        "found = len(kgzsl.load_graph('wordnet').ancestors('tiger.n.02'))",
        "found = len(set(wordnet.synset('tiger.n.02').closure(lambda s: s.hypernyms())))",
    ),
    "all noun hypernym edges": (
        "kg = kgzsl.load_graph('wordnet')\n"
        "index = kg.index\n"
        "rows = index.edge_rows('is_a')\n"
        "noun = kg.concept_columns.series('pos')[0].to_numpy() == 'n'\n"
        "rows = rows[noun[index.head[rows]]]\n"
        "child, parent = index.head[rows], index.tail[rows]\n"
        "found = len(child)",
        "edges = [(s, h) for s in wordnet.all_synsets('n') for h in s.hypernyms()]\nfound = len(edges)",
    ),
}


def nltk_folder(files: Path, root: Path) -> None:
    """Lay the files out as NLTK wants them."""
    folder = root / "corpora" / "wordnet"
    shutil.copytree(files, folder, ignore=shutil.ignore_patterns("bin", "pixmaps", "wnres", "sent*"))
    lines = [f"{n:02d}\t{name}\t{NUMBERS[name.partition('.')[0]]}\n" for n, name in enumerate(LEXICOGRAPHER_FILES)]
    (folder / "lexnames").write_text("".join(lines))


def measured(script: str, environment: dict[str, str]) -> tuple[int, float, float]:
    """What a fresh process found, and its seconds without and with the import."""
    said = subprocess.run([sys.executable, "-c", script], env=environment, check=True, capture_output=True, text=True)
    found, after, whole = json.loads(said.stdout)
    return found, after, whole


def main() -> None:
    """Run both readers in turns, so that a busy moment of the machine meets both, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=Path, default=Path("/usr/share/wordnet"))
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    table = Table(title=f"WordNet 3.0, median (fastest) seconds of {options.repeats} fresh processes")
    for column in ("job", "counted", "kgzsl", f"nltk {importlib.metadata.version('nltk')}", "times faster"):
        table.add_column(column, justify="left" if column == "job" else "right")
    with tempfile.TemporaryDirectory() as root:
        nltk_folder(options.files, Path(root))
        environment = {**os.environ, "NLTK_DATA": root, "PYTHONPATH": str(ROOT)}
        for job, (ours, theirs) in JOBS.items():
            runs = [
                (measured(KGZSL.format(job=ours), environment), measured(NLTK.format(job=theirs), environment))
                for _ in range(options.repeats)
            ]
            (found,) = {run[0] for pair in runs for run in pair}
            for place, scope in ((1, "after import"), (2, "with import")):
                mine, other = ([pair[side][place] for pair in runs] for side in (0, 1))
                ratio = statistics.median(other) / statistics.median(mine)
                shown = [f"{statistics.median(times):.3f} ({min(times):.3f})" for times in (mine, other)]
                table.add_row(f"{job}, {scope}", f"{found:,}", *shown, f"{ratio:.1f}")
    console = Console(width=110)
    console.print(table)
    console.print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
