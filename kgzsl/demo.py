"""The whole story on shipped data: recognise kinds of things nobody gave an example of, and say why."""

import html
import time
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kgzsl.classifier import ZeroShotClassifier
from kgzsl.counts import checked_seed
from kgzsl.decision.inputs import unit_rows
from kgzsl.display.html import html_table
from kgzsl.display.text import text_table, wrap
from kgzsl.errors import KgzslWarning
from kgzsl.evaluation.metrics import harmonic_mean, hits_at_k
from kgzsl.explain import Explanation
from kgzsl.features.text import TextFeatures
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.sources.catalog import load_graph

__all__ = ["DefinitionTask", "DemoResult", "definition_task", "run_demo"]

ROOTS = {"animals": "animal.n.01", "artifacts": "artifact.n.01", "plants": "plant.n.02", "food": "food.n.01"}
CLASSES_A_ROOT = 30
SMALLEST, LARGEST = 10, 60
EXAMPLES_A_CLASS = 20
UNSEEN_SHARE = 0.3


@dataclass(frozen=True, eq=False)
class DefinitionTask:
    """Classes are concepts, examples the definitions of concepts below them, and `graph` has none of the examples."""

    graph: KnowledgeGraph
    classes: tuple[str, ...]
    examples: tuple[str, ...]
    definitions: tuple[str, ...]
    labels: NDArray[np.int64]
    num_hidden: int


def definition_task(wordnet: KnowledgeGraph) -> DefinitionTask:
    """Mid-level classes of WordNet, and the definitions of what lies below them, which leave the graph.

    A class has 10 to 60 concepts below it, none of them below another class. All of those leave the graph, with
    their definitions; at most 20 of them, spread evenly over the alphabet, are examples.
    """
    index = wordnet.index
    node, ancestor, _ = index.ancestor_pairs()
    below = {int(place): set(rows.tolist()) for place, rows in _grouped(ancestor, node)}
    chosen: list[int] = []
    taken: set[int] = set()
    for root in index.positions(ROOTS.values()).tolist():
        sized = [p for p in sorted(below[root]) if SMALLEST <= len(below[p]) - 1 <= LARGEST and p not in taken]
        free = []
        for place in sorted(sized, key=lambda p: (-len(below[p]), p)):
            if not below[place] & taken:
                free.append(place)
                taken |= below[place]
        chosen += _spread(sorted(free), CLASSES_A_ROOT)
    chosen.sort()
    hidden = set().union(*(below[place] - {place} for place in chosen))
    examples, labels = [], []
    for label, place in enumerate(chosen):
        members = _spread(sorted(below[place] - {place}), EXAMPLES_A_CLASS)
        examples += [wordnet.ids[member] for member in members]
        labels += [label] * len(members)
    kept = [id_ for place, id_ in enumerate(wordnet.ids) if place not in hidden]
    return DefinitionTask(
        graph=wordnet.subgraph(kept),
        classes=tuple(wordnet.ids[place] for place in chosen),
        examples=tuple(examples),
        definitions=tuple(wordnet.concept(example).definition for example in examples),
        labels=np.array(labels),
        num_hidden=len(hidden),
    )


def _grouped(keys: NDArray[np.int64], values: NDArray[np.int64]) -> Any:
    order = np.argsort(keys, kind="stable")
    unique, starts = np.unique(keys[order], return_index=True)
    return zip(unique.tolist(), np.split(values[order], starts[1:]), strict=True)


def _spread(items: list[int], count: int) -> list[int]:
    """At most `count` items, evenly over the list."""
    if len(items) <= count:
        return items
    return [items[place] for place in np.linspace(0, len(items) - 1, count).round().astype(int)]


