"""The one style of all cards and drawings: light and dark as the reader's system asks, light on paper."""

__all__ = ["NET_STYLE", "STYLE", "TABLE_STYLE", "ZOOM_SIZES", "ZOOM_STYLE"]

_COLOURS = "--ink:#1c2126;--dim:#5b6670;--line:#d9dee3;--paper:#fff;--soft:#f4f6f8;--for:#1f6fb2;--against:#b85c00;"
_DARK = "--ink:#e8ecf0;--dim:#9aa6b2;--line:#3a434c;--paper:#181c20;--soft:#22282e;--for:#6db3f2;--against:#f0a04b;"

_MARKS = "{0} .kx-for{{fill:var(--for)}}{0} .kx-against{{stroke:var(--against)}}{0} .kx-zero{{stroke:var(--dim)}}"
_NET = (
    ".kx-g text{font:12px system-ui,sans-serif;fill:var(--ink);text-anchor:middle;paint-order:stroke;"
    "stroke:var(--paper);stroke-width:4px;stroke-linejoin:round}"
    ".kx-g path{fill:none}.kx-g .kx-for path,.kx-g .kx-bars .kx-for{stroke:var(--for);fill:none}"
    ".kx-g .kx-against path{stroke:var(--against);stroke-dasharray:6 4}.kx-g .kx-zero path{stroke-dasharray:1 4}"
    ".kx-g .kx-plain path{stroke:var(--dim)}.kx-g .kx-plain path+path{fill:var(--dim)}"
    ".kx-g .kx-for path+path{fill:var(--for);stroke:none}.kx-g .kx-against path+path{fill:var(--against);stroke:none}"
    ".kx-g .kx-node *{fill:var(--soft);stroke:var(--ink);stroke-width:1.3}.kx-g .kx-node .kx-strong{fill:var(--ink)}"
    ".kx-g .kx-bars path{stroke-width:8px}.kx-g .kx-bars .kx-against{stroke-dasharray:3 1.5}"
    ".kx-g .kx-bold{font-weight:600}.kx-g .kx-verb text,.kx-g .kx-bars text,.kx-g .kx-dim text,.kx-g .kx-note"
    "{font-size:11px}.kx-g .kx-verb text,.kx-g .kx-dim text,.kx-g .kx-note{fill:var(--dim)}"
    ".kx-g .kx-bars text,.kx-g .kx-dim text{text-anchor:start}.kx-g .kx-verb rect{fill:var(--paper)}"
)
ZOOM_SIZES = (("whole", 0.0), ("1 ×", 1.0), ("1.5 ×", 1.5), ("2.5 ×", 2.5))
"""Sizes of a drawing that can be chosen; 0 is the width of its card."""
ZOOM_STYLE = (
    ".kx-zoom{margin:0}.kx-zoom fieldset{border:0;margin:0;padding:4px 0;font-size:12.5px;color:var(--dim)}"
    ".kx-zoom legend{float:left;padding:0 10px 0 0}.kx-zoom label{margin-right:12px;white-space:nowrap}"
    ".kx-zoom input{margin:0 4px 0 0;vertical-align:-1px}"
    + "".join(
        f'.kx-zoom:has([value="{size:g}"]:checked) svg'
        + (f"{{width:calc(var(--w)*{size:g});height:auto}}" if size else "{width:100%;height:auto}")
        for _, size in ZOOM_SIZES
        if size != 1.0
    )
    + "@media print{.kx-zoom fieldset{display:none}.kx-zoom svg{width:100%;height:auto}}"
)

NET_STYLE = (
    f".kx-g{{{_COLOURS}}}@media screen and (prefers-color-scheme:dark){{.kx-g{{{_DARK}}}}}"
    + _MARKS.format(".kx-g")
    + ".kx-g .kx-paper{fill:var(--paper)}"
    + _NET
)
"""Style of a drawing that stands alone."""

