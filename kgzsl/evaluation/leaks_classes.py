"""Leaks through classes: what the backbone, the graph and the label space knew, and classes left out or undescribed."""

import numpy as np
from numpy.typing import NDArray

from kgzsl.errors import ResourceLimitError
from kgzsl.evaluation.leaks_run import Run, class_key
from kgzsl.query.audit_subject import Found, found

__all__ = [
    "dropped_classes",
    "edges_from_test",
    "edges_like_test",
    "equal_semantics",
    "kinds_in_backbone",
    "nested_candidates",
    "unseen_at_training",
    "unseen_in_backbone",
    "zero_semantics",
]

_FEWEST_EDGES = 8
_MATCHED = 0.8


# -- backbone ----------------------------------------------------------------------------------------------------


def unseen_in_backbone(run: Run) -> Found:
    """Unseen classes among those the backbone was trained on."""
    listed = _backbone(run)
    if not listed or not run.unseen:
        return Found(0, skipped="needs the classes the backbone was trained on, and the unseen ones")
    known = {key: name for name in listed for key in _keys(run, name)}
    same = [(name, known[key]) for name in run.unseen for key in sorted(_keys(run, name)) if key in known]
    return found(sorted(dict(same).items()), lambda pair: f"{pair[0]} is its class {pair[1]!r}")


def kinds_in_backbone(run: Run) -> Found:
    """Unseen classes of which the backbone was trained on a kind: it has seen images of them under another name."""
    listed, graph = _backbone(run), run.knowledge
    if not listed or not run.unseen or graph is None:
        return Found(0, skipped="needs the backbone's classes, the unseen ones and a graph")
    trained = {concept: name for name in listed if (concept := _concept(run, name)) is not None}
    unseen = {concept: name for name in run.unseen if (concept := run.concept(name)) is not None}
    pairs = [(unseen[up], trained[low]) for low, up in _above(run, set(trained), set(unseen)) if low != up]
    return found(sorted(pairs), lambda pair: f"{pair[1]!r} is a kind of {pair[0]}")


def _backbone(run: Run) -> tuple[str, ...]:
    stated = tuple(run.backbone_classes)
    return stated or (run.protocol.backbone_classes if run.protocol is not None else ())


def _keys(run: Run, name: str) -> set[str]:
    """All that a class of a list may be known by: `tiger, Panthera tigris` has two names."""
    parts = {name, *str(name).split(",")}
    keys = {class_key(part) for part in parts} | {concept for part in parts if (concept := run.concept(part.strip()))}
    return keys - {""}


def _concept(run: Run, name: str) -> str | None:
    """The one concept of a class of a list: of its whole name, else of its first names that has one."""
    return next((concept for part in (name, *str(name).split(",")) if (concept := run.concept(part.strip()))), None)


def _above(run: Run, low: set[str], high: set[str]) -> list[tuple[str, str]]:
    """(concept, concept above it or itself), the first of `low`, the second of `high`."""
    graph = run.knowledge
    assert graph is not None
    part = graph.induced(sorted(low | high))
    try:
        below, above, _ = part.index.ancestor_pairs()
    except ResourceLimitError:
        return []
    is_low, is_high = (np.isin(np.array(part.ids), sorted(group)) for group in (low, high))
    rows = np.flatnonzero(is_low[below] & is_high[above])
    return [(part.ids[below[row]], part.ids[above[row]]) for row in rows]


# -- candidates and label spaces ---------------------------------------------------------------------------------


def nested_candidates(run: Run) -> Found:
    """Candidates of which one is a kind of another, so that both answers are right and one is counted wrong."""
    graph, names = run.knowledge, run.competing or (*run.seen, *run.unseen)
    if graph is None or not names:
        return Found(0, skipped="needs a graph and the classes that competed")
    concepts = {concept: name for name in names if (concept := run.concept(name)) is not None}
    pairs = [(concepts[low], concepts[up]) for low, up in _above(run, set(concepts), set(concepts)) if low != up]
    return found(sorted(pairs), lambda pair: f"{pair[0]} is a kind of {pair[1]}")


def dropped_classes(run: Run) -> Found:
    """Classes of the protocol that did not compete, or whose test samples were all left out."""
    stated = (*run.seen, *run.unseen)
    if not stated or (run.competing is None and run.tested is None and run.predicted is None):
        return Found(0, skipped="needs the classes of the protocol, and those that competed")
    missing: dict[str, str] = {}
    if run.competing is not None:
        competing = {run.key(name) for name in run.competing}
        missing |= {name: "is no candidate" for name in stated if run.key(name) not in competing}
    if run.tested is not None and run.labels is not None:
        left = set(run.labels[run.test_rows].tolist()) - set(
            run.labels[np.intersect1d(run.tested, run.test_rows)].tolist()
        )
        missing |= {name: "has test samples, and none was tested" for name in left if name in set(stated)}
    return found(sorted(missing.items()), " ".join)


def unseen_at_training(run: Run) -> Found:
    """Unseen classes that the training loss had columns for."""
    if run.training_classes is None or not run.unseen:
        return Found(0, skipped="needs training_classes and the unseen classes")
    known = {run.key(name) for name in run.training_classes}
    return found([name for name in run.unseen if run.key(name) in known])


# -- semantics ---------------------------------------------------------------------------------------------------


