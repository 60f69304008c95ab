"""The problems that `leaks.py` plants leaks in, and the model it measures them with."""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import polars as pl

from kgzsl.evaluation import choose_gamma, harmonic_mean
from kgzsl.evaluation.data_reading import read_dataset
from kgzsl.evaluation.data_set import Dataset
from kgzsl.evaluation.leaks import Run
from kgzsl.evaluation.metrics import label_ranks
from kgzsl.evaluation.protocol import Protocol
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.relation import Relation

RIDGES = (0.1, 0.3, 1.0, 3.0, 10.0)
EPOCHS, RATE = 30, 0.03


def unit(rows):
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)


# -- one problem, one model ----------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Case:
    """A data set under its protocol, as arrays, and the one model of the table."""

    data: Dataset
    protocol: Protocol
    seed: int
    raw_backbone: tuple[np.ndarray, np.ndarray] | None = None  # other images of every class, for a backbone
    families: np.ndarray | None = None
    memo: dict = field(default_factory=dict)

    @cached_property
    def X(self):  # noqa: N802
        return self.data.features.astype(np.float64)

    @property
    def y(self):
        return self.data.labels

    @cached_property
    def S(self):  # noqa: N802
        S = self.data.attributes.astype(np.float64)
        return unit(S - S[self.seen].mean(axis=0))

    @cached_property
    def seen(self):
        return np.unique(self.y[self.protocol.fit_rows])

    @cached_property
    def unseen(self):
        return np.unique(self.y[self.test_unseen])

    @cached_property
    def test_seen(self):
        with self.protocol.final():
            return self.protocol.test_seen.read()

    @cached_property
    def test_unseen(self):
        with self.protocol.final():
            return self.protocol.test_unseen.read()

    @cached_property
    def tested(self):
        return np.union1d(self.test_seen, self.test_unseen)

    @property
    def fit(self):
        return self.protocol.fit_rows

    @cached_property
    def chosen(self):
        """(ridge, gamma) from pretended-unseen classes."""
        return self.tuned(np.zeros(0, dtype=np.int64))

    def tuned(self, extra):
        """(ridge, gamma), where rows `extra` of seen classes are judged as well."""
        rows, tune = self.protocol.train, self.protocol.tune
        taught, kept = rows[::2], np.concatenate([rows[1::2], extra[~np.isin(self.y[extra], self.y[tune])]])
        judged = np.concatenate([kept, tune])
        scored = []
        for ridge in RIDGES:
            W, centre = self.weights(taught, np.unique(self.y[rows]), np.unique(self.y[tune]), ridge)
            classes = np.concatenate([np.unique(self.y[rows]), np.unique(self.y[tune])])
            is_seen = np.arange(len(classes)) < len(np.unique(self.y[rows]))
            scores = unit(self.X[judged] - centre) @ W.T
            labels = np.argsort(classes)[np.searchsorted(np.sort(classes), self.y[judged])]
            gamma = choose_gamma(scores, labels, is_seen)
            scored.append((measured(scores - gamma * is_seen, labels, is_seen)[2], ridge, gamma))
        return max(scored)[1:]

    def weights(self, rows, seen, unseen, ridge, *, S=None, X=None):
        """Unit weights of seen, then unseen classes, and what is taken off inputs."""
        S, X = self.S if S is None else S, self.X if X is None else X
        means = np.stack([X[rows[self.y[rows] == c]].mean(axis=0) for c in seen])
        centre = means.mean(axis=0)
        P = unit(means - centre)
        K = S[seen] @ S[seen].T
        base = P.mean(axis=0)
        predicted = base + S[unseen] @ S[seen].T @ np.linalg.solve(K + ridge * np.eye(len(seen)), P - base)
        return unit(np.concatenate([P, predicted])), centre

    @cached_property
    def classes(self):
        return np.concatenate([self.seen, self.unseen])

    @cached_property
    def is_seen(self):
        return np.arange(len(self.classes)) < len(self.seen)

    def places(self, rows):
        return np.argsort(self.classes)[np.searchsorted(np.sort(self.classes), self.y[rows])]

    def scores(self, rows, *, fit=None, ridge=None, gamma=None, S=None, X=None, change=None):
        """Scores of rows against all classes; `change` may alter weights and centre."""
        ridge, gamma = self.chosen[0] if ridge is None else ridge, self.chosen[1] if gamma is None else gamma
        W, centre = self.weights(self.fit if fit is None else fit, self.seen, self.unseen, ridge, S=S, X=X)
        if change is not None:
            W, centre = change(W, centre)
        return unit((self.X if X is None else X)[rows] - centre) @ W.T - gamma * self.is_seen

    def H(self, rows=None, **changes):  # noqa: N802
        rows = self.tested if rows is None else rows
        return measured(self.scores(rows, **changes), self.places(rows), self.is_seen)[2]

    @cached_property
    def clean(self):
        return self.H()

    @cached_property
    def run(self):
        """The run that states all it did."""
        names = self.data.classes
        return Run(
            protocol=self.protocol.fresh(), dataset=self.data, trained_on=self.fit, tested_on=self.tested,
            candidates=[names[c] for c in self.classes], training_classes=[names[c] for c in self.seen],
            graph=graph_of(self), semantics_rows=[], graph_rows=[], scaled_on=self.fit,
            prototypes=self.means(self.fit, self.seen),
        )  # fmt: skip

    def means(self, rows, classes):
        return {self.data.classes[c]: self.X[rows[self.y[rows] == c]].mean(axis=0) for c in classes}


