import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import polars as pl
import pytest

import kgzsl
from kgzsl.errors import InputFormatError, InvalidGraphError, UnknownConceptError, UnknownNameError
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.relation import Relation
from kgzsl.query.audit import CHECKS, audit
from kgzsl.query.audit_checks import TABLE_CHECKS
from kgzsl.query.audit_edges import HUB_EDGES
from kgzsl.query.audit_taxonomy import DEEP

PARENTS = {
    "animal": "being", "plant": "being", "bird": "animal", "mammal": "animal", "tree": "plant", "owl": "bird",
    "hen": "bird", "dog": "mammal", "cat": "mammal", "oak": "tree",
}  # fmt: skip
EDGES = [*((child, "is_a", parent) for child, parent in PARENTS.items()), ("owl", "has_part", "wing"),
         ("wing", "is_a", "being"), ("bird", "disjoint_with", "mammal"), ("dog", "lives_in", "tree")]  # fmt: skip
RELATIONS = (Relation("lives_in", "attribute", "home_of", "lives in", "is home of"),)


def graph_of(edges=(), *, concepts=(), relations=RELATIONS, without=(), **changed) -> KnowledgeGraph:
    """A graph without a fault, and what is added, left out and changed by id."""
    stated = [edge for edge in EDGES if edge not in without] + [tuple(edge) for edge in edges]
    ids = sorted({end for head, _, tail in stated for end in (head, tail)} | {"being"} | set(changed))
    rows = [{"id": id_, "label": f"a {id_}", "definition": f"what {id_} is", "alternate_ids": []} for id_ in ids]
    rows = [row | changed.get(row["id"], {}) for row in rows] + list(concepts)
    table = pl.DataFrame(rows, infer_schema_length=None, schema_overrides={"alternate_ids": pl.List(pl.String)})
    return KnowledgeGraph.from_tables(
        table, pl.DataFrame(stated, schema=["head", "relation", "tail"], orient="row"), relations, name="clean"
    )


def unchecked(*edges) -> KnowledgeGraph:
    """The clean graph with rows in its edge table that `from_tables` would refuse: head, relation, tail, weight."""
    graph = graph_of()
    held = graph.coded_edges
    rows = pl.DataFrame(edges, schema=["head", "relation", "tail", "weight"], orient="row")
    rows = rows.with_columns(pl.lit("").alias("source")).select(held.columns).cast(dict(held.schema))
    return graph.with_tables(edges=pl.concat([held, rows]))


def concept(id_, **columns):
    return {"id": id_, "label": f"a {id_}", "definition": f"what {id_} is", "alternate_ids": [], **columns}


@dataclass(frozen=True)
class Planted:
    """A graph with one fault: how often it is there, and its examples. `also` are checks it cannot but set off."""

    graph: Callable[[], KnowledgeGraph]
    count: int
    examples: tuple[str, ...]
    also: tuple[str, ...] = ()
    seen: tuple[str, ...] | None = None
    classes: tuple[str, ...] | None = None