STYLE = (
    f".kx{{{_COLOURS}color:var(--ink);background:var(--paper);border:1px solid var(--line);border-radius:10px;"
    "font:14px/1.45 system-ui,sans-serif;max-width:760px;padding:14px 18px;box-sizing:border-box;"
    "overflow-wrap:anywhere;print-color-adjust:exact}"
    f"@media screen and (prefers-color-scheme:dark){{.kx{{{_DARK}}}}}"
    ".kx header{display:flex;flex-wrap:wrap;align-items:baseline;gap:2px 14px;margin-bottom:8px}"
    ".kx header b{font-size:20px}.kx small,.kx footer,.kx summary{color:var(--dim)}.kx small{font-size:12.5px}"
    ".kx .kx-pill{margin-left:auto;border:1px solid var(--line);border-radius:99px;padding:1px 10px;font-size:12.5px}"
    ".kx table{border-collapse:collapse;width:100%;margin:0;background:none;color:inherit;font-size:inherit}"
    ".kx caption{text-align:left;color:var(--dim);padding:8px 0 2px;caption-side:top;font-size:12.5px;font-weight:600}"
    ".kx.kx tr:nth-child(n){background:none}.kx tr{break-inside:avoid}"
    ".kx th,.kx td{padding:3px 0;border:0;text-align:left;font-weight:400;vertical-align:top;color:inherit;"
    "white-space:normal}"
    ".kx th small{display:block}.kx .kx-rows{table-layout:fixed}.kx td.kx-bar{width:232px;padding:5px 6px 0}"
    ".kx svg{display:block}.kx .kx-bar svg{width:100%;height:14px;"
    "background:linear-gradient(var(--dim),var(--dim)) 50%/1px 100% no-repeat}"
    ".kx .kx-bar .kx-against{stroke-width:10px;stroke-dasharray:3 1.5}"
    ".kx .kx-num{width:78px;text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}"
    ".kx .kx-after{width:124px;text-align:right;font-size:12.5px;color:var(--dim);padding-left:8px}"
    ".kx .kx-totals{margin-top:8px}.kx .kx-total th,.kx .kx-total td{border-top:1px solid var(--line);padding-top:6px}"
    ".kx .kx-total th,.kx .kx-total .kx-num{font-weight:600;width:78px}"
    ".kx .kx-caution{background:var(--soft);border-left:3px solid var(--against);padding:4px 10px;margin:6px 0}"
    ".kx details{margin-top:6px}.kx summary{cursor:pointer}.kx details table{margin:2px 0 4px 14px;width:auto}"
    ".kx details td,.kx details th{padding:1px 14px 1px 0;font-size:12.5px}"
    ".kx details td{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}"
    ".kx details td:first-child,.kx.kx details th,.kx .kx-rows th,.kx .kx-totals th{text-align:left;white-space:normal}"
    ".kx th.kx-num{text-align:right;padding-left:10px}.kx p{margin:8px 0 0}.kx+.kx{margin-top:12px}"
    ".kx footer{margin-top:10px;font-size:12px}.kx .kx-net{overflow-x:auto;padding:4px 0}"
    "@media(max-width:560px){.kx{padding:10px 12px}.kx td.kx-bar{width:22%}.kx .kx-num{width:56px}"
    ".kx .kx-after{width:76px}.kx details table{margin-left:0}}"
    "@media print{.kx details::details-content{content-visibility:visible}.kx .kx-net{overflow:visible}"
    ".kx summary{list-style:none}.kx details{break-inside:avoid}.kx caption,.kx summary{break-after:avoid}"
    ".kx footer{break-before:avoid;margin-top:4px}.kx details table{margin-bottom:0}.kx details td,.kx details th"
    "{padding-top:0;padding-bottom:0}}" + _MARKS.format(".kx") + _NET
)
"""Style of a card, and of all that stands in one."""
TABLE_STYLE = (
    ".kx .kx-title{color:var(--dim);font-size:12.5px;font-weight:600;padding:2px 0 6px}.kx .kx-table{width:auto}"
    ".kx .kx-table td,.kx .kx-table th{padding:4px 22px 4px 0;overflow-wrap:break-word;white-space:normal;"
    "text-align:left}.kx .kx-table td{border-top:1px solid var(--line)}.kx .kx-table .kx-text{min-width:180px}"
    ".kx .kx-table .kx-num{width:auto;text-align:right;white-space:nowrap}"
    ".kx .kx-table td:last-child,.kx .kx-table th:last-child{padding-right:0}"
)
"""Added by tables."""
