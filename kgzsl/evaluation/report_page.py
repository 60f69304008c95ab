"""An evaluation as one page that fetches nothing and runs nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from kgzsl.display.html import escape_html, html_table
from kgzsl.evaluation.report_curves import CHART_STYLE, reliability_svg, seen_unseen_svg
from kgzsl.evaluation.results import EvaluationReport

__all__ = ["report_page"]

_PAGE = (
    ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:800px;margin:1.5rem auto;"
    "padding:0 12px;box-sizing:border-box}h1{font-size:1.5rem;margin:.2rem 0}h2{font-size:1.1rem;margin:1.6rem 0 .4rem}"
    "@media screen and (prefers-color-scheme:dark){body{background:#101316;color:#e8ecf0}}"
)
_STYLE = (
    ".kx .kx-by td,.kx .kx-by th{white-space:nowrap;overflow-wrap:normal}"
    ".kx .kx-share{width:45%;min-width:70px;padding-left:8px}"
    ".kx .kx-share span{display:block;height:12px;background:var(--for);margin-top:5px}"
    ".kx .kx-grid{font-variant-numeric:tabular-nums}.kx .kx-grid table{width:auto}"
    ".kx .kx-grid td,.kx .kx-grid th{padding:2px 5px;font-size:12.5px;text-align:right;min-width:24px}"
    ".kx .kx-grid th.kx-what{text-align:left;white-space:nowrap;max-width:46vw;"
    "overflow:hidden;text-overflow:ellipsis}.kx .kx-grid .kx-own{outline:1px solid var(--dim);outline-offset:-1px}"
)
_QUESTIONS = {"unseen": "unseen classes among the unseen", "s": "seen classes among all", "u": "unseen among all"}


def report_page(report: EvaluationReport, *, title: str, certificate: Any = None) -> str:
    """The whole report: tables, the seen/unseen curve, accuracy by distance, calibration, confusion, the protocol.

    `certificate` is the protocol's, or anything with `_repr_html_`; None says that there is none.
    """
    parts = [
        report._repr_html_(),
        "<h2>Seen and unseen accuracy at every gamma</h2>",
        _card(seen_unseen_svg(report.curve, report.s, report.u), _CURVE_NOTE),
        *_distances(report),
        *_calibration(report),
        *_confusion(report),
        "<h2>Protocol</h2>",
        _card("", _NO_CERTIFICATE) if certificate is None else certificate._repr_html_(),
        html_table(_facts(report.protocol), ["fact", "value"], summary="what was measured, and how"),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape_html(title)}</title><style>{_PAGE}</style></head><body><h1>{escape_html(title)}</h1>"
        f"{''.join(parts)}<style>{_STYLE}{CHART_STYLE}</style></body></html>\n"
    )


_CURVE_NOTE = (
    "Each point of the line is a correction gamma of the seen classes' scores; the mark is the classifier as it is. "
    "The area under the line is AUSUC. No gamma was chosen on these samples."
)
_NO_CERTIFICATE = (
    "The data come without a training split, so there is no certificate: all samples were tested, and nothing tells "
    "whether the model was fitted on some of them."
)


def _card(content: str, *notes: str) -> str:
    paragraphs = "".join(f"<p><small>{escape_html(note)}</small></p>" for note in notes)
    return f'<section class="kx">{content}{paragraphs}</section>'


def _distances(report: EvaluationReport) -> list[str]:
    if report.by_distance is None or not len(report.by_distance):
        return []
    rows = "".join(
        f'<tr><td>{"no way" if row["distance"] is None else row["distance"]}</td><td class="kx-num">'
        f'{row["num_classes"]:,}</td><td class="kx-num">{100 * row["t1"]:.1f}</td>'
        f'<td class="kx-share"><span style="width:{100 * row["t1"]:.1f}%"></span></td>'
        f'<td class="kx-num">{100 * row["u"]:.1f}</td></tr>'
        for row in report.by_distance.to_dicts()
    )
    heads = "".join(
        f'<th scope="col"{kind}><small>{head}</small></th>'
        for head, kind in (("edges", ""), ("classes", _NUM), ("T1, %", _NUM), ("", ""), ("u, %", _NUM))
    )
    return [
        "<h2>Unseen classes by distance to the nearest seen class</h2>",
        _card(
            f'<table class="kx-by"><tr>{heads}</tr>{rows}</table>',
            "Distance in edges of the taxonomy, up or down. Means over classes.",
        ),
    ]


_NUM = ' class="kx-num"'


def _calibration(report: EvaluationReport) -> list[str]:
    if not report.reliability:
        return []
    names = [name for name in ("unseen", "s") if name in report.reliability]
    bins = [report.reliability[name] for name in names]
    told = [f"{_QUESTIONS[name]}, error {report.probability[f'ece_{name}']:.3f}" for name in names]
    return [
        "<h2>Whether probabilities hold</h2>",
        _card(
            reliability_svg(bins[0], bins[1] if len(bins) > 1 else None, told),
            "Samples in 15 bins of equal size by the probability of their prediction; on the dashed line a probability "
            "is what it says.",
        ),
    ]


def _confusion(report: EvaluationReport) -> list[str]:
    """Shares of the samples of each group that were taken for a class of each group."""
    if report.confusion is None or report.per_class["group"].null_count() == len(report.per_class):
        return []
    group = dict(zip(report.per_class["label"], report.per_class["group"], strict=True))
    table = report.confusion.with_columns(
        pl.col("label").replace_strict(group).alias("from"), pl.col("answer").replace_strict(group).alias("to")
    )
    counts = {(a, b): n for a, b, n in table.group_by("from", "to").agg(pl.col("num_samples").sum()).iter_rows()}
    names = sorted(set(group.values()), key=str)
    sizes = {name: sum(counts.get((name, other), 0) for other in names) for name in names}
    wrong = int(table.filter(pl.col("label") != pl.col("answer"))["num_samples"].sum())
    inside = int(
        table.filter((pl.col("label") != pl.col("answer")) & (pl.col("from") == pl.col("to")))["num_samples"].sum()
    )
    head = "".join(f'<th scope="col">{place}</th>' for place in range(1, len(names) + 1))
    rows = "".join(
        f'<tr><th scope="row" class="kx-what">{place} {escape_html(str(name))}</th>'
        + "".join(_cell(counts.get((name, other), 0), sizes[name], name == other) for other in names)
        + "</tr>"
        for place, name in enumerate(names, start=1)
        if sizes[name]
    )
    note = (
        "Rows: where the right class is; columns: where the answer is; % of the row's samples, seen and unseen, among "
        f"all classes. {inside:,} of {wrong:,} mistakes stay within their group."
        if wrong
        else "No mistakes."
    )
    return [
        "<h2>Confusion over the hierarchy</h2>",
        _card(f'<div class="kx-net kx-grid" tabindex="0"><table><tr><td></td>{head}</tr>{rows}</table></div>', note),
    ]


def _cell(count: int, size: int, is_own: bool) -> str:
    share = count / size
    own = ' class="kx-own"' if is_own else ""
    told = f"{100 * share:.0f}" if share >= 0.005 else "·" if count else ""
    return f'<td{own} style="background:rgb(31 111 178/{0.55 * share:.2f})">{told}</td>'


def _facts(protocol: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    """Plain facts; those of the certificate stand in a table of their own."""
    return [
        (
            name.replace("_", " "),
            ", ".join(f"{k}: {v}" for k, v in value.items()) if isinstance(value, Mapping) else str(value),
        )
        for name, value in protocol.items()
        if name != "certificate" and value not in (None, [], {})
    ]
