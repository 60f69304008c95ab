"""Questions to WordNet beside the libraries that answer them today: the same questions, the same answers, one run.

    python benchmarks/queries.py [--files /usr/share/wordnet] [--rounds 15] [--quick] [--peers nltk,networkx] [--json]

A row is a question and a peer: seconds a question ours and theirs, how many times faster kgzsl is, and the goal. Both
are asked the same random questions in turns, round by round, others in every round; a row shows the fastest round of
each. Before, both are asked others, so that what is compiled or read once is. Both sides keep something of what they
were asked, so it is said which questions they are: "new" is about concepts drawn from all nouns, "met" a new question
about 400 concepts that both sides have been asked about, "again" one that both have just answered. Every answer is
compared, and one that differs makes the run end with status 1. Where answers may differ rightly (which of several
shortest paths, which common ancestor), what they have in common is compared; `SAME` says what.

Peers get their own handles (a Synset, an integer), looked up before the clock starts, while kgzsl is asked by id and
answers with concepts that know their label. The graph of NetworkX, rustworkx and igraph is that of the nouns'
`is_a` and `instance_of`, and kgzsl is held to those by `relations="taxonomic"`; wn's database is filled from the same.
`--quick` asks few questions, once, and without wn; whether a goal is met is then not said.
"""

import argparse
import gc
import json
import math
import os
import platform
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
import query_peers
from query_peers import AbsentError, K, Nouns, Peer
from rich.console import Console
from rich.table import Table

from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.sources.catalog import load_graph

TOLERANCE = 1e-9
PEERS = ("nltk", "wn", "networkx", "rustworkx", "igraph", "pyoxigraph", "rdflib")
ASKED = {
    "wup": "Wu-Palmer of a pair",
    "wup many": "Wu-Palmer of one with 200",
    "ancestors": "all hypernyms",
    "descendants": "all hyponyms",
    "lowest": "lowest common hypernyms",
    "one lowest": "one lowest common hypernym",
    "shortest": "shortest path",
    "two hops": "two-hop neighbourhood",
    "two-hop graph": "two-hop subgraph",
    "k shortest": f"{K} shortest paths",
    "follow": "follow is_a+/has_part",
    "match": "match ?x is_a+ a, has_part ?y",
}
GOALS = {
    ("nltk", "wup"): 50, ("nltk", "wup many"): 50, ("nltk", "ancestors"): 10, ("nltk", "lowest"): 5,
    ("networkx", "shortest"): 20, ("networkx", "two hops"): 5, ("networkx", "k shortest"): 3,
}  # fmt: skip
COUNTS = {
    ("nltk", "wup many"): 2, ("networkx", "k shortest"): 7, ("networkx", "one lowest"): 1,
    ("networkx", "shortest"): 60, ("igraph", "shortest"): 60, ("rustworkx", "shortest"): 7,
    ("networkx", "two-hop graph"): 60,
    ("wn", "ancestors"): 17, ("wn", "lowest"): 17, ("wn", "wup"): 17, ("rdflib", "follow"): 7, ("rdflib", "match"): 7,
}  # fmt: skip
COUNT = 1000  # questions in a round, of those that are not slow for the peer
STATES = dict.fromkeys(("wup", "wup many"), ("new", "met"))
STATES |= {"lowest": ("new", "met", "again")}
STATES |= dict.fromkeys(("ancestors", "descendants", "two hops"), ("new", "again"))
SPARQL = ("follow", "match")
OF_ONE = ("ancestors", "descendants", "two hops", "two-hop graph", *SPARQL)
NUM_MET = 400
MATRIX_GOAL = 1.0  # seconds for 1,000 concepts

Question = tuple[str, ...]


@dataclass(frozen=True)
class Measured:
    """A row: seconds a question, and how many answers differ; None and a reason where there was no peer."""

    question: str
    state: str
    peer: str
    ours: float | None = None
    theirs: float | None = None
    ratio: float | None = None
    goal: str = ""
    met: bool | None = None
    questions: int = 0
    different: int = 0
    remark: str = ""


def part_around(kg: KnowledgeGraph, id_: str) -> KnowledgeGraph:
    """The graph two hops around, its edges as well, which are otherwise read when somebody asks for them."""
    part = kg.neighborhood(id_, hops=2, relations="taxonomic")
    part.index  # noqa: B018
    return part


