"""ConceptNet's dump, read by kgzsl beside a reader of csv and json, each in a fresh process.

    python benchmarks/conceptnet.py [--lines 3000000] [--repeats 3] [--packed]

Writes a synthetic dump of the real form (about 8 % of its lines are English at both ends, of these three in ten with a
sentence, as in ConceptNet's own test build), reads its English part with each reader in turns, and prints the median
seconds, how many times faster kgzsl is, and the peak of memory. The peers read rows with Python's `csv` and `json` and
keep tuples; the first parses every row, the second only the rows of the language. What a dump of 34 million lines would
take is extrapolated, not measured. `--packed` reads the dump packed with gzip.
"""

import argparse
import gzip
import json
import os
import platform
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
REAL_LINES = 34_074_917

# each script prints [rows kept, seconds after its imports, peak of memory in MiB]
MEASURED = """
import json, resource, sys, time
{setup}
start = time.perf_counter()
{job}
seconds = time.perf_counter() - start
print(json.dumps([found, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""
OURS = """
kg = read_conceptnet(sys.argv[1], languages="en")
found = sum(number for name, number in kg.report.items() if name.startswith(("kept_", "merged_")))
found += sum(kg.report[name] for name in kg.report if "loop" in name or "external_url_of" in name)
"""
PEER = """
rows = []
opened = gzip.open if sys.argv[1].endswith(".gz") else open
with opened(sys.argv[1], "rt", encoding="utf-8", newline="") as file:
    for _, rel, start_uri, end_uri, text in csv.reader(file, delimiter="\\t", quoting=csv.QUOTE_NONE):
        {early}
        if not start_uri.startswith("/c/en/"):
            continue
        if not (end_uri.startswith("/c/en/") or rel == "/r/ExternalURL"):
            continue
        {late}
        rows.append((rel, start_uri, end_uri, info["weight"], info["dataset"], info.get("surfaceText")))
