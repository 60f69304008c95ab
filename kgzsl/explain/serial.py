"""Explanations as plain values and as tables."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from kgzsl.explain.credits import Credit
    from kgzsl.explain.explanation import Explanation

__all__ = ["FORMAT", "to_dict", "to_frame"]

FORMAT = 1


def to_dict(explanation: "Explanation") -> dict[str, Any]:
    """JSON values; the same explanation gives the same dictionary, in the same order."""
    decision = explanation.decision
    return {
        "format": "kgzsl-explanation",
        "version": FORMAT,
        "prediction": explanation.prediction,
        "foil": explanation.foil,
        "probability": explanation.probability,
        "foil_probability": explanation.foil_probability,
        "margin": explanation.margin,
        "total": explanation.total,
        "residual": explanation.residual,
        "coverage": explanation.coverage,
        "cancellation": explanation.cancellation,
        "support": explanation.support,
        "temperature": decision.temperature,
        "gamma": decision.gamma,
        "method": explanation.method,
        "assumptions": list(explanation.assumptions),
        "graph": {"name": explanation.known_graph.name, "fingerprint": explanation.fingerprint},
        "items": [_row(row) for row in explanation.items],
        "others": [_row(row) for row in explanation.others],
        "constants": [_row(row) for row in explanation.constants],
        "views": {name: [_row(row) for row in explanation.by(name)] for name in explanation.views},
    }


def _row(row: "Credit") -> dict[str, Any]:
    return {
        "kind": row.kind,
        "key": list(row.key),
        "label": row.label,
        "note": row.note,
        "credit": row.credit,
        "sides": list(row.sides),
        "gross": row.gross,
        "concepts": list(row.concepts),
        "paths": [{"concepts": list(path.concepts), "relations": list(path.relations)} for path in row.paths],
        "facts": [[edge.head, edge.relation, edge.tail] for edge in row.facts],
        "near": [[concept, share] for concept, share in row.near],
    }


def to_frame(rows: "Sequence[Credit]") -> pl.DataFrame:
    """One row a credit: kind, label, note, credit, target, foil, gross, concepts."""
    return pl.DataFrame(
        {
            "kind": [row.kind for row in rows],
            "label": [row.label for row in rows],
            "note": [row.note for row in rows],
            "credit": [row.credit for row in rows],
            "target": [row.sides[0] for row in rows],
            "foil": [row.sides[1] for row in rows],
            "gross": [row.gross for row in rows],
            "concepts": [list(row.concepts) for row in rows],
        },
        schema={
            "kind": pl.String,
            "label": pl.String,
            "note": pl.String,
            "credit": pl.Float64,
            "target": pl.Float64,
            "foil": pl.Float64,
            "gross": pl.Float64,
            "concepts": pl.List(pl.String),
        },
    )
