import sys

import pytest

from kgzsl.errors import InputFormatError, ResourceLimitError, UnknownRelationError
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.relation import Relation
from kgzsl.query.pattern_automaton import Automaton, Transition, automaton_of, neighbors_of, step_codes
from kgzsl.query.pattern_syntax import parse_pattern
from kgzsl.query.pattern_tree import Inverse

RELATIONS = [
    Relation("causes", "causal", "caused_by"),
    Relation("has_part", "part", "part_of"),
    Relation("is_a", "taxonomic", "has_kind"),
    Relation("kind_of", "taxonomic", "has_kind"),
    Relation("part", "association"),
]
CAUSES, HAS_PART, IS_A, KIND_OF, PART = range(5)


@pytest.fixture(scope="module")
def index():
    edges = [
        ("a", "causes", "b"),
        ("a", "has_part", "c"),
        ("a", "is_a", "d"),
        ("b", "kind_of", "d"),
        ("c", "part", "d"),
    ]
    return KnowledgeGraph.from_tables(list("abcd"), edges, RELATIONS, name="five").index


def built(index, text):
    return automaton_of(parse_pattern(text), index)


def step(target, *codes, forward=True):
    return Transition(target, forward, codes)


@pytest.mark.parametrize(
    "text, transitions, accepting",
    [
        ("is_a", [[step(1, IS_A)], []], {1}),
        ("is_a?", [[step(1, IS_A)], []], {0, 1}),
        ("is_a+", [[step(1, IS_A)], [step(1, IS_A)]], {1}),
        ("is_a*", [[step(0, IS_A)]], {0}),
        ("((is_a*)*)+", [[step(0, IS_A)]], {0}),
        ("(is_a/causes)*", [[step(1, IS_A)], [step(0, CAUSES)]], {0}),
        ("is_a{0}", [[]], {0}),
        ("is_a{2}", [[step(1, IS_A)], [step(2, IS_A)], []], {2}),
        ("is_a{0,2}", [[step(1, IS_A)], [step(2, IS_A)], []], {0, 1, 2}),
        ("is_a{2,}", [[step(1, IS_A)], [step(2, IS_A)], [step(2, IS_A)]], {2}),
        ("causes|is_a", [[step(1, CAUSES, IS_A)], []], {1}),
        ("causes|^is_a", [[step(1, IS_A, forward=False), step(1, CAUSES)], []], {1}),
        ("taxonomic", [[step(1, IS_A, KIND_OF)], []], {1}),
        ("part", [[step(1, HAS_PART, PART)], []], {1}),  # both a relation and a kind, as everywhere
        ("part_of", [[step(1, HAS_PART, forward=False)], []], {1}),
        ("^part_of", [[step(1, HAS_PART)], []], {1}),
        (".", [[step(1, *range(5))], []], {1}),
        ("!taxonomic", [[step(1, CAUSES, HAS_PART, PART)], []], {1}),
        ("!part_of", [[step(1, CAUSES, IS_A, KIND_OF, PART, forward=False)], []], {1}),
        ("!(taxonomic|^causes)", [[step(1, 1, 2, 3, 4, forward=False), step(1, CAUSES, HAS_PART, PART)], []], {1}),
        ("!()", [[step(1, *range(5))], []], {1}),
        ("negative", [[]], set()),
        ("^(is_a/causes)", [[step(1, CAUSES, forward=False)], [step(2, IS_A, forward=False)], []], {2}),
    ],
)
def test_a_pattern_becomes_states_and_transitions(index, text, transitions, accepting):
    assert built(index, text) == Automaton(tuple(map(tuple, transitions)), frozenset(accepting))


def test_the_inverse_of_a_pattern_is_its_automaton_read_from_the_end(index):
    pattern = parse_pattern("is_a+/!causes?")
    assert automaton_of(Inverse(Inverse(pattern)), index) == automaton_of(pattern, index)
    assert automaton_of(Inverse(pattern), index) == built(index, "(^(!causes))?/(^is_a)+")


def test_names_are_relations_kinds_and_inverses(index):
    found = [step_codes(index, name) for name in ("causes", "taxonomic", "part_of", "part")]
    assert found == [((CAUSES,), True), ((IS_A, KIND_OF), True), ((HAS_PART,), False), ((HAS_PART, PART), True)]


def test_an_unknown_name_is_refused_with_the_nearest_as_a_pattern_has_them():
    edges = [("a", "cn:dbpedia/genus", "b"), ("a", "has_part", "b")]
    index = KnowledgeGraph.from_tables(["a", "b"], edges, name="small").index
    with pytest.raises(UnknownRelationError, match="no relation 'cn:dbpedia' in graph small") as caught:
        built(index, "cn:dbpedia/genus")
    assert caught.value.nearest == ("<cn:dbpedia/genus>",)
    with pytest.raises(UnknownRelationError) as caught:
        built(index, "!(part_off)")
    assert caught.value.nearest[0] == "part_of"
    with pytest.raises(UnknownRelationError):
        built(index, "has_part|isa{0}")  # also where it cannot be walked


def test_the_name_of_two_inverses_is_refused(index):
    with pytest.raises(InputFormatError, match=r"inverse of is_a and of kind_of; use \^is_a or \^kind_of"):
        built(index, "has_kind")


def test_a_transition_walks_its_own_relations_only(index):
    a, b, c, d = range(4)
    (without,) = built(index, "!has_part").transitions[0]  # `part` names a relation of it, and a kind with has_part
    assert without.codes == (CAUSES, IS_A, KIND_OF, PART)
    assert [neighbors_of(index, without).of(place) for place in (a, b, c, d)] == [[b, d], [d], [d], []]
    (back,) = built(index, "^(!has_part)").transitions[0]
    assert [neighbors_of(index, back).of(place) for place in (a, b, c, d)] == [[], [a], [], [a, b, c]]
    assert neighbors_of(index, back).edges_of(d) == [2, 3, 4]


@pytest.mark.parametrize(
    "text, words",
    [
        ("(is_a{1000}){1000}", "more than 1,000 steps"),
        ("((((is_a{1000}){1000}){1000}){1000}){1000}", "more than 1,000 steps"),
        ("/".join(["is_a"] * 1001), "more than 1,000 steps"),
        ("/".join(["is_a?"] * 1000), "more than 200,000 ways"),
    ],
)
def test_a_giant_automaton_is_refused_by_name(index, text, words):
    with pytest.raises(ResourceLimitError, match=words):
        built(index, text)


def test_what_stands_for_few_steps_is_small_however_it_is_written(index):
    assert built(index, "(((is_a{0}){1000}){1000}){1000}").num_states == 1
    assert built(index, "|".join(["is_a", "^causes"] * 5_000)).num_states == 2
    assert built(index, "(is_a/has_part{490})|(causes/has_part{490})").num_states == 492
    assert built(index, "(is_a?){999}").num_states == 1_000


def test_the_deepest_pattern_leaves_room_on_the_stack(index):
    text = "is_a|" + "causes|is_a/^(" * 29 + "is_a" + ")?/is_a" * 29
    tree = parse_pattern(text)
    assert parse_pattern(str(tree)) == tree
    depths = []

    def deepen(frame, event, _):
        if event == "call":
            depth = 0
            while frame := frame.f_back:
                depth += 1
            depths.append(depth)

    sys.setprofile(deepen)
    try:
        automaton_of(tree, index)
    finally:
        sys.setprofile(None)
    assert max(depths) - min(depths) < sys.getrecursionlimit() / 2