NEGATIVE = Relation("not_capable_of", "negative"), Relation("capable_of", "attribute", "done_by", "can", "is done by")
PLANTED = {
    "E101": Planted(
        lambda: graph_of([("dog", "is_a", "puppy"), ("puppy", "is_a", "dog"), ("plant", "is_a", "oak")]), 2,
        ("dog -> puppy -> dog", "oak -> tree -> plant -> oak"),
    ),
    "E102": Planted(
        lambda: graph_of([("dog", "disjoint_with", "animal"), ("oak", "same_as", "hen"),
                          ("hen", "disjoint_with", "oak")]), 2,
        ("animal and dog", "hen and oak"),
    ),
    "E103": Planted(
        lambda: graph_of([("dog", "antonym", "mammal"), ("mammal", "antonym", "dog"), ("owl", "same_as", "hen"),
                          ("hen", "antonym", "owl")]), 2,
        ("dog antonym mammal, yet dog is_a mammal", "hen antonym owl, yet owl same_as hen"), also=("N305",),
    ),
    "E104": Planted(
        lambda: graph_of([("owl", "capable_of", "wing"), ("owl", "not_capable_of", "wing"),
                          ("hen", "not_capable_of", "wing")],
                         relations=(*RELATIONS, *NEGATIVE)), 1,
        ("owl not_capable_of wing",),
    ),
    "E105": Planted(
        lambda: graph_of([("bat", "is_a", "bird"), ("bat", "is_a", "mammal"), ("vampire", "is_a", "bat")]), 1,
        ("bird and mammal share bat and 1 more",),
    ),
    "E106": Planted(lambda: unchecked((1, 1, 1, 1.0)), 1, ("being has_part being",)),
    "E107": Planted(lambda: unchecked((0, 2, 1, 1.0), (0, 2, 1, 2.0)), 2, ("animal is_a being", "animal is_a being")),
    "E108": Planted(
        lambda: unchecked((0, 2, 99, 1.0), (-1, 2, 1, 1.0), (0, 9, 1, 1.0)), 3,
        ("animal is_a <no concept 99>", "<no concept -1> is_a being", "animal <no relation 9> being"),
    ),
    "E109": Planted(
        lambda: unchecked((2, 1, 6, float("nan")), (2, 1, 7, -1.0), (2, 1, 8, float("inf"))), 3,
        ("bird has_part mammal: nan", "bird has_part oak: -1.0", "bird has_part owl: inf"),
    ),
    "W201": Planted(lambda: graph_of(concepts=[concept("alone"), concept("lone")]), 2, ("alone", "lone")),
    "W202": Planted(
        lambda: graph_of([("granite", "is_a", "rock"), ("rock", "has_part", "being")]), 2,
        ("being (3 directly below)", "rock (1 directly below)"),
    ),
    "W203": Planted(
        lambda: graph_of([("day", "lives_in", "year"), ("noon", "lives_in", "day"), ("black", "antonym", "owl")]), 2,
        ("day with 2 more", "black"),
    ),
    "W204": Planted(lambda: graph_of(owl={"label": " "}, hen={"label": "?!"}), 2, ("hen", "owl")),
    "W205": Planted(
        lambda: graph_of([(f"tree {n}", "is_a", "tree") for n in range(HUB_EDGES)]), 1,
        (f"tree ({HUB_EDGES + 3} edges)",),
    ),
    "W206": Planted(
        lambda: graph_of([("granite", "is_a", "rock"), ("rock", "lives_in", "tree"), ("basalt", "is_a", "rock")]), 2,
        ("basalt", "granite"), also=("W202",), seen=("dog", "owl"), classes=("oak", "granite", "basalt"),
    ),
    "W207": Planted(
        lambda: graph_of(oak={"label": "", "definition": " "}, hen={"label": "hen"}, cat={"definition": ""}), 1,
        ("oak",), also=("N301", "N302"), seen=("dog",), classes=("oak", "hen", "cat"),
    ),
    "W208": Planted(
        lambda: graph_of([("AwA:1", "is_a", "tree"), ("awa:2", "is_a", "tree"), ("AwA:3", "is_a", "tree"),
                          ("http://x.org/a#q", "is_a", "tree"), ("https://x.org/a#r", "is_a", "tree")]), 2,
        ("http://x.org/a# (1), https://x.org/a# (1)", "AwA: (2), awa: (1)"),
    ),
    "W209": Planted(
        lambda: graph_of([(id_, "is_a", "tree") for id_ in ("Caf\u00e9", "cafe\u0301", "http://x/caf%C3%A9", "http://x/Caf\u00e9",
                                                           "http://x/caf\u00e9/")],
                         **{"Caf\u00e9": {"label": "x"}, "http://x/Caf\u00e9": {"label": "y"}}), 2,
        ("http://x/Caf\u00e9, http://x/caf%C3%A9, http://x/caf\u00e9/", "Caf\u00e9, cafe\u0301"),
    ),
    "W210": Planted(
        lambda: graph_of([("dog", "ex:livesIn", "wing"), ("wing", "part_of", "hen")],
                         relations=(*RELATIONS, Relation("ex:livesIn", "attribute"), Relation("part_of", "part"))), 2,
        ("ex:livesIn and lives_in", "has_part and part_of"),
    ),
    "W211": Planted(
        lambda: graph_of(owl={"alternate_ids": ["n1", "own", "N3"]}, hen={"alternate_ids": ["N1", "CAT"]},
                         dog={"alternate_ids": ["dog"]}), 2,
        ("cat of cat, hen", "n1 of hen, owl"),
    ),
    "N301": Planted(lambda: graph_of(owl={"label": "owl"}), 1, ("owl",)),
    "N302": Planted(lambda: graph_of(owl={"definition": ""}, hen={"definition": " "}), 2, ("hen", "owl")),
    "N303": Planted(
        lambda: graph_of(owl={"label": "Big_bird"}, hen={"label": "big bird"}, dog={"label": "big-Bird "}), 1,
        ("big bird (3 concepts)",),
    ),
    "N304": Planted(
        lambda: graph_of([("dog", "barks_at", "cat"), ("cat", "related_to", "dog"), ("cat", "x:runsFrom", "dog"),
                          ("cat", "fears", "dog"), ("cat", "x:likes", "hen")],
                         relations=(*RELATIONS, Relation("x:runsFrom", verb="runs from"),
                                    Relation("fears", "attribute"), Relation("x:likes", verb="is fond of"))), 2,
        ("barks_at", "x:runsFrom"),
    ),
    "N305": Planted(
        lambda: graph_of([("cat", "antonym", "dog"), ("dog", "antonym", "cat"), ("wing", "part_of", "owl")],
                         relations=(*RELATIONS, Relation("part_of", "part"))), 2,
        ("cat antonym dog", "owl has_part wing"), also=("W210",),
    ),
    "N306": Planted(
        lambda: graph_of([("oak 0", "is_a", "oak"),
                          *((f"oak {n + 1}", "is_a", f"oak {n}") for n in range(DEEP - 2))]), 2,
        (f"oak {DEEP - 2} ({DEEP + 2} steps below its root)", f"oak {DEEP - 3} ({DEEP + 1} steps below its root)"),
    ),
    "N307": Planted(
        lambda: graph_of([("o\u200bwl", "is_a", "bird")], hen={"label": "hen\x1b[31m"}), 2, ("hen", "o\u200bwl")
    ),
}  # fmt: skip


