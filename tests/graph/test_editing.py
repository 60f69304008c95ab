import polars as pl
import pytest

from kgzsl.errors import (
    InputFormatError,
    InvalidGraphError,
    UnknownConceptError,
    UnknownNameError,
    UnknownRelationError,
)
from kgzsl.graph.concept import Edge
from kgzsl.graph.relation import Relation


def names(edges):
    return [str(edge) for edge in edges]


def test_a_new_concept_and_its_edges(toy_graph):
    kg = toy_graph.add_concepts([{"id": "wolf", "definition": "a wild dog", "legs": 4}, "elk"]).add_edges(
        [("wolf", "is_a", "mammal"), ("elk", "is_a", "mammal", 0.5), Edge("wolf", "eats", "elk", 2.0, "me")]
    )
    assert kg.ids == (*toy_graph.ids[:6], "elk", *toy_graph.ids[6:], "wolf")
    assert kg.edges(head="wolf") == (Edge("wolf", "eats", "elk", 2.0, "me"), Edge("wolf", "is_a", "mammal"))
    assert kg.edges(head="elk")[0].weight == 0.5
    assert (kg.concept("wolf").more["legs"], kg.concept("dog").more["legs"]) == (4, None)
    assert kg.relations["eats"].kind == "association"
    assert kg.edges(head="owl") == toy_graph.edges(head="owl")
    assert (kg.name, dict(kg.report)) == ("toy", {"lines read": 19})


def test_the_graph_that_was_changed_stays_as_it_was(toy_graph):
    before = toy_graph.fingerprint, toy_graph.ids, toy_graph.edges()
    toy_graph.add_concepts("wolf").add_edges([("wolf", "is_a", "dog")]).remove_edges([("dog", "is_a", "mammal")])
    assert (toy_graph.fingerprint, toy_graph.ids, toy_graph.edges()) == before


def test_other_edges_share_the_concepts(toy_graph):
    assert toy_graph.remove_edges([("dog", "is_a", "mammal")]).concept_columns is toy_graph.concept_columns


def test_a_relation_may_be_described_when_its_edge_is_added(toy_graph):
    eats = Relation("eats", "causal", "eaten_by", "eats", "is eaten by")
    kg = toy_graph.add_edges([("owl", "eats", "bat")], relations=[eats])
    assert kg.relations["eats"] == eats
    assert str(kg.shortest_path("bat", "owl")) == "bat is eaten by owl"


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("isa", "is_a"), ("IsA", "is_a"), ("/r/IsA", "is_a"), ("is-a", "is_a"), ("^isa", "is_a"), ("partOf", "part_of"),
     ("has_prat", "has_part"), ("has_parts", "has_part"), ("relatedto", "related_to"), ("http://x.org#chase", "chases"),
     (":chases", "chases")],
)  # fmt: skip
def test_a_relation_nearly_named_as_another_must_be_described(toy_graph, name, nearest):
    kg = toy_graph.add_edges([("dog", "chases", "cat")])
    edge = ("owl", name, "dog")
    with pytest.raises(UnknownRelationError, match="if it is a relation of its own, describe it") as caught:
        kg.add_edges([("owl", "chases", "dog"), edge])
    assert caught.value.nearest == (nearest,)
    own = name.removeprefix("^")
    assert own in kg.add_edges([edge], relations=[Relation(own)]).relations


@pytest.mark.parametrize(
    "name", ["heats", "east", "chases", "step_2", "y:eats_of_x", "lives_in", "is_not_a", "r2", "://"]
)
def test_a_relation_of_a_new_name_needs_no_description(toy_graph, name):
    known = [Relation(name) for name in ("eats", "step_1", "x:eats_of_x", "r1")]
    kg = toy_graph.add_edges([("dog", relation.name, "cat") for relation in known], relations=known)
    assert name in kg.add_edges([("owl", name, "dog")]).relations


def test_relations_get_kinds_and_keep_the_rest(toy_graph):
    eats = Relation("eats", "association", "eaten_by", "eats", "is eaten by")
    kg = toy_graph.add_edges([("owl", "eats", "bat"), ("owl", "lives_in", "night")], relations=[eats])
    told = kg.describe_relations({"eats": "causal", "lives_in": "attribute"})
    assert told.relations["eats"] == Relation("eats", "causal", "eaten_by", "eats", "is eaten by")
    assert told.relations["lives_in"] == Relation("lives_in", "attribute")
    assert {name: told.relations[name] for name in toy_graph.relations} == dict(toy_graph.relations)
    assert names(told.edges(relation="attribute")) == ["owl lives_in night"]
    assert (told.edges(), told.ids, told.name) == (kg.edges(), kg.ids, kg.name)
    assert told.concept_columns is kg.concept_columns
    assert kg.relations["lives_in"].kind == "association"
    assert told.fingerprint != kg.fingerprint


