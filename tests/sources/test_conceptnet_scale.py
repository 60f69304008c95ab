"""Hubs of a real graph, and a dump of a million rows: B27 and B28 as the reliability table states them."""

import json
import subprocess
import sys

import pytest

from kgzsl.errors import KgzslWarning
from kgzsl.sources.conceptnet import read_conceptnet
from kgzsl.sources.triples import read_triples

INFO = '{"dataset": "/d/test", "license": "cc:by/4.0", "sources": [], "weight": 1.0}'


@pytest.fixture(scope="module")
def birds(shared_data, tmp_path_factory):
    """KG-ImNet-A in the form of a dump, each concept a word; and the word of its hub, a bird."""
    graph = read_triples(shared_data("kzsl/KG-ImNet-A.csv"))
    words = {id_: f"/c/en/w{place}" for place, id_ in enumerate(graph.ids)}
    path = tmp_path_factory.mktemp("hub") / "imnet.csv"
    with path.open("w") as file:
        for head, tail in graph.edges_table.select("head", "tail").unique(maintain_order=True).iter_rows():
            file.write(f"/a/x\t/r/RelatedTo\t{words[head]}\t{words[tail]}\t{INFO}\n")
    return path, words["cn:bird"]


def test_a_hub_of_a_published_graph_is_capped_by_a_seed_and_counted(birds):  # B27
    path, hub = birds
    whole = read_conceptnet(path, around=hub)
    assert len(whole) == 1 + 1998  # neighbours of cn:bird, of 8,942 concepts
    capped = read_conceptnet(path, around=hub, max_degree=100)
    assert (len(capped), capped.report["hubs_capped"]) == (101, 1)
    assert capped.report["neighbours_not_followed"] == 1898
    assert set(capped.ids) < set(whole.ids)
    assert read_conceptnet(path, around=hub, max_degree=100).fingerprint == capped.fingerprint
    assert read_conceptnet(path, around=hub, max_degree=100, random_state=1).ids != capped.ids
    two_hops = read_conceptnet(path, around=hub, hops=2, max_degree=100)
    assert len(capped) < len(two_hops) < len(read_conceptnet(path, around=hub, hops=2))


PEAK = """
import resource, sys
from kgzsl.sources.conceptnet import read_conceptnet
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
graph = read_conceptnet(sys.argv[1], languages="en")
peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
print(len(graph), graph.index.num_edges, graph.report["rows_read"], graph.report["skipped_other_language"], peak)
"""


def test_a_million_rows_are_streamed_by_language_within_bounded_memory(tmp_path):  # B28
    sources = json.dumps([{"contributor": "/s/contributor/omcs/dev", "process": "/s/process/wikiparsec/2"}])
    info = INFO.replace("[]", sources)
    path = tmp_path / "million.csv"
    with path.open("w") as file:
        for block in range(1000):
            english = ((f"/c/en/x{block * 80 + place}", f"/c/en/y{place}") for place in range(80))
            french = (f"/c/fr/x{block}", "/c/fr/y")
            for start, end in [*english, *[french] * 920]:
                file.write(f"/a/[/r/IsA/,{start}/,{end}/]\t/r/IsA\t{start}\t{end}\t{info}\n")
    megabytes = path.stat().st_size // (1 << 20)
    assert megabytes > 180
    said = subprocess.run([sys.executable, "-c", PEAK, str(path)], check=True, capture_output=True, text=True)
    concepts, edges, rows, others, peak = map(int, said.stdout.split())
    assert (concepts, edges, rows, others) == (80_080, 80_000, 1_000_000, 920_000)
    assert peak < 250, f"{peak} MiB for a dump of {megabytes} MiB"


def test_bad_rows_among_a_thousand_are_told_and_one_in_a_hundred_is_the_most(tmp_path):
    good = "".join(f"/a/x\t/r/IsA\t/c/en/x{n}\t/c/en/y\t{INFO}\n" for n in range(990))
    path = tmp_path / "a.csv"
    path.write_text(good + "a\tb\n" * 10)
    with pytest.warns(KgzslWarning, match="10 skipped_columns"):
        assert read_conceptnet(path).report["skipped_columns"] == 10