def test_every_check_has_a_planted_fault():
    assert list(PLANTED) == list(CHECKS)


@pytest.mark.parametrize("code", CHECKS)
def test_a_planted_fault_is_found_counted_and_shown(code):
    planted = PLANTED[code]
    report = audit(planted.graph(), seen=planted.seen, classes=planted.classes)
    finding = report[code]
    assert (finding.count, finding.examples) == (planted.count, planted.examples)
    assert {other.code for other in report.found} == {code, *planted.also}


def test_a_clean_graph_has_no_fault_and_every_check_is_run():
    report = audit(graph_of(), seen=["dog", "owl"], classes=["hen", "oak"])
    assert report.found == ()
    assert [finding.code for finding in report.findings] == list(CHECKS)
    assert [finding.skipped for finding in report.findings] == [""] * len(CHECKS)
    assert (report.ok, report.severity, report.require()) == (True, None, report)


@pytest.mark.parametrize(("code", "check"), CHECKS.items())
def test_a_check_is_described(code, check):
    assert check.code == code
    assert code[0] == check.severity[0].upper()
    assert check.explanation.endswith(".")
    assert check.advice.endswith(".")
    assert check.title == check.title.strip(".")
    assert check.find.__doc__


def test_a_graph_without_concepts_or_edges_has_no_fault():
    empty = KnowledgeGraph.from_tables(
        pl.DataFrame({"id": []}, schema={"id": pl.String}),
        pl.DataFrame(schema=dict.fromkeys(["head", "relation", "tail"], pl.String)),
    )
    assert audit(empty).found == ()
    single = empty.add_concepts([{"id": "x", "label": "an x", "definition": "it"}])
    assert [finding.code for finding in audit(single).found] == ["W201"]


# -- what the caller asks for -----------------------------------------------------------------------------------


def test_checks_are_left_out_by_code_and_the_report_says_so():
    report = audit(PLANTED["W201"].graph(), ignore=["W201", "E101"])
    assert report.found == ()
    assert report.ignored == ("E101", "W201")
    assert "Ignored: E101; W201." in str(report)
    with pytest.raises(UnknownNameError, match=r"no check in this audit is called 'W201'"):
        report["W201"]


@pytest.mark.parametrize(("ignore", "named"), [(["w201"], "w201"), ("W20", "W20"), (["E101", "X"], "X")])
def test_a_check_that_is_none_is_refused(ignore, named):
    with pytest.raises(UnknownNameError, match=f"no check is called '{named}'"):
        audit(graph_of(), ignore=ignore)


def test_one_check_is_named_without_a_list():
    assert audit(PLANTED["W201"].graph(), ignore="W201").ignored == ("W201",)


@pytest.mark.parametrize("options", [{"ignore": None}, {"ignore": 5}, {"relations": 0}, {"relations": 1.5}])
def test_what_is_no_list_is_refused(options):
    with pytest.raises(InputFormatError, match=r"ignore= lists the codes|relations are a name, a kind"):
        audit(graph_of(), **options)