def zero_semantics(run: Run) -> Found:
    """Classes that nothing describes: a vector of zeros, NaN, or none at all."""
    if not run.described:
        return Found(0, skipped="needs semantics of the classes")
    vectors = {run.key(name): vector for name, vector in run.described.items()}
    faults = {}
    for name in (*run.seen, *run.unseen) or tuple(run.described):
        vector = vectors.get(run.key(name))
        if vector is None:
            faults[name] = "has no vector"
        elif not np.isfinite(vector).all():
            faults[name] = "has NaN in its vector"
        elif not vector.any():
            faults[name] = "has a vector of zeros"
    return found(sorted(faults.items()), " ".join)


def equal_semantics(run: Run) -> Found:
    """Classes that share one vector, so that no model tells them apart."""
    if not run.described:
        return Found(0, skipped="needs semantics of the classes")
    groups: dict[bytes, list[str]] = {}
    for name, vector in sorted(run.described.items()):
        if vector.any():
            groups.setdefault(np.ascontiguousarray(vector).tobytes(), []).append(name)
    return found([" = ".join(names) for names in groups.values() if len(names) > 1])


# -- edges -------------------------------------------------------------------------------------------------------


def edges_from_test(run: Run) -> Found:
    """Edges made from labels of test samples: stated by rows, or told by samples that are concepts."""
    stated = run.stated_rows("graph_rows")
    if stated is not None and len(run.test_rows):
        return found(np.intersect1d(stated, run.test_rows).tolist(), run.named_row)
    graph, names = run.knowledge, () if run.dataset is None else run.dataset.names
    if graph is None or not names or not len(run.test_rows):
        return Found(0, skipped="needs graph_rows, or a graph and the names of samples")
    concepts = set(graph.ids)
    samples = {names[row] for row in run.test_rows} & concepts
    return found(sorted(samples), lambda name: f"test sample {name} is a concept of the graph")


def edges_like_test(run: Run) -> Found:
    """Edges of unseen classes that lead, nearly all of them, to the classes whose test images look most alike.

    Edges of `base_graph` and taxonomic ones are left out. Classes with k other edges are compared with the k nearest
    class means; the mean of an unseen class is known from test images alone.
    """
    graph, features = run.knowledge, None if run.dataset is None else run.dataset.features
    if graph is None or features is None or run.labels is None or run.trained is None or not run.unseen:
        return Found(0, skipped="needs a graph, and a data set with features and labels")
    links = _own_links(run)
    means = {name: _mean(run, name) for name in (*run.seen, *run.unseen)}
    known = [name for name, mean in means.items() if mean is not None]
    table = np.stack([mean for mean in means.values() if mean is not None])
    table = table - table.mean(axis=0)
    unit = table / np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-300)
    # own edges may lead to seen classes alone, or to all: each is compared with the nearest of its kind
    guesses = [_matches(run, links, known, unit, allowed) for allowed in (set(known), set(known) & set(run.seen))]
    matched, total, chance = max(guesses, key=lambda guess: len(guess[0]) - guess[2])
    if total < _FEWEST_EDGES or len(matched) < max(_MATCHED * total, 3 * chance):
        return Found(0)
    return found(matched)


def _matches(
    run: Run, links: set[tuple[str, str]], known: list[str], unit: NDArray[np.float64], allowed: set[str]
) -> tuple[list[str], int, float]:
    """(edges of unseen classes to the nearest of the allowed ones, edges in all, matches to expect by chance)."""
    place = {name: number for number, name in enumerate(known)}
    matched, total, chance = [], 0, 0.0
    for name in (name for name in run.unseen if name in place):
        linked = {other for one, other in links if one == name} & set(known)
        others = [other for other in known if other in allowed and other != name]
        alike = unit[[place[other] for other in others]] @ unit[place[name]]
        nearest = {others[at] for at in np.argsort(-alike, kind="stable")[: len(linked)]}
        matched += [f"{name} - {other}" for other in sorted(linked & nearest)]
        total += len(linked)
        chance += len(linked) ** 2 / max(len(others), 1)
    return matched, total, chance


def _own_links(run: Run) -> set[tuple[str, str]]:
    """Pairs of classes, both ways, that an edge of neither the base graph nor the taxonomy joins."""
    graph = run.knowledge
    assert graph is not None
    concepts = {concept: name for name in (*run.seen, *run.unseen) if (concept := run.concept(name)) is not None}
    index = graph.index
    place = {graph.position(concept): name for concept, name in concepts.items()}
    rows = np.flatnonzero(np.isin(index.head, list(place)) & np.isin(index.tail, list(place)))
    rows = np.setdiff1d(rows, index.edge_rows())
    pairs = {(place[int(index.head[row])], place[int(index.tail[row])]) for row in rows}
    if run.base_graph is not None:
        base = run.base_graph
        kept = {(edge.head, edge.tail) for edge in base.edges_at(range(base.index.num_edges))}
        pairs -= {(concepts[head], concepts[tail]) for head, tail in kept if head in concepts and tail in concepts}
    return pairs | {(second, first) for first, second in pairs}


def _mean(run: Run, name: str) -> NDArray[np.float64] | None:
    """Mean of a class: of its training rows, or of its test rows where it is unseen."""
    assert run.dataset is not None
    assert run.dataset.features is not None
    assert run.labels is not None
    assert run.trained is not None
    rows = run.test_rows if name in set(run.unseen) else run.trained
    own = rows[run.labels[rows] == name]
    return run.dataset.features[own].mean(axis=0, dtype=np.float64) if len(own) else None
