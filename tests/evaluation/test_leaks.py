"""The leak auditor: each planted leak is found under its code, and clean runs raise nothing."""

import json
from dataclasses import dataclass, replace
from functools import cache
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from kgzsl.classifier import ZeroShotClassifier
from kgzsl.errors import InputFormatError, SplitError, UnknownNameError
from kgzsl.evaluation.data_reading import read_dataset
from kgzsl.evaluation.data_set import Dataset
from kgzsl.evaluation.leaks import CHECKS, LeakReport, Run, Selection, audit_protocol
from kgzsl.evaluation.leaks_run import class_key
from kgzsl.evaluation.protocol import Protocol
from kgzsl.evaluation.protocol_guard import rows_for_audit
from kgzsl.evaluation.report import evaluate
from kgzsl.features import MatrixFeatures
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.relation import Relation

NUM_CLASSES, NUM_SEEN, EACH, DIM = 24, 18, 20, 16


@dataclass(frozen=True)
class World:
    """24 animals in six families, 18 seen; class means follow attributes that follow the families."""

    data: Dataset
    protocol: Protocol
    graph: KnowledgeGraph
    attributes: dict[str, np.ndarray]

    @property
    def run(self) -> Run:
        """A run that states all there is to state, and does all of it properly."""
        features, labels = self.data.features, self.data.labels_of()
        fit = self.protocol.fit_rows
        means = {name: features[fit[labels[fit] == name]].mean(axis=0) for name in self.protocol.seen_classes}
        tested = np.union1d(*(rows_for_audit(getattr(self.protocol, part)) for part in ("test_seen", "test_unseen")))
        names = (*self.protocol.seen_classes, *self.protocol.unseen_classes)
        predicted = labels[tested].copy()
        predicted[::3] = names[0]
        return Run(
            protocol=self.protocol,
            dataset=self.data,
            graph=self.graph,
            trained_on=fit,
            tuned_on=self.protocol.tune,
            tested_on=tested,
            scaled_on=fit,
            semantics_rows=[],
            graph_rows=[],
            selections=(
                Selection(
                    "epoch", 30, on="tune", candidates=(10, 20, 30), scores={"tune": (1, 2, 3), "test": (1, 2, 3)}
                ),
                Selection("gamma", 0.3, on=self.protocol.tune),
                Selection("learning rate", 0.1, on=("train", "tune")),
            ),
            candidates=names,
            training_classes=self.protocol.seen_classes,
            prototypes=means,
            semantics=self.attributes,
            predicted=predicted.tolist(),
            figures={"u": macro(predicted, labels[tested], self.protocol.unseen_classes)},
            backbone_classes=("tench, Tinca tinca", "goldfish", *self.protocol.seen_classes[:3]),
        )


def macro(predicted, labels, classes):
    return float(np.mean([(predicted == labels)[labels == name].mean() for name in classes]))