def our_asks(kg: KnowledgeGraph) -> dict[str, Callable[..., Any]]:
    """How kgzsl is asked."""
    return {
        "wup": lambda a, b: kg.similarity(a, b, measure="wup", compat="nltk"),
        "wup many": lambda a, *others: kg.similarity(a, others, measure="wup", compat="nltk"),
        "ancestors": kg.ancestors,
        "descendants": kg.descendants,
        "lowest": kg.lowest_common_ancestors,
        "one lowest": kg.lowest_common_ancestors,
        "shortest": lambda a, b: kg.shortest_path(a, b, relations="taxonomic"),
        "two hops": lambda a: kg.neighbors(a, hops=2, relations="taxonomic"),
        "two-hop graph": lambda a: part_around(kg, a),
        "k shortest": lambda a, b: kg.paths(a, b, k=K, max_length=None, relations="taxonomic"),
        "follow": lambda a: kg.follow(a, "is_a+/has_part"),
        "match": lambda a: kg.match(f"?x is_a+ {a} . ?x has_part ?y").rows,
    }


# -- whether two answers are the same --------------------------------------------------------------------------------


def is_close(nouns: Nouns, question: Question, ours: Any, theirs: Any) -> bool:
    """Numbers that differ by rounding at most."""
    mine, other = ([value] if isinstance(value, float) else list(value) for value in (ours, theirs))
    return len(mine) == len(other) and all(abs(a - b) <= TOLERANCE for a, b in zip(mine, other, strict=True))


def is_close_or_wns(nouns: Nouns, question: Question, ours: Any, theirs: Any) -> bool:
    """NLTK takes the common ancestor that is deepest by shortest ways, and wn any one of the deepest by longest."""
    kg, expected = nouns.graph, [ours]
    for lowest in kg.lowest_common_ancestors(*question):
        twice = 2 * (kg.depth(lowest, longest=True) + 1)
        expected.append(twice / (sum(kg.taxonomic_distance(end, lowest) for end in question) + twice))
    return any(abs(theirs - value) <= TOLERANCE for value in expected)


def are_same_concepts(nouns: Nouns, question: Question, ours: Any, theirs: Any) -> bool:
    """The same concepts, each once; at the same distance, if the peer says at which."""
    if isinstance(theirs, dict):
        return theirs == dict(zip(ours.ids, ours.distances, strict=True))
    return len(ours) == len(theirs) and set(ours) == set(theirs)


def are_same_graphs(nouns: Nouns, question: Question, ours: Any, theirs: Any) -> bool:
    """The same concepts, and the same of them joined."""
    joined = {frozenset((edge.head, edge.tail)) for edge in ours.edges()}
    return set(ours.ids) == set(theirs) and joined == set(map(frozenset, theirs.edges))


def are_deepest(nouns: Nouns, question: Question, ours: Any, theirs: Any) -> bool:
    """Ours are all common ancestors without another below; NLTK and wn give the deepest of them."""
    depths = {str(concept): nouns.graph.depth(concept, longest=True) for concept in ours}
    return set(theirs) == {id_ for id_, depth in depths.items() if depth == max(depths.values())}


def is_path(nouns: Nouns, question: Question, path: Sequence[str]) -> bool:
    """Whether every step is an edge, no concept is passed twice, and the ends are those asked for."""
    steps = [(str(here), str(there)) for here, there in pairwise(path)]
    ends = (str(path[0]), str(path[-1]))
    return ends == question and all(step in nouns.joined for step in steps) and len(set(path)) == len(path)


def are_paths(nouns: Nouns, question: Question, ours: Any, theirs: Any) -> bool:
    """Both are different paths between the ends, and as long as each other one by one."""
    mine, other = [path.concepts for path in ours], [tuple(path) for path in theirs]
    for found in (mine, other):
        if len(set(map(tuple, found))) != len(found) or not all(is_path(nouns, question, path) for path in found):
            return False
    return list(map(len, mine)) == list(map(len, other))


