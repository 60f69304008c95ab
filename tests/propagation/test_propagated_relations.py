"""Which relations classifiers spread along, in every propagator."""

import numpy as np
import polars as pl
import pytest

from kgzsl.contracts import Supervision
from kgzsl.errors import InputFormatError, UnknownRelationError
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.relation import Relation
from kgzsl.propagation import DGP, DGPM, GCNZ, SGCN, AncestorTopology, GPSettings, GraphGP, NeighborTopology
from kgzsl.propagation.propagated_relations import named_relations, propagated_relations

PROPAGATORS = {
    "gp": lambda relations: GraphGP(relations=relations, settings=GPSettings.of(walk=1, walk_beta=3.0)),
    "sgcn": lambda relations: SGCN(relations=relations, hidden=4, epochs=1),
    "gcnz": lambda relations: GCNZ(relations=relations, hidden=(4,), epochs=1),
    "dgp": lambda relations: DGP(relations=relations, hidden=4, epochs=1),
    "dgpm": lambda relations: DGPM(relations=relations, hidden=4, epochs=1),
}
each = pytest.mark.parametrize("build", PROPAGATORS.values(), ids=PROPAGATORS)


@pytest.fixture(scope="module")
def index():
    edges = pl.DataFrame(
        {
            "head": ["hot", "cold", "hot", "hot"],
            "relation": ["is_a", "is_a", "antonym", "comment_on"],
            "tail": ["warm", "cool", "cold", "cool"],
        }
    )
    names = pl.DataFrame({"id": ["cold", "cool", "hot", "warm"]})
    return KnowledgeGraph.from_tables(names, edges, [Relation("comment_on", "annotation")], name="test").index


SUPERVISION = Supervision(("cold", "hot"), np.eye(2, dtype=np.float32), "prototype", show_progress=False)
FEATURES = np.eye(4, dtype=np.float32)


@each
@pytest.mark.parametrize(
    ("relations", "named"),
    [
        (("is_a", "antonym"), "select 'antonym' of kind negative"),
        (("negative",), "select 'antonym' of kind negative"),
        (("comment_on",), "select 'comment_on' of kind annotation"),
        (("antonym", "annotation"), "select 'antonym', 'comment_on' of kind annotation and negative"),
    ],
)
def test_what_a_class_is_not_never_pulls_it(index, build, relations, named):
    with pytest.raises(InputFormatError, match=named):
        build(relations).fit(index, FEATURES, SUPERVISION)


@each
def test_one_relation_alone_is_a_tuple_of_it(index, build):
    assert build("is_a") == build(["is_a"]) == build(("is_a",))
    assert build("is_a").relations == ("is_a",)
    weights = [
        build(relations).fit(index, FEATURES, SUPERVISION).weights(index, FEATURES) for relations in ("is_a", None)
    ]
    np.testing.assert_array_equal(weights[0], weights[1])


@each
@pytest.mark.parametrize("relations", [3, ("is_a", 3), {"is_a": 1}])
def test_relations_of_another_form_are_refused(build, relations):
    with pytest.raises(InputFormatError, match=r"relations=.* is not allowed: a tuple of relation names"):
        build(relations)


@pytest.mark.parametrize("topology", [NeighborTopology, AncestorTopology])
def test_topologies_take_one_name_too(index, topology):
    assert topology(relations="is_a") == topology(relations=("is_a",))
    with pytest.raises(InputFormatError, match="'antonym' of kind negative"):
        topology(relations="antonym").messages(index)


def test_relations_are_resolved_in_the_graph(index):
    assert named_relations(None) is propagated_relations(index, None) is None
    assert propagated_relations(index, "taxonomic") == ("taxonomic",)
    with pytest.raises(UnknownRelationError, match="no relation 'isa'"):
        propagated_relations(index, "isa")
