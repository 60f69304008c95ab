"""Two hundred random queries over random graphs: `match` gives the rows of a SPARQL engine, and in order."""

import random

import polars as pl
import pyoxigraph as ox
import pytest

from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.relation import Relation

RELATIONS = (Relation("p", "part", inverse="part_of"), Relation("q", "attribute"), Relation("r", "part"))
PATHS = (
    "p", "^q", "part_of", "p/q", "p|q", "p+", "(p|q)+", "p/q+", "^p/q", "p?/q", "!p", "(p/q)+", "!(p|^q)", "p{1,2}",
)  # fmt: skip


EMPTY_WALKS = ("p*", "q?", "(p|q)*", "p*/^q?", "(p/q)?", "p{0,2}")


def iri(name):
    return f"<urn:{name}>"


def spelled(path):
    """The path as SPARQL writes it."""
    path = (
        path.replace("!p", "!(p|i)")
        .replace("!(p|^q)", "!(p|i|^q)")
        .replace("part_of", "^p")
        .replace("p{1,2}", "(p|(p/p))")
        .replace("p{0,2}", "(p?/p?)")
    )
    return "".join(iri({"i": "in"}.get(mark, mark)) if mark in "pqri" else mark for mark in path)


def random_graph(rng):
    count = rng.randint(1, 8)
    ids = [f"c{number}" for number in range(count)]
    pairs = [(head, tail) for head in ids for tail in ids if head != tail]
    triples = sorted({(a, rng.choice("pqr"), b) for a, b in rng.choices(pairs, k=rng.randint(0, 30))}) if pairs else []
    edges = pl.DataFrame(triples, schema={"head": pl.String, "relation": pl.String, "tail": pl.String}, orient="row")
    store = ox.Store()
    known = [(id_, "in", "graph") for id_ in ids]
    store.extend(ox.Quad(*(ox.NamedNode(f"urn:{part}") for part in triple)) for triple in [*triples, *known])
    return KnowledgeGraph.from_tables(pl.DataFrame({"id": ids}), edges, RELATIONS, name="random"), store


def random_statements(rng, ids, variables, count):
    """Patterns as both languages write them.

    A walk of no edges leads from each node to itself, so that variables have to be said to be concepts.
    """
    ours, theirs = [], []
    paths = EMPTY_WALKS if (empty := rng.random() < 0.2) else PATHS
    for _ in range(count):
        ends = [rng.choice(variables) if rng.random() < 0.88 else rng.choice(ids) for _ in "ab"]
        path = rng.choice(["?k", "?l"]) if rng.random() < 0.15 and not empty else rng.choice(paths)
        ours.append(f"{ends[0]} {path} {ends[1]}")
        there = [end if end.startswith("?") else iri(end) for end in ends]
        theirs.append(f"{there[0]} {path if path.startswith('?') else spelled(path)} {there[1]}")
        if path.startswith("?"):
            theirs.append(f"FILTER({path} != {iri('in')})")
        theirs += [f"{end} {iri('in')} {iri('graph')}" for end in there if end.startswith("?")]
    return ours, theirs


def random_filter(rng, ids, used):
    a, b = rng.choice(used), rng.choice(used)
    one, two = rng.choice(ids), rng.choice(ids)
    forms = [
        (f"{a} != {b}", f"{a} != {b}"),
        (f"{a} = {one}", f"{a} = {iri(one)}"),
        (f"{a} != {one}", f"{a} != {iri(one)}"),
        (f"{a} < {b}", f"str({a}) < str({b})"),
        (f"{a} in ({one}, {two})", f"{a} IN ({iri(one)}, {iri(two)})"),
        (f"!({a} = {b} || {a} = {one})", f"!({a} = {b} || {a} = {iri(one)})"),
        (f'id({a}) contains "{one[1]}" && {a} != {b}', f'CONTAINS(STR({a}), "{one[1]}") && {a} != {b}'),
        (f'id({a}) matches "[0-3]$"', f'REGEX(STR({a}), "[0-3]$", "i")'),
        (f"NOT EXISTS {{ {a} p ?z . ?z q {b} }}", f"NOT EXISTS {{ {a} {iri('p')} ?z . ?z {iri('q')} {b} }}"),
        (f"EXISTS {{ ?z p+ {a} }} || {a} = {two}", f"EXISTS {{ ?z {iri('p')}+ {a} }} || {a} = {iri(two)}"),
    ]
    ours, theirs = rng.choice(forms)
    return f"FILTER ({ours})", f"FILTER ({theirs})"


def asked(seed):
    rng = random.Random(seed)
    graph, store = random_graph(rng)
    ours, theirs = random_statements(rng, graph.ids, ["?x", "?y", "?w", "?v"], rng.randint(1, 4))
    used = sorted({word for line in ours for word in line.split() if word in ("?x", "?y", "?w", "?v")})
    for _ in range(rng.choice([0, 0, 1, 2]) if used else 0):
        mine, yours = random_filter(rng, list(graph.ids), used)
        ours.append(mine)
        theirs.append(yours)
    if used and rng.random() < 0.3:
        shared = rng.choice(used)
        ours.append(f"OPTIONAL {{ {shared} q ?o . ?o !q ?n }}")
        theirs.append(f"OPTIONAL {{ {shared} {iri('q')} ?o . ?o !({iri('q')}|{iri('in')}) ?n }}")
    return graph, store, rng.choice([" . ", "; ", "\n"]).join(ours), f"SELECT DISTINCT * {{ {' . '.join(theirs)} }}"


@pytest.mark.parametrize("seed", range(220))
def test_rows_are_those_of_a_sparql_engine(seed):
    graph, store, query, sparql = asked(seed)
    found = graph.match(query)
    solutions = store.query(sparql)
    variables = [variable.value for variable in solutions.variables]
    assert sorted(found.columns) == sorted(variables)
    columns = [variables.index(name) for name in found.columns]
    expected = [
        tuple(None if (term := row[place]) is None else term.value.removeprefix("urn:") for place in columns)
        for row in solutions
    ]
    assert list(found) == sorted(expected, key=lambda row: tuple(value or "" for value in row))


def test_the_random_queries_are_worth_asking():
    sizes = [len(graph.match(query)) for graph, _, query, _ in map(asked, range(220))]
    assert sum(size > 0 for size in sizes) > 80
    assert sum(size > 20 for size in sizes) > 10