SAME: dict[str, Callable[[Nouns, Question, Any, Any], bool]] = {
    "wup": is_close,
    "wup many": is_close,
    "ancestors": are_same_concepts,
    "descendants": are_same_concepts,
    "lowest": are_deepest,
    "one lowest": lambda nouns, question, ours, theirs: theirs in ours,
    "shortest": lambda nouns, question, ours, theirs: are_paths(nouns, question, [ours], [theirs]),
    "two hops": are_same_concepts,
    "two-hop graph": are_same_graphs,
    "k shortest": are_paths,
    "follow": are_same_concepts,
    "match": are_same_concepts,
    "wn wup": is_close_or_wns,
}


# -- the questions ---------------------------------------------------------------------------------------------------


class Questions:
    """Random questions, no two alike, the same in every run."""

    def __init__(self, nouns: Nouns) -> None:
        instances = [nouns.ids[child] for child, _ in nouns.edges["instance_of"]]
        named = set(instances).union(*map(nouns.graph.descendants, instances))  # not below kinds by `is_a` alone
        parents = {parent for _, parent in nouns.taxonomy}
        self._nouns = nouns.ids
        self._kinds = [id_ for id_ in nouns.ids if id_ not in named]
        self._inner = [nouns.ids[place] for place in sorted(parents)]
        self._plain = [id_ for id_ in self._inner if id_.replace("_", "").replace(".", "").isalnum()]
        self.met = random.Random(1).sample(self._kinds, NUM_MET)

    def of(self, job: str, state: str, seed: str) -> Iterator[Question]:
        """Questions of one kind."""
        maker, seen = random.Random(f"{job} {state} {seed}"), set()
        pool = {"ancestors": self._kinds, "descendants": self._inner, "match": self._plain}.get(job, self._nouns)
        size = 201 if job == "wup many" else 1 if job in OF_ONE else 2
        while True:
            question: Question = tuple(maker.sample(self.met if state == "met" else pool, size))
            if question not in seen:
                seen.add(question)
                yield question


def timed(ask: Callable[..., Any], questions: Sequence[tuple[Any, ...]]) -> tuple[list[Any], float]:
    """The answers and the seconds a question, with the garbage collector at rest."""
    gc.disable()
    try:
        start = time.perf_counter()
        answers = [ask(*question) for question in questions]
        return answers, (time.perf_counter() - start) / len(questions)
    finally:
        gc.enable()