@cache
def world(seed=0) -> World:
    rng = np.random.default_rng(seed)
    names = [f"animal{place:02d}" for place in range(NUM_CLASSES)]
    families = [f"family{place % 6}" for place in range(NUM_CLASSES)]
    base = {family: rng.standard_normal(12) for family in sorted(set(families))}
    attributes = np.array([base[family] + 0.7 * rng.standard_normal(12) for family in families])
    means = attributes @ rng.standard_normal((12, DIM)) / 3
    sizes = rng.integers(EACH // 2, EACH * 2, NUM_CLASSES)
    labels = np.repeat(np.arange(NUM_CLASSES), sizes)
    X = (means[labels] + rng.standard_normal((len(labels), DIM))).astype(np.float32)
    data = Dataset(
        tuple(names), features=X, labels=labels, attributes=attributes.astype(np.float32),
        names=tuple(f"{names[label]}/{place}.jpg" for place, label in enumerate(labels)),
    )  # fmt: skip
    order = rng.permutation(NUM_CLASSES)
    seen = np.isin(labels, order[:NUM_SEEN])
    is_test = rng.random(len(labels)) < 0.3
    data = data.with_splits(
        {
            "seen_train": np.flatnonzero(seen & ~is_test),
            "seen_test": np.flatnonzero(seen & is_test),
            "unseen_test": np.flatnonzero(~seen),
        }
    )
    rows = [{"id": name} for name in (*names, *sorted(set(families)), "animal", "wing")]
    edges = [(name, "is_a", family) for name, family in zip(names, families, strict=True)]
    edges += [(family, "is_a", "animal") for family in sorted(set(families))] + [(names[0], "has_part", "wing")]
    table = pl.DataFrame(edges, schema=["head", "relation", "tail"], orient="row")
    graph = KnowledgeGraph.from_tables(pl.DataFrame(rows), table, name="animals")
    described = dict(zip(names, attributes.astype(np.float32), strict=True))
    return World(data, Protocol.from_dataset(data, random_state=seed), graph, described)


def run(**changes) -> Run:
    """The run without a leak, changed."""
    return replace(world().run, **changes)


def rows_of(part, seed=0):
    return rows_for_audit(getattr(world(seed).protocol, part))


def near_test(*parts) -> np.ndarray:
    """Rows of the final fit, and test rows that do not belong there."""
    return np.union1d(world().protocol.fit_rows, np.concatenate([rows_of(part) for part in parts]))


@cache
def fitted(seed=0, calibration="stacking"):
    """(classifier, report, protocol) of our own model, fitted and measured by the protocol."""
    w = world(seed)
    protocol = w.protocol.fresh()
    rows = {id_: w.attributes.get(id_, np.ones(12, np.float32)) for id_ in w.graph.ids}
    features = MatrixFeatures(np.stack([rows[id_] for id_ in w.graph.ids]), list(w.graph.ids))
    clf = ZeroShotClassifier(
        w.graph, features=features, unseen=w.protocol.unseen_classes, calibration=calibration, random_state=seed
    )
    clf.fit(*protocol.samples(w.data, "fit"))
    with protocol.final():
        tests = (*protocol.samples(w.data, "test_seen"), *protocol.samples(w.data, "test_unseen"))
        report = evaluate(clf, *tests, ks=[1], protocol=protocol)
    return clf, report, protocol


def codes(report: LeakReport):
    return [finding.code for finding in report.found]


# -- clean runs --------------------------------------------------------------------------------------------------


def clean_by_our_model(seed, calibration):
    clf, report, protocol = fitted(seed, calibration)
    w = world(seed)
    return Run(
        protocol=protocol,
        dataset=w.data,
        classifier=clf,
        report=report,
        selections=(Selection("gamma", 0.5, on="tune"),),
    )


CLEAN = {
    **{f"all that can be stated, seed {seed}": lambda seed=seed: world(seed).run for seed in range(4)},
    **{
        f"our model, stacking, seed {seed}": lambda seed=seed: clean_by_our_model(seed, "stacking") for seed in range(3)
    },
    **{f"our model, {gamma}": lambda gamma=gamma: clean_by_our_model(0, gamma) for gamma in (None, 0.1)},
    "a protocol alone": lambda: Run(protocol=world(1).protocol),
    "splits of a file alone": lambda: Run(dataset=world(2).data),
    "nothing stated": Run,
    "centred unit prototypes": lambda: with_prototypes(0, unit=True),
    "shrunk prototypes": lambda: with_prototypes(0, shrink=0.7),
    "few-shot prototypes": lambda: with_prototypes(0, most=5),
    "fitted without the tuning classes": lambda: replace(world(3).run, trained_on=world(3).protocol.train),
    "edges of one's own that follow attributes": lambda: with_edges(0, by="attributes"),
    "last epoch, test curve watched": lambda: with_selection(
        Selection("epoch", 3, candidates=(1, 2, 3), scores={"test": (1, 2, 3)})
    ),
    "means over samples that were promised": lambda: replace(promised_micro(), name="means over samples"),
}


def with_prototypes(seed, *, unit=False, shrink=1.0, most=None):
    w = world(seed)
    labels, fit = w.data.labels_of(), w.protocol.fit_rows
    own = {name: fit[labels[fit] == name][:most] for name in w.protocol.seen_classes}
    means = {name: w.data.features[rows].mean(axis=0) for name, rows in own.items()}
    centre = np.mean(list(means.values()), axis=0)
    if unit:
        means = {name: (mean - centre) / np.linalg.norm(mean - centre) for name, mean in means.items()}
    return replace(w.run, prototypes={name: shrink * mean + (1 - shrink) * centre for name, mean in means.items()})


def with_edges(seed, *, by):
    w = world(seed)
    labels = w.data.labels_of()
    if by == "attributes":
        vectors = w.attributes
    else:
        vectors = {name: w.data.features[labels == name].mean(axis=0) for name in w.data.classes}
    table = np.stack(list(vectors.values()))
    table = table - table.mean(axis=0)
    unit = table / np.linalg.norm(table, axis=1, keepdims=True)
    names = list(vectors)
    edges = []
    for name in w.protocol.unseen_classes:
        near = np.argsort(-(unit @ unit[names.index(name)]))[1:4]
        edges += [(name, "looks_like", names[place]) for place in near]
    relation = Relation("looks_like", "association", "", "looks like", "")
    held = w.graph.edges_table.select("head", "relation", "tail")
    new = pl.DataFrame(edges, schema=["head", "relation", "tail"], orient="row")
    graph = KnowledgeGraph.from_tables(w.graph.concepts_table, pl.concat([held, new]).unique(), [relation], name="own")
    return replace(w.run, graph=graph, base_graph=w.graph)


def with_selection(*choices):
    return run(selections=choices)


def promised_micro():
    w = world()
    labels = w.data.labels_of()
    parts = {part: rows_for_audit(getattr(w.protocol, part)) for part in ("test_seen", "test_unseen")}
    protocol = Protocol.from_indices(labels, train=w.protocol.train, tune=w.protocol.tune, average="micro", **parts)
    return replace(w.run, protocol=protocol, figures={"u": 0.5})


@pytest.mark.parametrize("name", CLEAN)
def test_a_clean_run_raises_nothing(name):
    report = audit_protocol(CLEAN[name]())
    assert report.found == (), str(report)
    assert report.ok
    assert report.require() is report


def test_a_run_that_states_everything_has_every_check_run():
    clf, report, _ = fitted(0)
    told = run(classifier=clf, report=report, candidates=None)
    assert [finding.code for finding in audit_protocol(told).findings if finding.skipped] == []


def test_clean_runs_are_at_least_twelve():
    assert len(CLEAN) >= 12


# -- planted leaks -----------------------------------------------------------------------------------------------


def duplicated(*, noise=0.0, by="features"):
    """Three test images that stand in training as well."""
    w = world()
    X, names = w.data.features.copy(), list(w.data.names)
    for train, test in zip(w.protocol.fit_rows[:3], rows_of("test_seen")[:3], strict=True):
        if by == "features":
            X[train] = X[test] * (1 + noise)
        else:
            names[train] = names[test]
    data = replace(w.data, features=X, names=tuple(names))
    return replace(w.run, dataset=data, protocol=replace(w.protocol, data_sha256=""), prototypes={})


def prototypes(*, only_test=False, unseen=False, unit=False):
    w = world()
    labels = w.data.labels_of()
    names = w.protocol.unseen_classes if unseen else w.protocol.seen_classes
    rows = rows_of("test_seen") if only_test else np.arange(len(labels))
    means = {name: w.data.features[rows[labels[rows] == name]].mean(axis=0) for name in names}
    if unit:
        centre = np.mean(list(means.values()), axis=0)
        means = {name: (mean - centre) / np.linalg.norm(mean - centre) for name, mean in means.items()}
    return replace(w.run, prototypes=means)


def classifier_with_test():
    """Our own model, fitted on training and test rows of seen classes, while the run says otherwise."""
    w = world()
    rows = np.union1d(w.protocol.fit_rows, rows_of("test_seen"))
    features = MatrixFeatures(np.stack([w.attributes.get(id_, np.ones(12)) for id_ in w.graph.ids]), list(w.graph.ids))
    clf = ZeroShotClassifier(w.graph, features=features, unseen=w.protocol.unseen_classes)
    clf.fit(w.data.features[rows], w.data.labels_of(rows))
    return replace(w.run, prototypes={}, classifier=clf)


def without_classes(count=2):
    run = world().run
    return replace(run, candidates=run.candidates[:-count])


def untested_class():
    w = world()
    tested = world().run.tested
    kept = tested[w.data.labels_of(tested) != w.protocol.unseen_classes[0]]
    return replace(w.run, tested_on=kept, predicted=None)


def semantics(**changes):
    w = world()
    return replace(w.run, semantics={**w.attributes, **changes})


def visual_semantics():
    w = world()
    labels = w.data.labels_of()
    means = {name: w.data.features[labels == name].mean(axis=0) for name in w.data.classes}
    return replace(w.run, semantics=means, semantics_rows=None)


def sampled_report():
    clf, _, _ = fitted()
    w = world()
    protocol = w.protocol.fresh()
    with protocol.final():
        (X_s, y_s), (X_u, y_u) = (protocol.samples(w.data, part) for part in ("test_seen", "test_unseen"))
        report = evaluate(clf, X_s, y_s, X_u[::2], y_u[::2], ks=[1], protocol=protocol)
    return Run(protocol=protocol, dataset=w.data, classifier=clf, report=report)


def hindsight_gamma():
    """Our own model whose gamma is moved to where H on the test samples is highest."""
    w = world()
    clf, report, _ = fitted(0, None)
    curve = report.curve
    place = int(np.argmax(np.where(np.isfinite(curve.gamma), curve.harmonic_mean, -1)))
    best = float(curve.gamma[place])
    shifted = SimpleNamespace(
        class_labels=clf.class_labels,
        gamma_=best,
        decision_function=lambda X, label_space: (
            clf.decision_function(X, label_space=label_space)
            - best * np.isin(clf.class_labels(label_space), clf.class_labels("seen"))
        ),
    )
    protocol = w.protocol.fresh()
    with protocol.final():
        tests = (*protocol.samples(w.data, "test_seen"), *protocol.samples(w.data, "test_unseen"))
        told = evaluate(shifted, *tests, ks=[1], protocol=protocol)
    return Run(protocol=protocol, dataset=w.data, classifier=shifted, report=told)


def micro_figures():
    w = world()
    run = w.run
    labels = w.data.labels_of(run.tested)
    own = np.isin(labels, w.protocol.unseen_classes)
    return replace(run, figures={"u": float((np.array(run.predicted) == labels)[own].mean())})


def out_of_order(*, late):
    w = world()
    protocol = w.protocol.fresh()
    if late:
        with protocol.final():
            protocol.test_seen.read()
        protocol.samples(w.data, "train")
    else:
        with pytest.raises(PermissionError):
            protocol.test_seen.read()
    return replace(w.run, protocol=protocol)


def with_kinds_of_unseen():
    """The backbone was trained on a breed of an unseen class."""
    w = world()
    name = w.protocol.unseen_classes[0]
    graph = w.graph.add_concepts(["breed"]).add_edges([("breed", "is_a", name)])
    return replace(w.run, graph=graph, backbone_classes=("tench", "breed"))


def other_data():
    w = world()
    return replace(w.run, dataset=replace(w.data, features=w.data.features * 2), prototypes={})


def mean_of_everything(*, by_class):
    w = world()
    labels, X = w.data.labels, w.data.features.astype(np.float64)
    rows = X if not by_class else np.array([X[labels == label].mean(axis=0) for label in range(NUM_CLASSES)])
    return replace(w.run, scaled_on=None, input_mean=rows.mean(axis=0))


def few_shot():
    """Half of the samples of unseen classes are no test samples, and one of them is trained on."""
    w = world()
    unseen = rows_of("test_unseen")
    parts = {"test_seen": rows_of("test_seen"), "test_unseen": unseen[::2]}
    protocol = Protocol.from_indices(w.data.labels_of(), train=w.protocol.train, tune=w.protocol.tune, **parts)
    tested = np.union1d(*parts.values())
    return run(protocol=protocol, trained_on=[*FIT, unseen[1]], tested_on=tested, predicted=None, figures={})


def image_as_concept():
    image = world().data.names[rows_of("test_unseen")[0]]
    return run(graph_rows=None, graph=world().graph.add_concepts([image]))


def undescribed():
    return run(semantics={name: row for name, row in world().attributes.items() if name != "animal05"})


def other_protocol():
    stored = SimpleNamespace(protocol=fitted(1)[1].protocol)
    return run(report=stored)


def ties_for():
    return run(protocol=replace(world().protocol, ties="for the prediction"))


def watching_only_test():
    return with_selection(Selection("epoch", 2, candidates=(1, 2, 3), scores={"test H": (1, 5, 2)}))


FIT = world().protocol.fit_rows
UNSEEN = world().protocol.unseen_classes
EPOCHS = {"candidates": (1, 2, 3, 4), "scores": {"tune": (1, 2, 4, 3), "test_unseen": (3, 5, 2, 1)}}

PLANTED = {
    "test_seen in training": (["L01"], lambda: run(trained_on=near_test("test_seen"), prototypes={})),
    "one test row in training": (["L01"], lambda: run(trained_on=[*FIT, rows_of("test_seen")[0]], prototypes={})),
    "test_unseen in training": (["L01", "L03"], lambda: run(trained_on=[*FIT, *rows_of("test_unseen")[:4]])),
    "test_seen in tuning": (["L02"], lambda: run(tuned_on=[*world().protocol.tune, *rows_of("test_seen")])),
    "test_unseen in tuning": (["L02", "L03"], lambda: run(tuned_on=rows_of("test_unseen"))),
    "an unseen class has training samples": (["L03"], few_shot),
    "the same features on both sides": (["L04"], duplicated),
    "the same file on both sides": (["L04"], lambda: duplicated(by="names")),
    "almost the same features": (["L05"], lambda: duplicated(noise=1e-4)),
    "half of the test": (["L06"], lambda: run(tested_on=world().run.tested[::2], predicted=None)),
    "half of the test, by the report": (["L06"], sampled_report),
    "scaled with test rows": (["L07"], lambda: run(scaled_on=np.arange(world().data.num_samples))),
    "mean over everything": (["L07"], lambda: mean_of_everything(by_class=False)),
    "mean over all class means": (["L07"], lambda: mean_of_everything(by_class=True)),
    "test read too early": (["L08"], lambda: out_of_order(late=False)),
    "training read after the test": (["L08"], lambda: out_of_order(late=True)),
    "best epoch on test, by its scores": (["L11"], lambda: with_selection(Selection("epoch", 2, **EPOCHS))),
    "best epoch on test, as stated": (["L11"], lambda: with_selection(Selection("Epoch", 2, on="test_unseen"))),
    "epoch by test, only test watched": (["L11"], watching_only_test),
    "gamma on test": (["L12"], lambda: with_selection(Selection("gamma", 0.7, on=("tune", "test_seen")))),
    "gamma on test rows": (["L12"], lambda: with_selection(Selection("gamma", 0.7, on=rows_of("test_seen")[:5]))),
    "temperature on test": (["L12"], lambda: with_selection(Selection("temperature", 2, on="test"))),
    "best seed on test": (["L13"], lambda: with_selection(Selection("seed", 7, on="test"))),
    "regularisation on test, by its scores": (["L13"], lambda: with_selection(Selection("ridge", 2, **EPOCHS))),
    "gamma best in hindsight": (["L14"], hindsight_gamma),
    "prototypes over all images": (["L15"], prototypes),
    "centred unit prototypes over all images": (["L15"], lambda: prototypes(unit=True)),
    "prototypes over test images": (["L15"], lambda: prototypes(only_test=True)),
    "prototypes of unseen classes": (["L15"], lambda: prototypes(unseen=True)),
    "our model fitted with test rows": (["L15"], classifier_with_test),
    "semantics from test rows": (["L16"], lambda: run(semantics_rows=rows_of("test_unseen"))),
    "semantics in the space of images": (["L16"], visual_semantics),
    "unseen class in the backbone": (["L21"], lambda: run(backbone_classes=("tench", UNSEEN[1]))),
    "unseen class in the backbone, spelled otherwise": (
        ["L21"], lambda: run(graph=None, backbone_classes=(f"pet, {UNSEEN[1].upper()}",))
    ),
    "a kind of an unseen class in the backbone": (["L22"], with_kinds_of_unseen),
    "edges from test rows": (["L23"], lambda: run(graph_rows=rows_of("test_unseen"))),
    "test images in the graph": (["L23"], image_as_concept),
    "edges to what looks alike in test images": (["L24"], lambda: with_edges(0, by="images")),
    "dropped candidates": (["L25"], without_classes),
    "an unseen class untested": (["L06", "L25"], untested_class),
    "zeros for semantics": (["L26"], lambda: semantics(animal03=np.zeros(12))),
    "NaN in semantics": (["L26"], lambda: semantics(animal03=np.full(12, np.nan))),
    "no semantics": (["L26"], undescribed),
    "one vector for two classes": (["L27"], lambda: semantics(animal03=world().attributes["animal04"])),
    "a family among the candidates": (["L28"], lambda: run(candidates=(*world().run.candidates, "family0"))),
    "unseen columns in the loss": (["L29"], lambda: run(training_classes=world().run.candidates)),
    "another protocol": (["L31"], other_protocol),
    "other data": (["L31"], other_data),
    "means over samples": (["L32"], micro_figures),
    "ties for the prediction": (["L33"], ties_for),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_leak_is_found_and_no_other(name):
    expected, plant = PLANTED[name]
    report = audit_protocol(plant())
    assert codes(report) == expected, str(report)
    for finding in report.found:
        assert finding.examples
        assert finding.count >= len(finding.examples) or finding.complete


def test_every_check_has_a_planted_leak():
    assert {code for expected, _ in PLANTED.values() for code in expected} == set(CHECKS)


def test_the_awa2_trap_is_flagged(shared_data):
    data = read_dataset(shared_data("kzsl/AwA/binaryAtt_splits.mat"))
    report = audit_protocol(Run(name="AWA2", dataset=data))
    assert codes(report) == ["L02"]
    assert report["L02"].count == 4031 + 1851
    assert report["L02"].examples == (
        "train_loc holds 4,031 rows of test_seen", "val_loc holds 1,851 rows of test_seen"
    )  # fmt: skip
    protocol = Protocol.from_dataset(data, tuning="file")
    assert audit_protocol(Run(dataset=data, protocol=protocol)).found == ()
    assert audit_protocol(Run(dataset=read_dataset(shared_data("kzsl/AwA/att_splits.mat")))).found == ()


def test_tiny_imagenet_is_clean_under_our_protocol(shared_data):
    data = read_dataset(shared_data("tiny-imagenet/features.npz"))
    protocol = Protocol.from_dataset(data)
    backbone = protocol.seen_classes
    report = audit_protocol(Run(dataset=data, protocol=protocol, backbone_classes=backbone))
    assert report.found == ()
    leaky = audit_protocol(Run(dataset=data, protocol=protocol, backbone_classes=data.classes))
    assert [(finding.code, finding.count) for finding in leaky.found] == [("L21", 35)]


# -- the report --------------------------------------------------------------------------------------------------


def test_a_report_prints_with_severity_count_examples_and_advice():
    report = audit_protocol(run(name="<b>run</b>", tuned_on=rows_of("test_seen")))
    text, page = str(report), report._repr_html_()
    assert text.startswith("leaks of <b>run</b> under protocol ")
    for part in ("L02 error:", "To do:", "Found: tuned_on holds", "Checked, none found:"):
        assert part in text
    assert "<b>run" not in page
    assert "&lt;b&gt;run" in page
    assert report.counts == {"error": 1, "warning": 0, "note": 0}
    json.dumps(report.to_dict())
    assert len(report.to_frame()) == len(CHECKS)
    with pytest.raises(SplitError, match="leaks:\n  L02"):
        report.require()


def test_the_headline_says_how_many_checks_could_not_be_run_everywhere_it_stands():
    labels = ["cat", "dog", "cat", "fox"]
    protocol = Protocol.from_indices(labels, train=[0, 1], test_seen=[2], test_unseen=[3])
    report = audit_protocol(Run(protocol=protocol), ignore=["L02"])
    assert len(report.not_run) == 21
    assert [finding.code for finding in report.not_run] == report.to_dict()["not_run"]
    assert report.to_dict()["checks"] == len(CHECKS)
    headline = "0 errors, 0 warnings, 0 notes in 4 of 26 checks, 21 could not be run, 1 ignored"
    for shown in (repr(report), " ".join(str(report).split()), report._repr_html_()):
        assert headline in shown
    whole = repr(audit_protocol(world().run))
    assert "0 notes in 25 of 26 checks, 1 could not be run>" in whole


def test_ignored_checks_are_named_and_unknown_ones_refused():
    report = audit_protocol(run(tuned_on=rows_of("test_seen")), ignore=["L02"])
    assert (report.found, report.ignored) == ((), ("L02",))
    assert "Ignored: L02" in str(report)
    for wrong in (["L99"], "L02"):
        with pytest.raises(UnknownNameError):
            audit_protocol(Run(), ignore=wrong)


def test_what_is_no_run_is_refused():
    with pytest.raises(InputFormatError, match="not Protocol"):
        audit_protocol(world().protocol)
    with pytest.raises(InputFormatError, match="scores on tune for"):
        Selection("epoch", 1, candidates=(1, 2), scores={"tune": (1,)})
    with pytest.raises(InputFormatError, match="not among its candidates"):
        Selection("epoch", 3, candidates=(1, 2), scores={"tune": (1, 2)})
    with pytest.raises(InputFormatError, match="trained_on is a list"):
        audit_protocol(run(trained_on=[0.5]))


def test_an_audit_reads_no_test_rows_on_record_and_repeats_itself():
    run = world().run
    before = len(run.protocol.reads)
    assert str(audit_protocol(run)) == str(audit_protocol(replace(run)))
    assert len(run.protocol.reads) == before


def test_class_names_are_compared_without_marks():
    assert class_key("Grizzly+Bear") == class_key("grizzly_bear") == class_key("grizzly  bear")
