"""The leaks that `leaks.py` measures: each gives H with it, H without it, and the run as it states itself."""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
from leaks_worlds import EPOCHS, RIDGES, Case, graph_of, measured, softmax_of, softmax_scored, unit

from kgzsl.evaluation import calibration_curve, choose_gamma, harmonic_mean
from kgzsl.evaluation.leaks import Run, Selection
from kgzsl.evaluation.metrics import label_ranks
from kgzsl.evaluation.protocol import Protocol

FIELD = 3  # neighbours a class has in the graph of the rows about edges


class NothingToPlantIn(Exception):  # noqa: N818
    """The case has no families, or no images for a backbone."""


Leak = Callable[[Case], tuple[float, float, Run]]


def train_on_test_seen(case):
    rows = np.union1d(case.fit, case.test_seen)
    return case.H(fit=rows), case.clean, replace(case.run, trained_on=rows, prototypes={})


def with_unseen_means(case, rows):
    """Weights of unseen classes are means of labelled rows."""

    def change(W, centre):
        held = W.copy()
        for place in np.flatnonzero(~case.is_seen):
            mine = rows[case.y[rows] == case.classes[place]]
            if len(mine):
                held[place] = unit(unit(W[place][None] + 0.0) + unit(case.X[mine].mean(axis=0)[None] - centre))[0]
        return held, centre

    return change


def train_on_test_unseen(case):
    rows = np.concatenate([case.test_unseen[case.y[case.test_unseen] == c][:5] for c in case.unseen])
    leaky = case.H(change=with_unseen_means(case, rows))
    return leaky, case.clean, replace(case.run, trained_on=np.union1d(case.fit, rows), prototypes={})


def few_shot_unseen(case):
    """Five samples a class are trained on; they are taken out of the test."""
    rows = np.concatenate([case.test_unseen[case.y[case.test_unseen] == c][:5] for c in case.unseen])
    tested = np.setdiff1d(case.tested, rows)
    leaky = case.H(tested, change=with_unseen_means(case, rows))
    parts = {"test_seen": case.test_seen, "test_unseen": np.setdiff1d(case.test_unseen, rows)}
    protocol = Protocol.from_indices(case.data.labels_of(), train=case.protocol.train, tune=case.protocol.tune, **parts)
    run = replace(case.run, protocol=protocol, tested_on=tested, trained_on=np.union1d(case.fit, rows), prototypes={})
    return leaky, case.H(tested), run


def tune_on_test_seen(case):
    ridge, gamma = case.tuned(case.test_seen)
    run = replace(case.run, tuned_on=np.union1d(case.protocol.tune, case.test_seen))
    return case.H(ridge=ridge, gamma=gamma), case.clean, run


def copies_in_training(case, noise):
    """Every fifth test image of a seen class stands in training in the place of another image of its class."""
    X, rng = case.X.copy(), np.random.default_rng(case.seed)
    for row in case.test_seen[::5]:
        mine = case.fit[case.y[case.fit] == case.y[row]]
        X[rng.choice(mine)] = X[row] + noise * rng.standard_normal(X.shape[1])
    data = replace(case.data, features=X.astype(np.float32))
    run = replace(case.run, dataset=data, protocol=replace(case.protocol, data_sha256="").fresh(), prototypes={})
    return case.H(X=X), case.clean, run