def measured(scores, labels, is_seen, *, average="macro", ties="against", wanted=None):
    """(s, u, H) with ties against the prediction."""
    right = label_ranks(scores, labels) <= 1 if ties == "against" else scores.max(axis=1) <= own(scores, labels)
    sides = []
    for side in (is_seen, ~is_seen):
        rows = side[labels] if wanted is None else side[labels] & np.isin(labels, wanted)
        by_class = [right[rows & (labels == c)].mean() for c in np.unique(labels[rows])]
        sides.append(float(right[rows].mean()) if average == "micro" else float(np.mean(by_class)))
    return (*sides, harmonic_mean(*sides))


def own(scores, labels):
    return scores[np.arange(len(labels)), labels]


# -- worlds --------------------------------------------------------------------------------------------------------


def synthetic(seed, *, num_classes=60, num_seen=45, dim=64, described=24):
    """Classes in twelve families; images follow what describes a class, and something that nothing describes."""
    rng = np.random.default_rng(seed)
    families = np.arange(num_classes) % 12
    S = rng.standard_normal((12, described))[families] + 0.8 * rng.standard_normal((num_classes, described))
    hidden = np.tanh(S @ rng.standard_normal((described, dim)) / np.sqrt(described))
    means = hidden + 0.5 * rng.standard_normal((num_classes, dim))
    sizes = np.clip(np.exp(rng.normal(3.6, 0.5, num_classes)), 12, 150).astype(int)
    y = np.repeat(np.arange(num_classes), sizes)
    nuisance = rng.standard_normal((8, dim)) * 0.6

    def drawn(labels):
        return (
            means[labels] + rng.standard_normal((len(labels), dim)) + rng.standard_normal((len(labels), 8)) @ nuisance
        )

    X = drawn(y)
    extra = np.repeat(np.arange(num_classes), 20)
    names = tuple(f"class{c:02d}" for c in range(num_classes))
    data = Dataset(names, features=X.astype(np.float32), labels=y, attributes=S.astype(np.float32), source="synthetic")
    seen = np.isin(y, rng.permutation(num_classes)[:num_seen])
    test = rng.random(len(y)) < 0.3
    parts = {"seen_train": seen & ~test, "seen_test": seen & test, "unseen_test": ~seen}
    data = data.with_splits({name: np.flatnonzero(rows) for name, rows in parts.items()})
    protocol = Protocol.from_dataset(data, random_state=seed)
    return Case(data, protocol, seed, raw_backbone=(drawn(extra), extra), families=families)