def measured(nouns: Nouns, asked: Questions, key: str, peer: Peer, job: str, options: Any) -> Iterator[Measured]:
    """Ask both in turns and compare; a row for each state."""
    count, rounds = COUNTS.get((key, job), COUNT), options.rounds
    if options.quick:
        count, rounds = max(2, count // 30), 1
    ours, theirs, said = our_asks(nouns.graph)[job], peer.asks[job], peer.said.get(job, lambda answer: answer)
    same = SAME.get(f"{key} {job}", SAME[job])
    for state in STATES.get(job, ("new",)):
        drawn = asked.of(job, state, key)
        warm = [next(drawn) for _ in range(10 if options.quick else 40 if job in ("k shortest", "wup many") else 700)]
        if state == "met" and not options.quick:
            warm = [(id_, *asked.met[: 200 if job == "wup many" else 1]) for id_ in asked.met]
        for question in warm:
            ours(*question)
        for question in warm if state == "met" and key == "nltk" else warm[: max(1, count // 5)]:
            theirs(*map(peer.handle, question))
        best, different, first = [math.inf, math.inf], 0, ""
        for turn in range(rounds):
            questions = [next(drawn) for _ in range(count)]
            sides = [(0, ours, questions), (1, theirs, [tuple(map(peer.handle, question)) for question in questions])]
            answers: list[list[Any]] = [[], []]
            gc.collect()
            for side, ask, asks in sides if turn % 2 else sides[::-1]:
                if state == "again":
                    timed(ask, asks)
                answers[side], seconds = timed(ask, asks)
                best[side] = min(best[side], seconds)
            for question, mine, other in zip(questions, *answers, strict=True):
                if not same(nouns, question, mine, said(other)):
                    different += 1
                    first = first or f"differs: {', '.join(question[:2])}: {mine!r:.60} and {said(other)!r:.60}"
        goal, ratio = GOALS.get((key, job)), best[1] / best[0]
        yield Measured(
            ASKED[job], state, peer.name, *best, ratio,
            goal=f"{goal}x" if goal else "", met=None if goal is None or options.quick else ratio >= goal,
            questions=rounds * count, different=different, remark=first,
        )  # fmt: skip


def matrices(nouns: Nouns, asked: Questions, *, rounds: int, quick: bool) -> Iterator[Measured]:
    """Similarities of 1,000 concepts with each other, new ones in every round; some cells against single pairs."""
    kg, maker, size = nouns.graph, random.Random("matrix"), 1000
    for measure in ("path", "wup", "lin"):
        best, different, cells = math.inf, 0, 20 if quick else 500
        kg.similarity_matrix(asked.met[:50], measure=measure)
        for _ in range(rounds):
            ids = maker.sample(nouns.ids, size)
            (matrix,), seconds = timed(partial(kg.similarity_matrix, measure=measure), [(ids,)])
            best = min(best, seconds)
            for _ in range(cells):
                x, y = maker.randrange(size), maker.randrange(size)
                different += abs(matrix[x, y] - kg.similarity(ids[x], ids[y], measure=measure)) > TOLERANCE
        yield Measured(
            f"1,000 x 1,000 {measure}", "new", "-", best, goal=f"< {MATRIX_GOAL:.0f} s",
            met=None if quick else best < MATRIX_GOAL, questions=rounds, different=int(different),
        )  # fmt: skip


def run(options: argparse.Namespace, scratch: Path) -> Iterator[Measured]:
    """All rows, peer by peer; for each of them the graph is one that was asked nothing yet."""
    graph = load_graph("wordnet")
    nouns = Nouns(graph)
    asked = Questions(nouns)
    build: dict[str, Callable[[], Peer]] = {
        "nltk": lambda: query_peers.nltk(nouns, options.files, scratch),
        "wn": lambda: query_peers.wn(nouns, scratch),
    }
    for key in options.peers.split(","):
        nouns.graph = graph.with_tables()
        try:
            if options.quick and key == "wn":
                raise AbsentError("filling wn's database takes long; not in --quick")
            peer = build.get(key, lambda key=key: getattr(query_peers, key)(nouns))()
        except AbsentError as reason:
            yield Measured("-", "", key, remark=f"skipped: {reason}")
            continue
        gc.collect()
        gc.freeze()  # what the peer holds is not walked over before each round
        for job in peer.asks:
            yield from measured(nouns, asked, key, peer, job, options)
    yield from matrices(nouns, asked, rounds=1 if options.quick else options.rounds, quick=options.quick)


def shown(seconds: float | None) -> str:
    """Seconds in the unit that reads best."""
    if seconds is None:
        return ""
    for unit, scale in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"


def table_of(rows: Sequence[Measured]) -> Table:
    table = Table(title="Questions to WordNet 3.0, time of one question")
    for column in ("question", "", "peer", "kgzsl", "peer's", "times faster", "goal", "met", "asked", "different"):
        table.add_column(column, justify="left" if column in ("question", "", "peer") else "right")
    for row in rows:
        met = "" if row.met is None else "yes" if row.met else "NO"
        ratio = "" if row.ratio is None else f"{row.ratio:.3g}"
        counts = (f"{row.questions:,}", str(row.different)) if row.questions else ("", "")
        table.add_row(
            row.question, row.state, row.peer, shown(row.ours), shown(row.theirs), ratio, row.goal, met, *counts
        )
    return table


def main() -> int:
    """Print a row for each question and peer; 1 if an answer differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=Path, default=Path("/usr/share/wordnet"))
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--quick", action="store_true", help="few questions, once: whether it runs and agrees")
    parser.add_argument("--peers", default=",".join(PEERS), help="which ones, with commas")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    unknown = sorted(set(options.peers.split(",")) - set(PEERS))
    if unknown:
        parser.error(f"no peer {', '.join(unknown)}; there are {', '.join(PEERS)}")
    with tempfile.TemporaryDirectory() as scratch:
        rows = list(run(options, Path(scratch)))
    wrong = any(row.different for row in rows)
    if options.json:
        print(json.dumps([asdict(row) for row in rows], indent=1))
        return int(wrong)
    console = Console(width=max(132, Console().width))
    console.print(table_of(rows))
    for row in rows:
        if row.remark:
            console.print(f"{row.question} {row.state} ({row.peer}): {row.remark}", markup=False)
    machine = f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    console.print(f"{'ANSWERS DIFFER' if wrong else 'all answers agree'}; {machine}")
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