def test_a_relation_that_is_described_replaces_what_was_known(toy_graph):
    home = Relation("lives_in", "attribute", "home_of", "dwells in", "is home of")
    kg = toy_graph.add_edges([("owl", "lives_in", "night")])
    for said in ([home], {"lives_in": home}, iter([home])):
        told = kg.describe_relations(said)
        assert told.relations["lives_in"] == home
        assert names(told.edges("night", "home_of")) == ["night home_of owl"]


@pytest.mark.parametrize(
    ("said", "error", "message"),
    [
        ({"is_an": "part"}, UnknownRelationError, "no relation 'is_an' in graph toy; nearest: 'is_a'"),
        ([Relation("is_an")], UnknownRelationError, "nearest: 'is_a'"),
        ({"is_a": "taxonomy"}, UnknownNameError, "no kind of relation is called 'taxonomy'; nearest: 'taxonomic'"),
        ({"is_a": 3}, UnknownNameError, "no kind of relation is called '3'"),
        ({"is_a": Relation("has_part", "part")}, InputFormatError, "'is_a' cannot be described as 'has_part'"),
        (["is_a"], InputFormatError, "relations are described by Relation objects"),
        (Relation("is_a"), InputFormatError, "relations are described by Relation objects"),
    ],
)
def test_what_describes_no_relation_is_refused(toy_graph, said, error, message):
    with pytest.raises(error, match=message):
        toy_graph.describe_relations(said)


def test_ends_may_be_alternate_ids_and_concepts(toy_graph):
    kg = toy_graph.add_edges([("n02084071", "chases", toy_graph.concept("cat"))])
    assert names(kg.edges(relation="chases")) == ["dog chases cat"]


def test_an_edge_named_by_an_inverse_is_held_as_the_graph_holds_it(toy_graph):
    kg = toy_graph.add_edges([("wing", "part_of", "owl"), ("mammal", "^has_part", "night")])
    assert names(kg.edges(relation="has_part")) == [
        "bat has_part wing",
        "bird has_part wing",
        "night has_part mammal",
        "owl has_part wing",
    ]
    assert list(kg.relations) == list(toy_graph.relations)
    assert names(kg.remove_edges([("mammal", "has_kind", "dog")]).edges(head="dog")) == []


def test_edges_given_as_a_table(toy_graph):
    table = pl.DataFrame({"head": ["cat"], "relation": ["has_part"], "tail": ["wing"], "weight": [3]})
    assert toy_graph.add_edges(table).edges("cat", "has_part")[0].weight == 3.0


def test_a_concept_there_already_is_refused(toy_graph):
    with pytest.raises(InvalidGraphError, match="graph toy already has these concepts\n  id given twice: 'cat', 'dog'"):
        toy_graph.add_concepts(["dog", "elk", "cat"])
    with pytest.raises(InvalidGraphError, match="id given twice: 'elk'"):
        toy_graph.add_concepts(["elk", "elk"])


def test_an_edge_there_already_is_refused(toy_graph):
    with pytest.raises(
        InvalidGraphError, match="graph toy already has these edges\n  edge given twice: 'dog is_a mammal'"
    ):
        toy_graph.add_edges([("mammal", "has_kind", "dog"), ("dog", "is_a", "cat")])


def test_an_unknown_end_is_named_with_the_nearest(toy_graph):
    with pytest.raises(UnknownConceptError, match="no concept 'mamal' in graph toy") as caught:
        toy_graph.add_edges([("dog", "is_a", "mamal")])
    assert caught.value.nearest[0] == "mammal"


def test_unknown_ends_are_all_named_at_once(toy_graph):
    with pytest.raises(InvalidGraphError) as caught:
        toy_graph.add_edges([("mamal", "is_a", "animl"), ("dog", "is_a", "zzz")])
    assert caught.value.report == {
        "unknown": ("animl (nearest: animal)", "mamal (nearest: mammal, animal)", "zzz (nearest: none)")
    }
    assert "3 concepts graph toy does not have; use add_concepts first" in str(caught.value)


def test_a_symmetric_fact_may_be_removed_from_either_end(toy_graph):
    near = Relation("near", "association", symmetric=True)
    kg = toy_graph.add_edges([("owl", "near", "bat"), ("dog", "near", "cat")], relations=[near])
    assert names(kg.remove_edges([("bat", "near", "owl")]).edges(relation="near")) == ["dog near cat"]
    both = [("bat", "near", "owl"), ("owl", "near", "bat"), ("dog", "near", "cat")]
    assert kg.remove_edges(both).edges(relation="near") == ()
    with pytest.raises(InvalidGraphError) as caught:
        kg.remove_edges([("bat", "near", "owl"), ("owl", "near", "cat"), ("bat", "is_a", "owl")])
    assert caught.value.report == {"absent": ("bat is_a owl", "owl near cat")}