found = len(rows)
"""
PARSE = "info = json.loads(text)"
READERS = {
    "kgzsl": ("from kgzsl.sources.conceptnet import read_conceptnet", OURS),
    "csv + json, every row": ("import csv, gzip", PEER.format(early=PARSE, late="")),
    "csv + json, rows of the language": ("import csv, gzip", PEER.format(early="", late=PARSE)),
}

RELATIONS = {
    "Synonym": 12, "RelatedTo": 33, "FormOf": 22, "DerivedFrom": 9, "IsA": 5, "HasContext": 6, "AtLocation": 2,
    "UsedFor": 2, "CapableOf": 1, "HasProperty": 1, "PartOf": 1, "Antonym": 1, "EtymologicallyRelatedTo": 4,
    "NotDesires": 1,
}  # fmt: skip
LANGUAGES = {"fr": 30, "ja": 8, "de": 8, "es": 7, "pt": 6, "ru": 6, "it": 6, "la": 6, "fi": 4, "zh": 4, "sh": 3}
SENSES = ("", "", "", "/n", "/v", "/n/wn/act", "/a/wikt/en_1")
SYLLABLES = ("ba", "ke", "lo", "mi", "nu", "ra", "ste", "ti", "vo", "dé", "жа", "ン")


def synthetic_lines(num_lines: int, seed: int) -> Iterator[str]:
    """Lines of the dump: addresses and other languages for the most part, English at both ends in 8 of 100."""
    rng = random.Random(seed)
    words = ["".join(rng.choices(SYLLABLES, k=rng.randint(2, 6))) for _ in range(200_000)]
    english = ["".join(rng.choices(SYLLABLES[:9], k=rng.randint(2, 6))) for _ in range(150_000)]
    relations, languages = ["/r/" + name for name in RELATIONS], list(LANGUAGES)
    for _ in range(num_lines):
        draw = rng.random()
        relation = rng.choices(relations, list(RELATIONS.values()))[0]
        if draw < 0.08:
            start, end = (f"/c/en/{rng.choice(english)}{rng.choice(SENSES)}" for _ in range(2))
            info = sentence(rng, start, end) if rng.random() < 0.3 else bare(rng, "en")
        elif draw < 0.14:
            relation, start = "/r/ExternalURL", f"/c/{rng.choice(languages)}/{rng.choice(words)}{rng.choice(SENSES)}"
            end, info = f"http://fr.dbpedia.org/resource/{rng.choice(words)}", bare(rng, "fr")
        else:
            pair = rng.choices(languages, list(LANGUAGES.values()), k=2)
            pair[1] = "en" if rng.random() < 0.3 else pair[0] if rng.random() < 0.8 else pair[1]
            start, end = (f"/c/{language}/{rng.choice(words)}{rng.choice(SENSES)}" for language in pair)
            info = bare(rng, pair[0])
        yield f"/a/[{relation}/,{start}/,{end}/]\t{relation}\t{start}\t{end}\t{info}\n"


def bare(rng: random.Random, language: str) -> str:
    """The fifth column of a row from a dictionary."""
    contributor, process = f"/s/resource/wiktionary/{language}", "/s/process/wikiparsec/2"
    sources = [{"contributor": contributor, "process": process}]
    if rng.random() < 0.1:
        sources.append({"contributor": "/s/resource/wiktionary/de", "process": process})
    return written(dataset=f"/d/wiktionary/{language}", sources=sources, weight=float(len(sources)))


def sentence(rng: random.Random, start: str, end: str) -> str:
    """The fifth column of a row from people, with the sentence they wrote."""
    words = [uri.split("/")[3] for uri in (start, end)]
    activity, contributor = (
        "/s/activity/omcs/omcs1_possibly_free_text",
        f"/s/contributor/omcs/user{rng.randint(0, 9999)}",
    )
    return written(
        dataset="/d/conceptnet/4/en",
        sources=[{"activity": activity, "contributor": contributor}],
        surfaceEnd=f"a {words[1]}",
        surfaceStart=words[0],
        surfaceText=f"You are likely to find [[{words[0]}]] in [[a {words[1]}]]",
        weight=rng.choice((1.0, 2.0, 2.828, 0.5)),
    )


def written(**info: object) -> str:
    return json.dumps({"license": "cc:by-sa/4.0", **info}, sort_keys=True, ensure_ascii=False)


def measured(reader: str, path: Path) -> tuple[int, float, float]:
    """Rows, seconds and peak MiB of a fresh process."""
    setup, job = READERS[reader]
    script = MEASURED.format(setup=setup, job=job)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", script, str(path)]
    said = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    found, seconds, peak = json.loads(said.stdout)
    return found, seconds, peak


def main() -> None:
    """Write the dump, run the readers in turns, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=3_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--packed", action="store_true")
    options = parser.parse_args()
    console = Console(width=120)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "assertions.csv"
        started = time.perf_counter()
        with path.open("w", encoding="utf-8") as file:
            file.writelines(synthetic_lines(options.lines, options.seed))
        if options.packed:
            with path.open("rb") as plain, gzip.open(f"{path}.gz", "wb", compresslevel=6) as packed:
                shutil.copyfileobj(plain, packed, 1 << 20)
            path = Path(f"{path}.gz")
        size = path.stat().st_size / 1e6
        console.print(f"wrote {options.lines:,} lines, {size:,.0f} MB, in {time.perf_counter() - started:.0f} s")
        runs = [{reader: measured(reader, path) for reader in READERS} for _ in range(options.repeats)]
    if len({found for run in runs for found, _, _ in run.values()}) != 1:
        raise SystemExit(f"the readers do not find the same rows: {runs[0]}")
    console.print(results(runs, options.lines))
    console.print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")


def results(runs: list[dict[str, tuple[int, float, float]]], num_lines: int) -> Table:
    """The table: medians over the runs, the ratio to kgzsl, and the time for a real dump if it grows with lines."""
    table = Table(title=f"{num_lines:,} lines, {runs[0]['kgzsl'][0]:,} rows kept; median (fastest) of {len(runs)}")
    for column in ("reader", "seconds", "kgzsl is faster", "peak MiB", f"{REAL_LINES:,} lines, extrapolated"):
        table.add_column(column, justify="left" if column == "reader" else "right")
    ours = statistics.median(run["kgzsl"][1] for run in runs)
    for reader in READERS:
        times = [run[reader][1] for run in runs]
        middle, peak = statistics.median(times), max(run[reader][2] for run in runs)
        faster = "" if reader == "kgzsl" else f"{middle / ours:.1f} times"
        real = f"{middle * REAL_LINES / num_lines:,.0f} s"
        table.add_row(reader, f"{middle:.2f} ({min(times):.2f})", faster, f"{peak:,.0f}", real)
    return table


if __name__ == "__main__":
    main()
