"""Reading RDF beside rdflib on the same documents, each in a fresh process.

    python benchmarks/rdf.py [--triples 1000000] [--repeats 3]

The documents are made here: an ontology of labels, definitions, kinds and 20 relations, in N-Triples and in RDF/XML
(a tenth of it), and one triple with a literal of 2 MB. kgzsl's time is that of `read_rdf`, from the file to a finished
graph with labels, definitions and edges; rdflib's is that of `Graph().parse` alone. Prints the median over the
processes (the fastest in parentheses), how many times faster kgzsl is, and the most memory each process had.
"""

import argparse
import importlib.metadata
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import pyoxigraph as ox
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
# the most memory that the process itself had; what getrusage says counts its parent as well
PEAK = "int(open('/proc/self/status').read().partition('VmHWM:')[2].split()[0]) / 1024"
RDFS, SKOS = "http://www.w3.org/2000/01/rdf-schema#", "http://www.w3.org/2004/02/skos/core#"

# each script prints [triples counted, seconds after the imports, most memory in MB]
KGZSL = f"""
import json, sys, time
from kgzsl.sources.rdf import read_rdf
start = time.perf_counter()
found = read_rdf(sys.argv[1]).report["triples"]
seconds = time.perf_counter() - start
print(json.dumps([found, seconds, {PEAK}]))
"""
RDFLIB = f"""
import json, sys, time
import rdflib
start = time.perf_counter()
graph = rdflib.Graph()
graph.parse(sys.argv[1])
seconds = time.perf_counter() - start
print(json.dumps([len(graph), seconds, {PEAK}]))
"""


def ontology(num_triples: int) -> str:
    """N-Triples, five for each concept: label, definition, kind, and two other relations."""
    rng = random.Random(0)
    num_concepts = num_triples // 5

    def concept(number: int) -> str:
        return f"<http://example.org/concept/{number}>"

    lines = []
    for number in range(num_concepts):
        subject = concept(number)
        lines += [
            f'{subject} <{RDFS}label> "concept number {number}"@en .\n',
            f'{subject} <{SKOS}definition> "what concept {number} means, in {rng.randrange(1000)} words" .\n',
            f"{subject} <{RDFS}subClassOf> {concept(number // 3)} .\n",
        ]
        for relation in rng.sample(range(20), 2):
            tail = concept(rng.randrange(num_concepts))
            lines.append(f"{subject} <http://example.org/relation/{relation}> {tail} .\n")
    return "".join(lines)


def write_documents(folder: Path, num_triples: int) -> dict[str, Path]:
    """The documents by what they are called in the table."""
    paths = {
        f"N-Triples, {num_triples:,} triples": folder / "ontology.nt",
        f"RDF/XML, {num_triples // 10:,} triples": folder / "ontology.rdf",
        "N-Triples, one literal of 2 MB": folder / "literal.nt",
    }
    plain, xml, literal = paths.values()
    plain.write_text(ontology(num_triples))
    triples = [
        ox.Triple(quad.subject, quad.predicate, quad.object)
        for quad in ox.parse(ontology(num_triples // 10), ox.RdfFormat.N_TRIPLES)
    ]
    prefixes = {"rdfs": RDFS, "skos": SKOS, "relation": "http://example.org/relation/r"}
    renamed = [
        ox.Triple(one.subject, ox.NamedNode(one.predicate.value.replace("relation/", "relation/r")), one.object)
        for one in triples  # a name in XML starts with a letter
    ]
    ox.serialize(renamed, xml, ox.RdfFormat.RDF_XML, prefixes=prefixes)
    literal.write_text(f'<http://example.org/a> <http://example.org/p> "{"A" * 2_000_000}" .\n')
    return paths


def measured(script: str, path: Path) -> tuple[int, float, float]:
    """What a fresh process counted, its seconds and its memory."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", script, str(path)]
    said = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    found, seconds, memory = json.loads(said.stdout)
    return found, seconds, memory


def main() -> None:
    """Run both readers in turns, so that a busy moment of the machine meets both, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--triples", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    table = Table(title=f"Reading RDF, median (fastest) seconds of {options.repeats} fresh processes, and memory")
    peer = f"rdflib {importlib.metadata.version('rdflib')}"
    for column in ("document", "MB", "triples", "kgzsl, a graph", peer, "times faster", "MB kgzsl", "MB rdflib"):
        table.add_column(column, justify="left" if column == "document" else "right")
    with tempfile.TemporaryDirectory() as folder:
        for name, path in write_documents(Path(folder), options.triples).items():
            runs = [(measured(KGZSL, path), measured(RDFLIB, path)) for _ in range(options.repeats)]
            (found,) = {run[0] for pair in runs for run in pair}
            mine, other = ([pair[side][1] for pair in runs] for side in (0, 1))
            shown = [f"{statistics.median(times):.2f} ({min(times):.2f})" for times in (mine, other)]
            memory = [f"{max(pair[side][2] for pair in runs):,.0f}" for side in (0, 1)]
            ratio = f"{statistics.median(other) / statistics.median(mine):.1f}"
            table.add_row(name, f"{path.stat().st_size / 1e6:.1f}", f"{found:,}", *shown, ratio, *memory)
    console = Console(width=max(120, Console().width))
    console.print(table)
    console.print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