def test_an_absent_edge_cannot_be_removed(toy_graph):
    with pytest.raises(InvalidGraphError) as caught:
        toy_graph.remove_edges([("dog", "is_a", "owl"), ("dog", "eats", "cat"), ("dog", "is_a", "mammal")])
    assert caught.value.report == {"absent": ("dog eats cat", "dog is_a owl")}


@pytest.mark.parametrize(
    ("edges", "message"),
    [
        ([(1, "is_a", "dog")], "row 0, .*: 'head' must be a string, not int 1"),
        ([("dog", "is_a", "cat"), ("dog", None, "cat")], "row 1, .*: 'relation' must be a string, not NoneType None"),
        ([{"head": "dog", "relation": "is_a"}], "'tail' must be a string, and is missing"),
        ([("dog", "cat")], r"an edge is an Edge, a tuple \(head, relation, tail\[, weight\]\) or a mapping, not"),
        (["dog"], "an edge is an Edge, a tuple"),
        (Edge("dog", "is_a", "cat"), "edges are given as a list, not one by one"),
        ([("dog", "is_a", "cat", "heavy")], "column 'weight' must hold numbers, not String"),
    ],
)
def test_what_is_no_edge_is_refused(toy_graph, edges, message):
    with pytest.raises(InputFormatError, match=message):
        toy_graph.add_edges(edges)


@pytest.mark.parametrize("weight", [float("nan"), -1.0, 0.0])
def test_a_weight_is_checked_when_it_is_added(toy_graph, weight):
    with pytest.raises(InvalidGraphError, match="weight that is not positive and finite: 'dog eats cat'"):
        toy_graph.add_edges([("dog", "eats", "cat", weight)])


@pytest.mark.parametrize("wrong", [[1], [("x",)], [{"label": "x"}], [{"id": None}], [{"id": 1}]])
def test_what_is_no_concept_is_refused(toy_graph, wrong):
    with pytest.raises(InputFormatError):
        toy_graph.add_concepts(wrong)


def test_columns_that_do_not_fit_are_named(toy_graph):
    kg = toy_graph.add_concepts([{"id": "x", "colours": ["red"]}])
    with pytest.raises(InputFormatError, match=r"'colours' is List\(String\) here and Int64 there"):
        kg.add_concepts([{"id": "y", "colours": 3}])
    with pytest.raises(InputFormatError, match="column 'colours' holds set; give strings, numbers, or lists of them"):
        toy_graph.add_concepts([{"id": "y", "colours": {"red"}}])


def test_rows_that_do_not_agree_on_a_type_are_refused(toy_graph):
    with pytest.raises(InputFormatError, match="the 2 rows do not make columns of one type each") as caught:
        toy_graph.add_concepts([{"id": "x", "more": [1]}, {"id": "y", "more": "s"}])
    assert caught.value.__cause__ is not None


def test_nothing_added_is_the_same_graph(toy_graph):
    same = toy_graph.add_concepts([]).add_edges([]).remove_edges([])
    assert same.fingerprint == toy_graph.fingerprint
    assert same.edges_table.equals(toy_graph.edges_table)


def test_merging_along_an_alignment(toy_graph):
    other = toy_graph.subgraph(["animal"]).add_concepts(
        [{"id": "beast", "definition": "other words"}, {"id": "hound", "definition": "theirs"}, {"id": "puppy"}]
    )
    other = other.add_edges([("puppy", "is_a", "hound"), ("hound", "is_a", "beast"), ("beast", "is_a", "animal")])
    kg = toy_graph.merge(other, alignment={"hound": "dog", "beast": "animal"}, name="both")
    assert kg.ids == (*toy_graph.ids[:-2], "owl", "puppy", "wing")
    assert names(kg.edges(head="puppy")) == ["puppy is_a dog"]
    assert names(kg.edges(head="dog")) == ["dog is_a animal", "dog is_a mammal"]
    assert kg.concept("dog").definition == "a mammal that barks"
    assert (kg.resolve("hound"), kg.concept("dog").alternate_ids) == ("dog", ("n02084071", "hound"))
    assert (kg.name, dict(kg.report)) == ("both", {"lines read": 19, "loops dropped by merge": 1})


def test_merging_keeps_this_graphs_description_of_a_relation(toy_graph):
    other = toy_graph.add_edges([("cat", "eats", "bat")], relations=[Relation("eats", "causal")])
    mine = toy_graph.add_edges([("owl", "eats", "bat")])
    assert mine.merge(other).relations["eats"].kind == "association"
    assert other.merge(mine).relations["eats"].kind == "causal"
    assert toy_graph.merge(other).relations["eats"].kind == "causal"
    assert mine.merge(other).name == "toy+toy"


def test_an_alignment_of_unknown_concepts_is_refused(toy_graph):
    with pytest.raises(UnknownConceptError, match="no concept 'unicorn'"):
        toy_graph.merge(toy_graph, alignment={"dog": "unicorn"})
