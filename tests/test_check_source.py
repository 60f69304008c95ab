"""check_source over every built-in source, and over some that break the contract: for tests/test_testing.py."""

import polars as pl
import pytest

from kgzsl.errors import PluginError
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.sources.registry import SOURCES
from kgzsl.sources.writing import write_graph
from kgzsl.testing import check_source, example_graph

TEXTS = {
    "conceptnet": '/a/[/r/IsA/,/c/en/cat/,/c/en/pet/]\t/r/IsA\t/c/en/cat\t/c/en/pet\t{"weight": 1.0}\n',
    "obo": "[Term]\nid: A:1\nname: pet\n\n[Term]\nid: A:2\nname: cat\nis_a: A:1\n",
    "rdf": "<http://e.org/a> <http://www.w3.org/2000/01/rdf-schema#subClassOf> <http://e.org/b> .\n",
    "triples": "cat\tis_a\tpet\ncat\tis_a\tpet\n",
}
WRITTEN = {"graphml": "pets.graphml", "node-link": "pets.json", "parquet": "pets"}


@pytest.mark.parametrize("name", [*TEXTS, *WRITTEN])
def test_built_in_sources_keep_the_contract(tmp_path, name):
    if name in TEXTS:
        path = tmp_path / ("pets.nt" if name == "rdf" else "pets.csv")
        path.write_text(TEXTS[name])
    else:
        path = write_graph(example_graph(), tmp_path / WRITTEN[name])
    check_source(SOURCES.load(name), str(path))


def _forgetful(location):
    return KnowledgeGraph.from_tables(
        pl.DataFrame({"id": ["a"]}),
        pl.DataFrame(schema={"head": pl.String, "relation": pl.String, "tail": pl.String}),
        report={"rows_read": 2, "kept_edges": 1},
    )


def test_a_source_that_does_not_account_for_its_rows_is_found_out():
    with pytest.raises(PluginError, match="_forgetful: read 2 rows, but accounts for 1"):
        check_source(_forgetful, "somewhere")


def test_a_source_that_invents_is_found_out():
    with pytest.raises(PluginError, match="where nothing is"):
        check_source(lambda location: example_graph(), "somewhere")


def test_a_source_with_foreign_errors_is_found_out():
    def reader(location):
        return {"somewhere": example_graph()}[location]

    with pytest.raises(PluginError, match="foreign KeyError"):
        check_source(reader, "somewhere")