def test_classes_and_seen_are_concepts_given_together():
    graph = graph_of(dog={"alternate_ids": ["n02084071"]})
    assert audit(graph, seen=["n02084071"], classes=iter(["hen"]))["W206"].count == 0
    assert audit(graph)["W206"].skipped == "it needs seen= and classes="
    with pytest.raises(InputFormatError, match="seen= and classes= are given together"):
        audit(graph, seen=["dog"])
    with pytest.raises(UnknownConceptError, match="nearest: 'dog'"):
        audit(graph, seen=["dgo"], classes=["hen"])


def test_relations_span_the_taxonomy():
    graph = graph_of([("granite", "lives_in", "rock"), ("rock", "lives_in", "granite")])
    assert audit(graph)["E101"].count == 0
    assert audit(graph, relations="lives_in")["E101"].examples == ("granite -> rock -> granite",)
    assert audit(graph, relations=["is_a", "lives_in"], seen=["dog"], classes=["granite"])["W206"].count == 1
    joined = graph.add_edges([("rock", "lives_in", "dog")])
    assert audit(joined, relations=iter(["is_a", "lives_in"]), seen=["dog"], classes=["granite"])["W206"].count == 0
    with pytest.raises(LookupError, match="lives_on"):
        audit(graph, relations="lives_on")


def test_edges_that_lead_nowhere_stop_the_checks_that_follow_edges():
    report = audit(PLANTED["E108"].graph())
    run = {finding.code for finding in report.findings if not finding.skipped}
    assert run == set(TABLE_CHECKS)
    assert "Not run: E101 (edges lead nowhere, see E108)" in str(report)
    assert not report.ok


@pytest.mark.parametrize("limit", ["MOST_PAIRS", "_MOST_BITS"])
def test_disjointness_above_too_many_is_said(monkeypatch, limit):
    monkeypatch.setattr(f"kgzsl.query.audit_descent.{limit}", 3)
    report = audit(graph_of())
    assert report["E105"].skipped == "over 50,000,000 pairs of a concept and a disjoint one above it"
    assert report["E102"].skipped == report["E105"].skipped


def test_a_chain_and_a_ring_of_twenty_thousand_are_audited_without_their_closure():
    ids = [f"{n:05}" for n in range(20_000)]
    edges = [*((ids[n], "is_a", ids[n + 1]) for n in range(len(ids) - 1)), (ids[0], "disjoint_with", ids[9])]
    chain = KnowledgeGraph.from_tables(
        pl.DataFrame({"id": ids}), pl.DataFrame(edges, schema=["head", "relation", "tail"], orient="row")
    )
    assert {finding.code: finding.count for finding in audit(chain, ignore=["N301", "N302"]).found} == {
        "E102": 1, "N306": 20_000 - DEEP - 1,
    }  # fmt: skip
    ring = chain.add_edges([(ids[-1], "is_a", ids[0])])
    assert {finding.code: finding.count for finding in audit(ring, ignore=["N301", "N302"]).found} == {
        "E101": 1, "E102": 1,
    }  # fmt: skip


def test_a_long_cycle_is_shown_in_part():
    ring = [(f"r{n:03}", "is_a", f"r{(n + 1) % 500:03}") for n in range(500)]
    report = audit(graph_of([*ring, ("r000", "is_a", "being")]))
    assert report["E101"].examples == ("r000 -> r001 -> r002 -> r003 -> r004 -> r005 -> … (500 concepts) -> r000",)


# -- the report as a value --------------------------------------------------------------------------------------


def test_severity_counts_and_the_error():
    report = audit(PLANTED["E101"].graph())
    assert (report.ok, report.severity, dict(report.counts)) == (False, "error", {"error": 1, "warning": 0, "note": 0})
    with pytest.raises(InvalidGraphError, match=r"E101 2 cycle\(s\) in the taxonomy: 'dog -> puppy -> dog'"):
        report.require()
    warned = audit(PLANTED["W201"].graph())
    assert (warned.ok, warned.severity) == (True, "warning")
    assert [warned.is_at_least(severity) for severity in ("error", "warning", "note")] == [False, True, True]
    with pytest.raises(UnknownNameError, match="severity"):
        warned.is_at_least("bad")


def test_a_report_is_a_table_and_json():
    report = audit(PLANTED["E101"].graph())
    frame = report.to_frame()
    assert frame["code"].to_list() == list(CHECKS)
    assert frame.filter(pl.col("count") > 0).select("code", "severity", "count", "examples").rows() == [
        ("E101", "error", 2, list(PLANTED["E101"].examples))
    ]
    held = report.to_dict()
    assert json.loads(json.dumps(held)) == held
    assert held["graph"] == {"name": "clean", "num_concepts": 13, "num_edges": 17}
    assert audit(PLANTED["E101"].graph()) == report
    with pytest.raises(AttributeError):
        report.findings = ()