@dataclass(frozen=True, eq=False)
class DemoResult:
    """What the demo found; prints as it is told in the terminal, `to_html` is the report."""

    facts: tuple[str, ...]
    rows: tuple[tuple[str, str, str], ...]
    together: tuple[tuple[str, str, str, str], ...]
    question: str
    truth: str
    explanation: Explanation
    more: tuple[tuple[str, str, Explanation], ...]
    seconds: float

    _COLUMNS = ("unseen classes only", "top-1", "top-5")
    _TOGETHER = ("seen and unseen together", "seen", "unseen", "harmonic mean")

    def __str__(self) -> str:
        parts = [
            "\n".join(line for fact in self.facts for line in wrap(fact, 96)),
            text_table(self.rows, self._COLUMNS, right=self._COLUMNS[1:]),
            text_table(self.together, self._TOGETHER, right=self._TOGETHER[1:]),
            "One prediction, read aloud. The input is this definition, which the model has never seen:",
            "\n".join(wrap(f"“{self.question}”  (a kind of {self.truth})", 92, indent="  ")),
            str(self.explanation),
            f"every number above was recomputed from graph and model; {self.seconds:.0f} s in all",
        ]
        return "\n\n".join(parts)

    def to_html(self) -> str:
        """The same, with more predictions, as one page that fetches nothing."""
        shown = [(self.question, self.truth, self.explanation), *self.more]
        cards = "".join(
            f"<h3>“{html.escape(question)}”</h3><p>truly a kind of <b>{html.escape(truth)}</b></p>{card._repr_html_()}"
            for question, truth, card in shown
        )
        facts = "".join(f"<p>{html.escape(fact)}</p>" for fact in self.facts)
        return (
            '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>kgzsl demo</title>'
            '<meta name="viewport" content="width=device-width, initial-scale=1"><style>:root{color-scheme:light dark}'
            "body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}"
            "h3{font-weight:500;margin:2.2rem 0 .2rem}</style></head><body>"
            f"<h1>Recognising what was never shown</h1>{facts}{html_table(self.rows, self._COLUMNS)}"
            f"{html_table(self.together, self._TOGETHER)}<h2>Why it says so</h2>{cards}</body></html>"
        )


def run_demo(*, random_state: int | None = None, show_progress: bool | None = None) -> DemoResult:
    """Fit on the definitions of seen classes, predict those of unseen ones, explain.

    Two parts of the examples never meet the fit: all of the unseen classes', and every fourth of the seen ones'. Among
    the unseen classes equal scores share the credit (`hits_at_k`, ties="shared"): to a definition without a known word
    all class texts are alike, and rounding would decide.
    """
    seed = checked_seed(random_state)
    started = time.perf_counter()
    task = definition_task(load_graph("wordnet"))
    rng = np.random.default_rng(seed)
    num_unseen = round(UNSEEN_SHARE * len(task.classes))
    is_unseen = np.zeros(len(task.classes), dtype=bool)
    is_unseen[rng.permutation(len(task.classes))[:num_unseen]] = True

    with warnings.catch_warnings():
        # a definition without a known word is a row of zeros here, to which all class texts are alike
        warnings.simplefilter("ignore", KgzslWarning)
        encoder = TextFeatures(missing="zero").fit(task.graph, task.graph.induced(task.classes).ids)
        X = encoder.encode_texts(task.definitions)
        own = encoder.encode(task.graph, task.classes)
        unseen = [name for name, dark in zip(task.classes, is_unseen, strict=True) if dark]
        rows = _split(task.labels, is_unseen)
        names = np.array(task.classes)[task.labels]
        clf = ZeroShotClassifier(task.graph, features=encoder, unseen=unseen, calibration="stacking")
        clf.fit(X[rows["train"]], names[rows["train"]])
    return _told(task, clf, X, own, rows, is_unseen, started)


def _split(labels: NDArray[np.int64], is_unseen: NDArray[np.bool_]) -> dict[str, NDArray[np.int64]]:
    """Rows to train on, rows of seen classes to test on (every fourth), rows of unseen classes."""
    held = np.arange(len(labels)) % 4 == 3
    dark = is_unseen[labels]
    return {
        "train": np.flatnonzero(~dark & ~held),
        "seen": np.flatnonzero(~dark & held),
        "unseen": np.flatnonzero(dark),
    }