def easy_half(case):
    """Half of the test: the images the model is surest of."""
    ordered = np.sort(case.scores(case.tested), axis=1)
    sure = np.argsort(-(ordered[:, -1] - ordered[:, -2]), kind="stable")[: len(case.tested) // 2]
    rows = np.sort(case.tested[sure])
    return case.H(rows), case.clean, replace(case.run, tested_on=rows)


def scaled_with_test(case):
    """Inputs are standardised by mean and deviation of all rows, test rows included, instead of training rows."""

    def standardised(rows):
        return (case.X - case.X[rows].mean(axis=0)) / (case.X[rows].std(axis=0) + 1e-6)

    everything = np.union1d(case.fit, case.tested)
    leaky, clean = case.H(X=standardised(everything)), case.H(X=standardised(case.fit))
    return leaky, clean, replace(case.run, scaled_on=everything)


def attempts_after_test(case):
    """Ten fits, each on a random nine tenths of training; the test is read after each, the best is told as the only."""
    protocol, rng, H = case.protocol.fresh(), np.random.default_rng(case.seed), []
    for _ in range(10):
        protocol.samples(case.data, "fit")
        H.append(case.H(fit=np.sort(rng.permutation(case.fit)[: len(case.fit) * 9 // 10])))
        with protocol.final():
            protocol.test_seen.read()
            protocol.test_unseen.read()
    return max(H), float(np.mean(H)), replace(case.run, protocol=protocol)


def best_epoch(case):
    tuned, H = softmax_of(case)
    scores = {"tune": tuned.tolist(), "test": H.tolist()}
    choice = Selection("epoch", int(H.argmax()) + 1, on="test", candidates=range(1, EPOCHS + 1), scores=scores)
    return H.max(), H[tuned.argmax()], replace(case.run, selections=(choice,))


def best_gamma(case):
    scores, labels = case.scores(case.tested, gamma=0.0), case.places(case.tested)
    gamma = choose_gamma(scores, labels, case.is_seen)
    return case.H(gamma=gamma), case.clean, replace(case.run, selections=(Selection("gamma", gamma, on="test"),))


def unrecorded_gamma(case):
    """The gamma of `best_gamma`, in a report that does not tell where it is from."""
    scores, labels = case.scores(case.tested, gamma=0.0), case.places(case.tested)
    gamma = choose_gamma(scores, labels, case.is_seen)
    H = case.H(gamma=gamma)
    curve = calibration_curve(scores, labels, case.is_seen)
    return H, case.clean, replace(case.run, report=SimpleNamespace(gamma=gamma, curve=curve, harmonic_mean=H))


def best_ridge(case):
    H = [case.H(ridge=ridge) for ridge in RIDGES]
    choice = Selection("ridge", RIDGES[int(np.argmax(H))], on="test")
    return max(H), case.clean, replace(case.run, selections=(choice,))


def best_seed(case):
    """The best of five starts of the softmax on the test, beside the mean of the five."""
    ends = []
    for seed in range(5):
        tuned, H = softmax_scored(case, seed=seed)
        ends.append(H[tuned.argmax()])
    choice = Selection("seed", int(np.argmax(ends)), on="test")
    return max(ends), float(np.mean(ends)), replace(case.run, selections=(choice,))


def prototypes_of_everything(case):
    rows = np.union1d(case.fit, case.test_seen)
    return case.H(fit=rows), case.clean, replace(case.run, prototypes=case.means(rows, case.seen))


def prototypes_of_unseen(case):
    held = case.means(case.test_unseen, case.unseen)

    def change(W, centre):
        return np.concatenate([W[case.is_seen], unit(np.stack(list(held.values())) - centre)]), centre

    return case.H(change=change), case.clean, replace(case.run, prototypes=held)


def semantics_of_test(case):
    """What describes an unseen class is the mean of attributes predicted for its test images."""
    X = case.X - case.X[case.fit].mean(axis=0)
    A = X[case.fit]
    V = np.linalg.solve(A.T @ A + len(A) * 0.1 * np.eye(A.shape[1]), A.T @ case.S[case.y[case.fit]])
    S = case.S.copy()
    for c in case.unseen:
        S[c] = unit((unit(X[case.test_unseen[case.y[case.test_unseen] == c]] @ V).mean(axis=0))[None])[0]
    return case.H(S=S), case.clean, replace(case.run, semantics_rows=case.test_unseen)


def backbone_knew(case, offset):
    """Features are a discriminant projection learnt on other images of seen classes, and of all."""
    if case.raw_backbone is None:
        raise NothingToPlantIn
    raw, labels = case.raw_backbone
    if offset:  # the backbone's class is a kind of the unseen one: its images are a step away
        rng = np.random.default_rng(case.seed)
        raw = raw + np.where(
            np.isin(labels, case.unseen)[:, None],
            rng.standard_normal((len(case.data.classes), raw.shape[1]))[labels] * offset,
            0,
        )

    def projected(classes):
        rows = np.isin(labels, classes)
        means = np.stack([raw[labels == c].mean(axis=0) for c in classes])
        within = raw[rows] - means[np.searchsorted(classes, labels[rows])]
        values, vectors = np.linalg.eigh(within.T @ within / rows.sum() + 0.05 * np.eye(raw.shape[1]))
        white = vectors / np.sqrt(values)
        axes = np.linalg.svd((means - means.mean(axis=0)) @ white, full_matrices=False)[2][:40]
        return case.X @ white @ axes.T

    names, everything = case.data.classes, np.sort(case.classes)
    leaky, clean = case.H(X=projected(everything)), case.H(X=projected(np.sort(case.seen)))
    if not offset:
        return leaky, clean, replace(case.run, backbone_classes=names)
    breeds = [f"breed of {names[c]}" for c in case.unseen]
    graph = case.run.graph.add_concepts(breeds).add_edges(
        [(breed, "is_a", names[c]) for breed, c in zip(breeds, case.unseen, strict=True)]
    )
    return leaky, clean, replace(case.run, graph=graph, backbone_classes=[*(names[c] for c in case.seen), *breeds])


def edges_by(case, vectors):
    """Links of each unseen class to the seen ones whose vectors are nearest."""
    near = np.argsort(-(unit(vectors[case.unseen]) @ unit(vectors[case.seen]).T), axis=1)[:, :FIELD]
    return [(u, case.seen[place]) for u, row in zip(case.unseen, near, strict=True) for place in row]


def smoothed(case, links):
    """Weights of unseen classes move half-way to those of the seen classes they are linked to."""

    def change(W, centre):
        held = W.copy()
        place = {c: number for number, c in enumerate(case.classes)}
        for u in case.unseen:
            near = [place[s] for one, s in links if one == u]
            held[place[u]] = unit((W[place[u]] + unit(W[near].mean(axis=0)[None])[0])[None])[0]
        return held, centre

    return change


def edges_of_test(case, *, is_stated):
    centre = case.X[case.fit].mean(axis=0)
    looks = np.stack(
        [
            case.X[case.y == c].mean(axis=0) - centre if (case.y == c).any() else centre * 0
            for c in range(len(case.data.classes))
        ]
    )
    links = edges_by(case, looks)
    leaky, clean = case.H(change=smoothed(case, links)), case.H(change=smoothed(case, edges_by(case, case.S)))
    names = case.data.classes
    graph = graph_of(case, [(names[u], "looks_like", names[s]) for u, s in links])
    return (
        leaky,
        clean,
        replace(case.run, graph=graph, graph_rows=case.test_unseen if is_stated else None, base_graph=graph_of(case)),
    )


def dropped(case):
    """A fifth of the unseen classes is left out, those with the lowest accuracy."""
    scores, labels = case.scores(case.tested), case.places(case.tested)
    right = label_ranks(scores, labels) <= 1
    places = np.flatnonzero(~case.is_seen)
    accuracy = np.array([right[labels == place].mean() for place in places])
    kept = np.sort(np.concatenate([np.flatnonzero(case.is_seen), places[np.argsort(-accuracy)[: -len(places) // 5]]]))
    rows = np.isin(labels, kept)
    to = np.searchsorted(kept, labels[rows])
    leaky = measured(scores[rows][:, kept], to, case.is_seen[kept])[2]
    run = replace(case.run, candidates=[case.data.classes[c] for c in case.classes[kept]])
    return leaky, case.clean, run


def undescribed(case):
    """A fifth of the unseen classes has a vector of zeros."""
    S, held = case.S.copy(), case.data.attributes.copy()
    S[case.unseen[::5]] = held[case.unseen[::5]] = 0
    return (
        case.H(S=S),
        case.clean,
        replace(
            case.run,
            dataset=replace(case.data, attributes=held),
            protocol=replace(case.protocol, data_sha256="").fresh(),
        ),
    )


def twins(case):
    """Every second unseen class has the vector of the one before it."""
    S, held = case.S.copy(), case.data.attributes.copy()
    S[case.unseen[1::2]], held[case.unseen[1::2]] = (A[case.unseen[:-1:2][: len(case.unseen[1::2])]] for A in (S, held))
    return (
        case.H(S=S),
        case.clean,
        replace(
            case.run,
            dataset=replace(case.data, attributes=held),
            protocol=replace(case.protocol, data_sha256="").fresh(),
        ),
    )


def families_compete(case):
    """Families are candidates too, and the family of a class counts as a right answer."""
    if case.families is None:
        raise NothingToPlantIn
    scores, labels = case.scores(case.tested), case.places(case.tested)
    groups = case.families[case.classes]
    ridge, gamma = case.chosen
    W, centre = case.weights(case.fit, case.seen, case.unseen, ridge)
    above = unit(np.stack([W[groups == f].mean(axis=0) for f in np.unique(groups)]))
    extra = unit(case.X[case.tested] - centre) @ above.T - gamma / 2
    is_right = label_ranks(np.hstack([scores, extra]), labels) <= 1
    family = np.unique(groups).searchsorted(groups[labels])
    is_family = extra.argmax(axis=1) == family
    is_right |= is_family & (extra.max(axis=1) > scores.max(axis=1))
    sides = [
        np.mean([is_right[labels == c].mean() for c in np.flatnonzero(side) if (labels == c).any()])
        for side in (case.is_seen, ~case.is_seen)
    ]
    names = [*case.run.candidates, *(f"family{f}" for f in np.unique(groups))]
    return harmonic_mean(*map(float, sides)), case.clean, replace(case.run, candidates=names)


def unseen_columns(case):
    """The softmax is trained with columns for unseen classes, and without."""
    tuned, H = softmax_of(case)
    leaky_tuned, leaky = softmax_scored(case, columns=np.sort(case.classes))
    run = replace(case.run, training_classes=case.run.candidates)
    return leaky[leaky_tuned.argmax()], H[tuned.argmax()], run


def other_split(case):
    """The best of five splits of the classes, under the name of the first."""
    if case.families is None:
        raise NothingToPlantIn
    results = []
    for number in range(5):
        y = case.y
        seen = np.isin(
            y, np.random.default_rng(100 * case.seed + number).permutation(len(case.data.classes))[: len(case.seen)]
        )
        test = np.random.default_rng(number).random(len(y)) < 0.3
        parts = {
            "train": np.flatnonzero(seen & ~test),
            "test_seen": np.flatnonzero(seen & test),
            "test_unseen": np.flatnonzero(~seen),
        }
        data = case.data.with_splits(parts)
        results.append(Case(data, Protocol.from_dataset(data, random_state=case.seed), case.seed))
    best = max(results, key=lambda other: other.clean)
    stored = type("Report", (), {"protocol": {"protocol_sha256": best.protocol.sha256}})()
    return best.clean, float(np.mean([other.clean for other in results])), replace(case.run, report=stored)


def over_samples(case):
    scores, labels = case.scores(case.tested), case.places(case.tested)
    s, u, H = measured(scores, labels, case.is_seen, average="micro")
    predicted = [case.data.classes[c] for c in case.classes[scores.argmax(axis=1)]]
    return H, case.clean, replace(case.run, figures={"u": u, "s": s}, predicted=predicted)


def ties(case):
    """Scores rounded to two digits, equal ones right."""
    scores, labels = np.round(case.scores(case.tested), 2), case.places(case.tested)
    H = [measured(scores, labels, case.is_seen, ties=rule)[2] for rule in ("for", "against")]
    return H[0], H[1], replace(case.run, protocol=replace(case.protocol, ties="for the prediction").fresh())


LEAKS: dict[str, tuple[str, Leak]] = {
    "test rows of seen classes in training": ("L01", train_on_test_seen),
    "5 test rows of each unseen class in training": ("L01", train_on_test_unseen),
    "test rows of seen classes in tuning (AWA2)": ("L02", tune_on_test_seen),
    "5 samples of each unseen class in training": ("L03", few_shot_unseen),
    "a fifth of seen test images also in training": ("L04", lambda case: copies_in_training(case, 0.0)),
    "the same, stored again with noise": ("L05", lambda case: copies_in_training(case, 1e-3)),
    "the surer half of the test": ("L06", easy_half),
    "inputs standardised with test rows": ("L07", scaled_with_test),
    "best of 10 fits, the test read after each": ("L08", attempts_after_test),
    "best of 30 epochs on the test": ("L11", best_epoch),
    "gamma chosen on the test": ("L12", best_gamma),
    "the same, without a record": ("L14", unrecorded_gamma),
    "ridge chosen on the test": ("L13", best_ridge),
    "best of 5 seeds on the test": ("L13", best_seed),
    "seen prototypes include test images": ("L15", prototypes_of_everything),
    "unseen prototypes are test images": ("L15", prototypes_of_unseen),
    "semantics computed from test images": ("L16", semantics_of_test),
    "unseen classes in the backbone": ("L21", lambda case: backbone_knew(case, 0.0)),
    "kinds of unseen classes in the backbone": ("L22", lambda case: backbone_knew(case, 0.5)),
    "edges from labels of test images": ("L23", lambda case: edges_of_test(case, is_stated=True)),
    "the same, not stated": ("L24", lambda case: edges_of_test(case, is_stated=False)),
    "the worst fifth of unseen classes dropped": ("L25", dropped),
    "a fifth of unseen classes has zeros": ("L26", undescribed),
    "every second unseen class a twin": ("L27", twins),
    "families among the candidates, right too": ("L28", families_compete),
    "columns for unseen classes in the loss": ("L29", unseen_columns),
    "best of 5 class splits": ("L31", other_split),
    "means over samples": ("L32", over_samples),
    "ties count for the prediction": ("L33", ties),
}
