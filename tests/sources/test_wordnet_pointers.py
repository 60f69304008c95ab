import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from kgzsl.sources.wordnet import read_wordnet
from kgzsl.sources.wordnet_pointers import taxonomic_cycles


def account(report):
    dropped = sum(count for reason, count in report.items() if reason.startswith("dropped_"))
    return report["edges"] + report["merged_inverse"] + report["merged_lexical"] + dropped


def test_every_pointer_line_of_the_toy_is_accounted_for(toy_wordnet) -> None:
    report = read_wordnet(toy_wordnet()).report
    assert {key: count for key, count in report.items() if count} == {
        "synsets": 13,
        "pointer_lines": 30,
        "edges": 20,
        "merged_inverse": 8,
        "merged_lexical": 2,
        "lexnames_missing": 1,
    }
    assert account(report) == report["pointer_lines"]


def test_pointer_whose_mate_is_missing_still_makes_its_edge(toy_wordnet, toy_synset) -> None:
    whole = read_wordnet(toy_wordnet())
    down_only = read_wordnet(toy_wordnet(paw=toy_synset("paw", pointers=[])))
    up_only = read_wordnet(toy_wordnet(cat=toy_synset("cat", pointers=["@ animal", "~i tom", ";c group"])))
    for half in (down_only, up_only):
        assert half.edges_table.drop("source").equals(whole.edges_table.drop("source"))
        assert account(half.report) == half.report["pointer_lines"] == whole.report["pointer_lines"] - 1
    assert up_only.report["edges_from_inverse_only"] == whole.report["edges_from_inverse_only"] + 1


def test_lexical_pointers_name_the_words_they_link_in_the_direction_of_the_edge(toy_wordnet) -> None:
    graph = read_wordnet(toy_wordnet())
    pairs = {str(edge): edge.more["lemma_pairs"] for edge in graph.edges() if edge.more["lemma_pairs"]}
    assert pairs == {
        "fast.a.01 antonym slow.a.01": ["fast>slow"],
        "hurry.v.01 derivationally_related speed.n.01": ["hurry>speed", "race on>speed"],
        "quickly.r.01 derived_from fast.a.01": ["quickly>quick"],
        "slow.a.01 antonym fast.a.01": ["slow>fast"],
        "speed.n.01 derivationally_related hurry.v.01": ["speed>hurry", "speed>race on"],
    }


def test_lexical_pointer_against_its_relation_is_turned_with_its_words(toy_wordnet, toy_synset) -> None:
    graph = read_wordnet(
        toy_wordnet(
            cat=toy_synset("cat", pointers=["@ animal", "~i tom", "%p paw"]),
            group=toy_synset("group", pointers=["@ entity", "%m animal", "-u cat 01 02"]),
        )
    )
    (edge,) = graph.edges(relation="has_domain_usage")
    assert (str(edge), edge.more["lemma_pairs"]) == ("cat.n.01 has_domain_usage group.n.01", ["Felis>group"])


def test_lexical_pointer_inside_a_synset_is_dropped_without_a_warning(toy_wordnet, toy_synset) -> None:
    graph = read_wordnet(toy_wordnet(tom=toy_synset("tom", pointers=["@i cat", "+ tom 01 02"])), strict=True)
    assert graph.report["dropped_within_synset"] == 1
    assert account(graph.report) == graph.report["pointer_lines"]


NODES = "abcdefg"


@settings(max_examples=60, deadline=None)
@given(st.sets(st.tuples(st.sampled_from(NODES), st.sampled_from(NODES)).filter(lambda ends: ends[0] != ends[1])))
def test_cycles_are_the_strong_components(ends) -> None:
    edges = pl.DataFrame(
        {"head": [a for a, _ in sorted(ends)], "tail": [b for _, b in sorted(ends)]},
        schema={"head": pl.String, "tail": pl.String},
    ).with_columns(pl.lit("is_a").alias("relation"))
    reached = {node: {node} for node in NODES}
    for _ in NODES:
        for a, b in ends:
            reached[a] |= reached[b]
    together = {tuple(b for b in NODES if b in reached[a] and a in reached[b]) for a in NODES}
    assert taxonomic_cycles(edges) == sorted(list(group) for group in together if len(group) > 1)