def _told(
    task: DefinitionTask,
    clf: ZeroShotClassifier,
    X: NDArray[Any],
    own: NDArray[Any],
    rows: dict[str, NDArray[np.int64]],
    is_unseen: NDArray[np.bool_],
    started: float,
) -> DemoResult:
    report = clf.fit_report_
    assert report is not None
    columns = np.flatnonzero(is_unseen)
    truth = np.searchsorted(columns, task.labels[rows["unseen"]])
    order = [clf.concepts_.index(task.classes[column]) - report.num_seen for column in columns]
    ours = clf.decision_function(X[rows["unseen"]], label_space="unseen")[:, order]
    cosine = unit_rows(X[rows["unseen"]]) @ unit_rows(own[columns]).T
    table = tuple(
        (
            name,
            _percent(hits_at_k(scores, truth, 1, ties="shared")),
            _percent(hits_at_k(scores, truth, 5, ties="shared")),
        )
        for name, scores in (("graph-gp", ours), ("without the graph: nearest class text", cosine))
    )
    chance = ("chance", _percent(1 / len(columns)), _percent(5 / len(columns)))
    shown = _shown(clf, task, X, rows["unseen"], ours, cosine, truth)
    facts = (
        f"WordNet 3.0: {len(task.graph) + task.num_hidden:,} concepts, of which {task.num_hidden:,} are hidden because "
        "their definitions are inputs.",
        f"{len(task.classes)} classes (animals, artifacts, plants, food): {report.num_seen} with examples "
        f"({len(rows['train']):,} definitions), {report.num_unseen} without any "
        f"({len(rows['unseen']):,} definitions to recognise).",
    )
    seconds = time.perf_counter() - started
    return DemoResult(facts, (*table, chance), _together(clf, task, X, rows), *shown[0], tuple(shown[1:]), seconds)


def _together(
    clf: ZeroShotClassifier, task: DefinitionTask, X: NDArray[Any], rows: dict[str, NDArray[np.int64]]
) -> tuple[tuple[str, str, str, str], ...]:
    """Accuracy on either side when all classes compete, with and without the correction."""
    place = {concept: number for number, concept in enumerate(clf.concepts_)}
    is_seen = np.arange(len(clf.concepts_)) < len(clf.seen_classes_)
    lines = []
    for name, back in (("no correction", clf.gamma_ / clf.temperature_), ("bias towards seen classes taken off", 0.0)):
        accuracy = []
        for side in ("seen", "unseen"):
            truth = np.array([place[task.classes[label]] for label in task.labels[rows[side]]])
            accuracy.append(hits_at_k(clf.decision_function(X[rows[side]]) + back * is_seen, truth, 1))
        seen, unseen = accuracy
        lines.append((name, _percent(seen), _percent(unseen), _percent(harmonic_mean(seen, unseen))))
    return tuple(lines)


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def _shown(
    clf: ZeroShotClassifier,
    task: DefinitionTask,
    X: NDArray[Any],
    rows: NDArray[np.int64],
    ours: NDArray[Any],
    cosine: NDArray[Any],
    truth: NDArray[np.int64],
) -> list[tuple[str, str, Explanation]]:
    """Three predictions: the surest that the class's text alone gets wrong, the surest, and the surest mistake."""
    best = np.sort(ours, axis=1)
    margin = best[:, -1] - best[:, -2]
    right, helped = ours.argmax(axis=1) == truth, cosine.argmax(axis=1) != truth
    found = []
    for wanted in (right & helped, right & ~helped, ~right):
        if wanted.any():
            found.append(int(rows[np.argmax(np.where(wanted, margin, -np.inf))]))
    shown = []
    for row in found:
        explanation = clf.explain(X[row], label_space="unseen", k=6)
        explanation.verify()
        label = task.graph.concept(task.classes[task.labels[row]]).label
        shown.append((task.definitions[row], label, explanation))
    return shown
