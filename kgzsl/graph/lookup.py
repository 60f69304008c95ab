"""Finding a concept by what a person would type."""

import difflib
import re
import unicodedata
from collections.abc import Iterator, Sequence

import polars as pl

__all__ = [
    "alternate_ids",
    "has_nine_digits",
    "label_rows",
    "nearest_of",
    "numbered_sense",
    "offset_within",
    "plain",
    "spellings",
    "wordnet_version",
]

_SEPARATORS = re.compile(r"[_\-\s]+")
_WNID = re.compile(r"^(?:([nvars])0*(\d{1,8})|0*(\d{1,8})-([nvars]))$")
_OFFSET_WITHIN = re.compile(r"(?:.*[:/=#\s])?(?:([nvars])[-_]?0*(\d{1,8})|0*(\d{1,8})[-_.]?([nvars]))/?", re.IGNORECASE)
_NINE_DIGITS = re.compile(r"(?:.*[:/=#\s])?(?:[nvars][-_]?\d{9}|\d{9}[-_.]?[nvars])/?", re.IGNORECASE)
_VERSION = re.compile(r"(?:.*[/#])?(?:wn|wordnet)[-_ ]?(\d)\.?(\d)[:/#\s].*", re.IGNORECASE)
_SENSE = re.compile(r"(.+)[.#]([nvasr])[.#](-?\d{1,4})", re.IGNORECASE)

_LOCAL = r"([^/#]+)[/#]?$"
_SHORT = 5


def plain(label: str) -> str:
    """A label as it is compared: composed Unicode, lower case, single spaces for underscores and hyphens.

    >>> plain(" Polar_Bear")
    'polar bear'
    """
    return _SEPARATORS.sub(" ", unicodedata.normalize("NFC", label).lower()).strip()


def spellings(text: str) -> Iterator[str]:
    """The ways an identifier may be meant: as it is, trimmed, in lower case, as a WordNet offset in full.

    >>> list(spellings(" N2084071 "))
    [' N2084071 ', 'N2084071', 'n2084071', 'n02084071']
    """
    yield text
    trimmed = text.strip()
    if trimmed != text:
        yield trimmed
    lowered = trimmed.casefold()
    if lowered != trimmed:
        yield lowered
    match = _WNID.match(lowered)
    if match:
        pos, number = match[1] or match[4], match[2] or match[3]
        yield f"{pos}{int(number):08d}"


def offset_within(text: str) -> str:
    """The WordNet offset that an identifier of any notation holds, in full, or "".

    >>> offset_within("AwA:n2084071"), offset_within("wn30:02084071-n"), offset_within("dog")
    ('n02084071', 'n02084071', '')
    """
    match = _OFFSET_WITHIN.fullmatch(text.strip())
    return f"{(match[1] or match[4]).lower()}{int(match[2] or match[3]):08d}" if match else ""


def has_nine_digits(text: str) -> bool:
    """Whether a text is an offset of nine digits, as WordNet 3.1's web pages write them (`102086723-n`)."""
    return _NINE_DIGITS.fullmatch(text.strip()) is not None


def wordnet_version(text: str) -> str:
    """The version of WordNet that an identifier names, or "".

    >>> wordnet_version("wn31:102084071-n"), wordnet_version("n02084071")
    ('3.1', '')
    """
    match = _VERSION.fullmatch(text.strip())
    return f"{match[1]}.{match[2]}" if match else ""


def numbered_sense(text: str) -> tuple[str, str, int] | None:
    """Word, part of speech and number of `dog.n.02` or `dog#n#2`, or None.

    >>> numbered_sense("dog#n#2"), numbered_sense("dog")
    (('dog', 'n', 2), None)
    """
    match = _SENSE.fullmatch(text.strip())
    return (match[1], match[2].lower(), int(match[3])) if match else None