def test_a_report_reads():
    text = str(audit(PLANTED["E101"].graph(), ignore=[code for code in CHECKS if code not in ("E101", "W206")]))
    assert text.splitlines()[:7] == [
        "audit of clean (13 concepts, 17 edges): 1 error, 0 warnings, 0 notes",
        "",
        "E101 error: 2 cycle(s) in the taxonomy",
        "  Each concept of a cycle is a kind of every other, so all have one depth and the same",
        "  ancestors.",
        "  To do: Remove one of the edges, or merge the concepts if they are the same.",
        "  Found: dog -> puppy -> dog; oak -> tree -> plant -> oak",
    ]
    assert "Not run: W206 (it needs seen= and classes=)." in text


HOSTILE = "<img src=x onerror=alert(1)>\x1b[31m\u202e"


def test_hostile_names_are_escaped_and_lines_fit():
    ids = [f"{HOSTILE}{n}" + "z" * 200 for n in range(30)]
    edges = [(ids[n], HOSTILE, ids[n + 1]) for n in range(20)] + [(ids[1], "is_a", ids[2]), (ids[2], "is_a", ids[1])]
    graph = KnowledgeGraph.from_tables(
        pl.DataFrame({"id": ids}), pl.DataFrame(edges, schema=["head", "relation", "tail"], orient="row"), name=HOSTILE
    )
    report = audit(graph)
    assert {"E101", "W201", "N304", "N307"} <= {finding.code for finding in report.found}
    for text in (str(report), repr(report), report._repr_html_()):
        assert "\x1b" not in text
        assert "\u202e" not in text
    assert "<img" not in report._repr_html_()
    num_clean = sum(not finding.count and not finding.skipped for finding in report.findings)
    assert f"<summary>{num_clean} checks found nothing, " in report._repr_html_()
    assert max(map(len, str(report).splitlines())) <= 96
    assert "and 20 more" in " ".join(str(report).split())


# -- real graphs ------------------------------------------------------------------------------------------------


def test_wordnet_is_audited_in_seconds():
    start = time.perf_counter()
    report = audit(kgzsl.load_graph("wordnet"), seen=["tiger.n.02"], classes=["zebra.n.01", "run.v.01"])
    assert time.perf_counter() - start < 20  # other tests may run beside
    assert report.ok
    assert {finding.code: finding.count for finding in report.found} == {
        "W201": 1009, "W202": 335, "W203": 1148, "W206": 1, "N303": 15726, "N305": 47819,
    }  # fmt: skip


def test_a_published_graph_is_told_its_faults(shared_data):
    triples = pl.read_csv(
        shared_data("kzsl/KG-AwA.csv"), separator="\t", has_header=True, quote_char=None, truncate_ragged_lines=True
    ).rename({"Subject": "head", "Relation": "relation", "Object": "tail"})
    names = {"rdfs:subClassOf": "is_a", "owl:disjointWith": "disjoint_with", "owl:sameAs": "same_as"}
    edges = triples.filter((pl.col("relation") != "rdfs:label") & (pl.col("head") != pl.col("tail"))).unique()
    edges = edges.with_columns(pl.col("relation").replace(names))
    ids = pl.DataFrame({"id": pl.concat([edges["head"], edges["tail"]]).unique().sort()})
    report = audit(KnowledgeGraph.from_tables(ids, edges, name="KG-AwA"))
    assert not report.ok
    assert "cn:leopard -> cn:panther -> cn:leopard" in report["E101"].examples
    assert report["W205"].examples[0].startswith("cn:mammal (1,333 edges)")


def test_the_same_report_under_every_hash_seed():
    program = (
        "import networkx, hashlib\nfrom kgzsl.graph import KnowledgeGraph\nfrom kgzsl.query.audit import audit\n"
        "g = networkx.gnp_random_graph(60, 0.03, seed=3, directed=True)\n"
        "g = networkx.relabel_nodes(g, lambda n: f'{chr(65 + n % 3)}w:{n % 7}_{n}')\n"
        "r = audit(KnowledgeGraph.from_networkx(g, relation='is_a'))\n"
        "print(hashlib.sha256((str(r) + r._repr_html_()).encode()).hexdigest())"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("0", "77")
    }  # fmt: skip
    assert len(said) == 1
