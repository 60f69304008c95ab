"""What an evaluation found, as a value that prints, turns into a dict or a data frame, and renders in a notebook."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from kgzsl.display.html import html_table
from kgzsl.display.text import escape_text, text_table, wrap
from kgzsl.evaluation.calibration_error import ReliabilityBins
from kgzsl.evaluation.generalized import CalibrationCurve

__all__ = ["EvaluationReport"]

_WIDTH = 96
_MEANS = ["means over classes", "%", "95 % interval"]
_MORE = ["mistakes and probabilities", "T1", "u", "s"]
_SETS = ["conformal sets", "stated, %", "covered, %", "95 % interval", "classes", "words"]
_QUESTIONS = {"unseen": "unseen among the unseen", "u": "unseen among all", "s": "seen among all"}
_EXTREMES = 5
_FEWEST = 3


@dataclass(frozen=True, eq=False)
class EvaluationReport:
    """Accuracies of a zero-shot classifier in [0, 1], and the protocol they were measured under.

    * `t1`: top-1 on unseen classes, the unseen classes being the candidates, mean over classes.
    * `hits`, `hits_all`: share of samples of unseen classes whose class is among the first k, the candidates being the
      unseen classes or all.
    * `s`, `u`, `harmonic_mean`: top-1 on seen and on unseen classes with all classes as candidates, mean over
      classes, and 2su / (s + u).
    * `gamma`: what the classifier takes off the scores of seen classes; None if it does not say.
    * `ausuc`: area under (s, u) over every gamma; `curve` has its points, where gamma is what is taken off the scores
      as they are, so in their unit and on top of the classifier's own.
    * `hierarchical_precision`: by k, among the unseen candidates; left out without a graph of all of them, and for k
      above their number.
    * `per_class`: a row for each class, seen ones first: label, name in the graph (null without one), side,
      num_samples, accuracy (all classes are candidates), accuracy_own_side (its own side is); null for a class
      without samples, which no mean includes; distance_to_seen, edges to the nearest seen class; group, a concept
      above it that stands for a dozenth of the classes (null without a graph).
    * `hit_rates`: Hit@k for both candidate sets and both averages. `intervals`: bootstrap percentiles of t1, s, u,
      their harmonic mean and ausuc, over classes and over samples (`kgzsl.evaluation.bootstrap_interval`).
    * `sets`: of conformal sets, flat ("a, b or c") and hierarchical ("some kind of d"), for the questions "unseen",
      "u" and "s": the coverage that was stated and the share that has the right class, with its interval over classes
      (low, high); mean size in classes and in words, all means over classes; num_empty. None where the classifier
      gives no sets; `no_sets` says why.
    * `mistake_height`: mean height of the lowest common ancestor of right class and answer over the mistakes of the
      questions "t1", "u", "s"; in edges, larger is worse. `by_distance`: accuracy of the unseen classes by
      `distance_to_seen`. Both need a graph of all classes.
    * `probability`: `ece_`, `brier_` and `nll_` of samples of unseen classes among the unseen ones ("unseen"), and of
      unseen ("u") and seen ("s") samples among all; `reliability` has the bins. Only of classifiers whose
      probabilities are the softmax of their scores.
    * `confusion`: how many samples of a label got which answer, all classes being candidates.
    * `counts`: samples, classes and classes without samples, by side. `protocol`: how it was done, as plain values.

    >>> import kgzsl
    >>> from kgzsl.testing import example_classifier
    >>> traits = [[0, 0, 1, 0, 1, 0], [0, 1, 0, 0, 0, 0]]
    >>> report = kgzsl.evaluate(example_classifier(), [[0, 0, 1, 0, 0, 1]], ["cat"], traits, ["tiger", "fox"])
    >>> report.t1, report.harmonic_mean, report.to_frame().height, sorted(report.to_dict()["counts"])[:1]
    (1.0, 1.0, 1, ['num_seen_absent'])
    """

    t1: float
    hits: Mapping[int, float]
    hits_all: Mapping[int, float]
    u: float
    s: float
    harmonic_mean: float
    ausuc: float
    gamma: float | None
    hierarchical_precision: Mapping[int, float]
    counts: Mapping[str, int]
    protocol: Mapping[str, Any]
    per_class: pl.DataFrame = field(repr=False)
    curve: CalibrationCurve = field(repr=False)
    hit_rates: pl.DataFrame | None = field(default=None, repr=False)
    intervals: pl.DataFrame | None = field(default=None, repr=False)
    mistake_height: Mapping[str, float] = field(default_factory=dict)
    by_distance: pl.DataFrame | None = field(default=None, repr=False)
    probability: Mapping[str, float] = field(default_factory=dict)
    reliability: Mapping[str, ReliabilityBins] = field(default_factory=dict, repr=False)
    confusion: pl.DataFrame | None = field(default=None, repr=False)
    sets: pl.DataFrame | None = field(default=None, repr=False)
    no_sets: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Everything but the curve, the bins and the confusion, as values JSON can hold."""
        by_k = {name: dict(getattr(self, name)) for name in ("hits", "hits_all", "hierarchical_precision")}
        single = {name: getattr(self, name) for name in ("t1", "u", "s", "harmonic_mean", "ausuc", "gamma")}
        rest = {"counts": dict(self.counts), "protocol": dict(self.protocol), "per_class": self.per_class.to_dicts()}
        rest |= {"mistake_height": dict(self.mistake_height), "probability": dict(self.probability)}
        rest["no_sets"] = self.no_sets
        for name in ("hit_rates", "intervals", "by_distance", "sets"):
            table = getattr(self, name)
            rest[name] = [] if table is None else table.to_dicts()
        return {**single, **{name: {str(k): v for k, v in values.items()} for name, values in by_k.items()}, **rest}

    def to_frame(self) -> pl.DataFrame:
        """One row with every measure and count, so that the rows of several reports can be stacked."""
        row: dict[str, float | int | None] = {"t1": self.t1}
        for name, values in (
            ("hit", self.hits),
            ("hit_all", self.hits_all),
            ("hierarchical_precision", self.hierarchical_precision),
        ):
            row |= {f"{name}@{k}": value for k, value in values.items()}
        row |= {"u": self.u, "s": self.s, "harmonic_mean": self.harmonic_mean, "ausuc": self.ausuc, "gamma": self.gamma}
        row |= {f"mistake_height_{name}": value for name, value in self.mistake_height.items()}
        row |= self.probability
        for told in [] if self.sets is None else self.sets.to_dicts():
            row |= {f"{name}_{told['kind']}_{told['question']}": told[name] for name in ("coverage", "size")}
        return pl.DataFrame([{**row, **self.counts}], schema_overrides={"gamma": pl.Float64})

    def __str__(self) -> str:
        rows, columns = self._by_k()
        lines = [
            self._title(),
            "",
            text_table(rows, columns, width=_WIDTH, right=columns[1:]),
            "",
            text_table(self._means(), _MEANS, width=_WIDTH, right=_MEANS[1:]),
            *(["", text_table(self._more(), _MORE, width=_WIDTH, right=_MORE[1:])] if self._more() else []),
            *(["", text_table(self._sets(), _SETS, width=_WIDTH, right=_SETS[1:])] if self.sets is not None else []),
        ]
        extremes = [line for words in self._extremes() for line in wrap(words, _WIDTH, indent="  ")]
        return "\n".join([*lines, *([""] if extremes else []), *extremes, "", *self._notes()])

    def __repr__(self) -> str:
        told = {"T1": self.t1, "u": self.u, "s": self.s, "H": self.harmonic_mean, "AUSUC": self.ausuc}
        return f"<EvaluationReport {', '.join(f'{name} {_percent(value)}' for name, value in told.items())}, in %>"

    def _repr_html_(self) -> str:
        rows, columns = self._by_k()
        classes = [
            [
                _named(row),
                row["side"],
                row["num_samples"],
                _percent(row["accuracy"]),
                _percent(row["accuracy_own_side"]),
            ]
            for row in self.per_class.to_dicts()
        ]
        heads = ["class", "side", "samples", "% among all", "% among its side"]
        return (
            html_table(rows, columns, caption=self._title(), right=columns[1:])
            + html_table(self._means(), _MEANS, right=_MEANS[1:], notes=[*self._extremes(), *self._notes()])
            + (html_table(self._more(), _MORE, right=_MORE[1:]) if self._more() else "")
            + (html_table(self._sets(), _SETS, right=_SETS[1:]) if self.sets is not None else "")
            + html_table(classes, heads, right=heads[2:], summary="each class")
        )

    def _title(self) -> str:
        c = self.counts
        return (
            f"zero-shot evaluation: {c['num_unseen_classes']:,} unseen classes ({c['num_unseen_samples']:,} samples), "
            f"{c['num_seen_classes']:,} seen ({c['num_seen_samples']:,})"
        )

    def _by_k(self) -> tuple[list[list[str]], list[str]]:
        ks = list(self.hits)
        measures = [("Hit@k, unseen candidates", self.hits), ("Hit@k, all candidates", self.hits_all)]
        if self.hierarchical_precision:
            measures.append(("hierarchical precision@k", self.hierarchical_precision))
        rows = [[name, *(_percent(values.get(k)) for k in ks)] for name, values in measures]
        return rows, ["unseen classes, %", *(f"k={k}" for k in ks)]

    def _means(self) -> list[list[str]]:
        gamma = "" if self.gamma is None else f", gamma {self.gamma:.4g}"
        ends = {} if self.intervals is None else self._ends()
        return [
            ["T1   unseen classes among the unseen", _percent(self.t1), ends.get("t1", "")],
            [f"u   unseen classes among all{gamma}", _percent(self.u), ends.get("u", "")],
            [f"s   seen classes among all{gamma}", _percent(self.s), ends.get("s", "")],
            ["H   harmonic mean of u and s", _percent(self.harmonic_mean), ends.get("harmonic_mean", "")],
            ["AUSUC   area under s and u over every gamma", _percent(self.ausuc), ends.get("ausuc", "")],
        ]

    def _ends(self) -> dict[str, str]:
        """Intervals over classes, the wider ones, as they are printed."""
        assert self.intervals is not None
        over = self.intervals.filter(pl.col("over") == "classes").to_dicts()
        return {row["measure"]: f"{_percent(row['low'])} - {_percent(row['high'])}" for row in over}

    def _more(self) -> list[list[str]]:
        """How bad mistakes are, and whether probabilities hold, where that is known: a row a measure."""
        words = {"ece": "expected calibration error", "brier": "Brier score", "nll": "negative log likelihood"}
        found = [("height of mistakes, edges", [self.mistake_height.get(name) for name in ("t1", "u", "s")], 2)]
        found += [
            (words[kind], [self.probability.get(f"{kind}_{name}") for name in ("unseen", "u", "s")], 3)
            for kind in words
        ]
        return [
            [name, *("-" if value is None else f"{value:.{digits}f}" for value in values)]
            for name, values, digits in found
            if any(value is not None for value in values)
        ]

    def _sets(self) -> list[list[str]]:
        """What sets were stated to cover and what they cover, a row for each kind and question."""
        return [
            [
                f"{row['kind']}, {_QUESTIONS[row['question']]}",
                _percent(row["stated"]),
                _percent(row["coverage"]),
                f"{_percent(row['low'])} - {_percent(row['high'])}",
                f"{row['size']:.1f}",
                f"{row['words']:.1f}",
            ]
            for row in ([] if self.sets is None else self.sets.to_dicts())
        ]

    def _extremes(self) -> list[str]:
        """The best and the worst unseen classes, none of them in both lists; nothing of fewer than three."""
        table = self.per_class.filter((pl.col("side") == "unseen") & pl.col("accuracy_own_side").is_not_null())
        if len(table) < _FEWEST:
            return []
        limit = min(_EXTREMES, len(table) // 2)
        told = []
        for word, is_descending in (("strongest", True), ("weakest", False)):
            rows = table.sort(["accuracy_own_side", "label"], descending=[is_descending, False]).head(limit).to_dicts()
            classes = ", ".join(f"{escape_text(_named(row))} {_percent(row['accuracy_own_side'])}" for row in rows)
            told.append(f"{word} unseen (T1 among unseen): {classes}")
        return told

    def _notes(self) -> list[str]:
        average = {"macro": "means over classes", "micro": "means over samples"}[self.protocol["average"]]
        notes = [f"Hit@k and hierarchical precision: {average}. Ties count against the prediction."]
        if self.intervals is not None:
            notes.append("Intervals: percentiles of 2,000 draws of the classes with replacement.")
        if self.no_sets:
            notes += wrap(f"No conformal sets: {self.no_sets}", _WIDTH)
        absent = self.counts["num_unseen_absent"] + self.counts["num_seen_absent"]
        if absent:
            notes.append(f"{absent:,} class(es) without samples are candidates and part of no mean.")
        return notes


def _named(row: Mapping[str, Any]) -> str:
    """`n02391049 (zebra)`; the label alone where the graph has no other name for it."""
    label, name = row["label"], row["name"]
    return f"{label} ({name})" if name and name != label else str(label)


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}"