def nearest_of(text: str, candidates: Sequence[str] | pl.Series, *, limit: int = 5) -> tuple[str, ...]:
    """The candidates most like `text`, best first; of long ones, those that share no two letters in a row are left out.

    Whole IRIs are compared by what stands behind their last `/` or `#`, unless `text` is one too.

    >>> nearest_of("tigre.n.02", ["tiger.n.02", "lion.n.01"], limit=1)
    ('tiger.n.02',)
    >>> nearest_of(":PolarBaer", ["http://x.org/zoo#PolarBear", "http://x.org/zoo#Seal"])
    ('http://x.org/zoo#PolarBear',)
    """
    lowered = text.strip().casefold()
    is_iri = "://" in lowered
    lowered = lowered if is_iri else lowered.removeprefix(":")
    pairs = sorted({lowered[i : i + 2] for i in range(len(lowered) - 1)})[:40]
    if len(lowered) < _SHORT:  # two swapped letters of a short word leave no pair
        pairs += sorted(set(lowered))
    if not pairs or not len(candidates):
        return ()
    names = candidates if isinstance(candidates, pl.Series) else pl.Series(list(candidates), dtype=pl.String)
    folded = names.str.to_lowercase() if is_iri else _without_namespaces(names).str.to_lowercase()
    table = pl.DataFrame({"name": names, "folded": folded})
    shared = pl.sum_horizontal(pl.col("folded").str.contains(pair, literal=True).cast(pl.Int32) for pair in pairs)
    apart = (pl.col("folded").str.len_chars().cast(pl.Int32) - len(lowered)).abs()
    likely = table.with_columns((shared * 2 - apart).alias("score"), shared.alias("shared")).filter(
        pl.col("shared") > 0
    )
    likely = likely.sort("score", "name", descending=[True, False]).head(80)
    matcher = difflib.SequenceMatcher(autojunk=False)
    matcher.set_seq2(lowered)
    scored = []
    for name, compared in likely.select("name", "folded").iter_rows():
        matcher.set_seq1(compared)
        scored.append((-matcher.ratio(), name))
    return tuple(name for score, name in sorted(scored)[:limit] if score < -0.5)


def _without_namespaces(names: pl.Series) -> pl.Series:
    """The names, of whole IRIs only what stands behind the last `/` or `#`."""
    is_iri = names.str.contains("://", literal=True)
    if not is_iri.any():
        return names
    local = names.str.extract(_LOCAL)
    return pl.select(pl.when(is_iri & local.is_not_null()).then(local).otherwise(names)).to_series()


def alternate_ids(others: pl.Series) -> dict[str, int]:
    """The row behind each alternate id, in lower case; one that two concepts share identifies neither."""
    table = _one_a_row(others).with_columns(pl.col("name").str.to_lowercase()).unique(["name", "row"])
    table = table.filter(~pl.col("name").is_duplicated()) if table["name"].is_duplicated().any() else table
    return dict(zip(table["name"].to_list(), table["row"].to_list(), strict=True))


def label_rows(labels: pl.Series, aliases: pl.Series) -> dict[str, list[int]]:
    """Rows of the concepts that bear each label or alias, compared as `plain` does; labels before aliases."""
    folded = pl.col("name").str.normalize("NFC").str.to_lowercase().str.replace_all(r"[_\-\s]+", " ").str.strip_chars()
    named = pl.concat([_one_a_row(labels), _one_a_row(aliases)]).with_columns(folded)
    found: dict[str, list[int]] = {}
    for name, row in zip(named["name"].to_list(), named["row"].to_list(), strict=True):
        rows = found.setdefault(name, [])
        if row not in rows:
            rows.append(row)
    return found


def _one_a_row(column: pl.Series) -> pl.DataFrame:
    """Texts, or the texts of lists, each with the row it stands in."""
    table = pl.DataFrame({"name": column}).with_row_index("row")
    return table.explode("name").drop_nulls("name") if isinstance(column.dtype, pl.List) else table