def tiny_imagenet(folder, seed):
    """Tiny ImageNet's photographs, 30 training ones a class, described by sentence embeddings; the seed draws both."""
    data = read_dataset(folder / "features.npz")
    with np.load(folder / "minilm.npz", allow_pickle=False) as held:
        place = {name: row for row, name in enumerate(held["node_ids"].tolist())}
        S = held["embedding"][[place[name] for name in data.classes]]
    rng = np.random.default_rng(seed)
    train = rng.permutation(data.rows("seen_train"))
    kept = np.concatenate([train[data.labels[train] == c][:30] for c in np.unique(data.labels[train])])
    data = replace(data, attributes=S.astype(np.float32)).with_splits({**data.splits, "seen_train": kept})
    return Case(data, Protocol.from_dataset(data, random_state=seed), seed)


def graph_of(case, links=()):
    """A graph of the classes, under their families where there are some, and with other links."""
    names = case.data.classes
    edges = (
        [(name, "is_a", f"family{f}") for name, f in zip(names, case.families, strict=True)]
        if case.families is not None
        else []
    )
    edges = edges or [(name, "is_a", "thing") for name in names]
    table = pl.DataFrame([*edges, *links], schema=["head", "relation", "tail"], orient="row").unique(
        maintain_order=True
    )
    ids = sorted({*table["head"], *table["tail"]})
    relation = Relation("looks_like", "association", "", "looks like", "")
    return KnowledgeGraph.from_tables(pl.DataFrame({"id": ids}), table, [relation], name="classes")


# -- the bilinear softmax, for what needs epochs -------------------------------------------------------------------


def softmax_curve(case, *, seed=0, columns=None, rows=None, judged=None, classes=None):
    """Scores of `judged` rows after every epoch; the loss has `columns`, the scores have `classes`."""
    X, S = unit(case.X - case.X[case.fit].mean(axis=0)), case.S
    rows, columns = case.fit if rows is None else rows, case.seen if columns is None else columns
    classes, judged = case.classes if classes is None else classes, case.tested if judged is None else judged
    rng = np.random.default_rng(seed)
    W = rng.standard_normal((X.shape[1], S.shape[1])) * 0.1
    m, v = np.zeros_like(W), np.zeros_like(W)
    target = np.zeros((len(rows), len(columns)))
    target[np.arange(len(rows)), np.searchsorted(np.sort(columns), case.y[rows])] = 1
    label_S = S[np.sort(columns)]
    history, held = [], X[judged]
    for epoch in range(1, EPOCHS + 1):
        batch = rng.permutation(len(rows))[: max(len(rows) // 2, 1)]
        logits = 10 * X[rows[batch]] @ (W @ label_S.T)
        p = np.exp(logits - logits.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        gradient = 10 * (X[rows[batch]].T @ (p - target[batch])) @ label_S / len(batch)
        m, v = 0.9 * m + 0.1 * gradient, 0.99 * v + 0.01 * gradient**2
        W = W - RATE * m / (1 - 0.9**epoch) / (np.sqrt(v / (1 - 0.99**epoch)) + 1e-8)
        history.append(held @ (W @ S[classes].T))
    return history


def softmax_scored(case, **options):
    """H after every epoch, with the gamma that the tuning classes gave after that epoch."""
    train, tune = np.unique(case.y[case.protocol.train]), np.unique(case.y[case.protocol.tune])
    classes, judged = np.concatenate([train, tune]), np.concatenate([case.protocol.train[1::2], case.protocol.tune])
    is_seen = np.arange(len(classes)) < len(train)
    labels = np.argsort(classes)[np.searchsorted(np.sort(classes), case.y[judged])]
    columns = np.concatenate([train, tune]) if len(options.get("columns", ())) > len(case.seen) else train
    choosing = softmax_curve(
        case,
        seed=options.get("seed", 0),
        rows=case.protocol.train[::2],
        judged=judged,
        classes=classes,
        columns=columns,
    )
    gammas = [choose_gamma(scores, labels, is_seen) for scores in choosing]
    tuned = [
        measured(scores - gamma * is_seen, labels, is_seen)[2] for scores, gamma in zip(choosing, gammas, strict=True)
    ]
    told = softmax_curve(case, **options)
    places = case.places(case.tested)
    H = [
        measured(scores - gamma * case.is_seen, places, case.is_seen)[2]
        for scores, gamma in zip(told, gammas, strict=True)
    ]
    return np.array(tuned), np.array(H)


def softmax_of(case):
    if "softmax" not in case.memo:
        case.memo["softmax"] = softmax_scored(case)
    return case.memo["softmax"]
