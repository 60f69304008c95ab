"""Similarities on the shipped WordNet beside 3,500 rows of NLTK's numbers, and beside NLTK itself."""

import gzip
import math
import random
import shutil
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.query.information_content import InformationContent
from kgzsl.sources.catalog import load_graph
from kgzsl.sources.wndb import collector_paused
from kgzsl.sources.wordnet_terms import LEXICOGRAPHER_FILES

COLUMNS = {"path": "path_similarity", "wup": "wup_similarity", "lch": "lch_similarity"}
NUMBERS = {"noun": 1, "verb": 2, "adj": 3, "adv": 4}
HASH_30 = "wnver::eOS9lXC6GvMWznF1wkZofDdtbBU"


@pytest.fixture(scope="module")
def wordnet() -> KnowledgeGraph:
    return load_graph("wordnet-3.0")


@pytest.fixture(scope="module")
def rows(shared_data: Callable[[str], Path]) -> list[dict[str, str]]:
    data = gzip.decompress(shared_data("wordnet/nltk-similarity.tsv.gz").read_bytes())
    return list(pl.read_csv(data, separator="\t", infer_schema=False).fill_null("nan").iter_rows(named=True))


@pytest.mark.parametrize("measure", COLUMNS)
def test_compat_gives_nltks_numbers(wordnet, rows, measure) -> None:
    found = [wordnet.similarity(row["a"], row["b"], measure=measure, compat="nltk") for row in rows]
    expected = [float(row[COLUMNS[measure]]) for row in rows]
    assert len(rows) == 3500
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("measure", COLUMNS)
def test_compat_gives_nltks_numbers_in_a_matrix(wordnet, rows, measure) -> None:
    heads = sorted({row["a"] for row in rows})[::8] + [row["a"] for row in rows if row["a"].startswith("v")][::2]
    tails = {row["b"]: place for place, row in enumerate(rows)}
    found = wordnet.similarity_matrix(heads, list(tails), measure=measure, compat="nltk")
    place, column = {id_: at for at, id_ in enumerate(heads)}, {id_: at for at, id_ in enumerate(tails)}
    asked = [row for row in rows if row["a"] in place]
    cells = [found[place[row["a"]], column[row["b"]]] for row in asked]
    assert len(asked) > 500
    np.testing.assert_allclose(cells, [float(row[COLUMNS[measure]]) for row in asked], rtol=0, atol=1e-9)


def test_golden_values_are_those_of_wns_documentation(wordnet) -> None:
    """The examples of wn 1.1's docstrings; its verbs' lch takes a D without the fake root, so that one is not here."""

    def values(measure: str, pairs: list[tuple[str, str]], *, virtual_root: bool = False) -> list[float]:
        return [wordnet.similarity(a, b, measure=measure, virtual_root=virtual_root) for a, b in pairs]

    spatula = [("spatula.n.01", other) for other in ("pancake.n.01", "utensil.n.01", "spatula.n.01")]
    flip = [("flip.v.01", "overturn.v.02")]
    assert values("path", spatula) == [0.058823529411764705, 0.2, 1.0]
    assert values("wup", spatula) == [0.2, 0.8, 1.0]
    assert values("lch", spatula) == pytest.approx([0.8043728156701697, 2.0281482472922856, 3.6375861597263857])
    assert values("path", flip) + values("path", flip, virtual_root=True) == [0.0, 0.16666666666666666]
    assert values("wup", flip, virtual_root=True) == [0.2857142857142857]


def test_most_informative_subsumer_need_not_be_the_deepest(wordnet) -> None:
    content = InformationContent.intrinsic(wordnet)
    common = wordnet.ancestors("dog.n.01", include_self=True) & wordnet.ancestors("cat.n.01", include_self=True)
    most = max(content[concept] for concept in common)
    assert wordnet.similarity("dog.n.01", "cat.n.01", measure="res") == most


# -- beside NLTK itself ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory, wordnet: KnowledgeGraph) -> Iterator[tuple[Any, Any, Path]]:
    """Give NLTK's WordNet, and counts in the form of its `ic-*.dat`, both as NLTK reads them and as a file."""
    pytest.importorskip("nltk", reason="needs nltk, to compare with its numbers")
    files = Path("/usr/share/wordnet")
    if not (files / "data.noun").is_file():
        pytest.skip("needs WordNet's database files (Debian: wordnet-base)")
    root = tmp_path_factory.mktemp("nltk")
    folder = root / "corpora" / "wordnet"
    shutil.copytree(files, folder, ignore=shutil.ignore_patterns("bin", "pixmaps", "wnres", "sent*"))
    names = "".join(
        f"{number:02d}\t{name}\t{NUMBERS[name.partition('.')[0]]}\n" for number, name in enumerate(LEXICOGRAPHER_FILES)
    )
    (folder / "lexnames").write_text(names)
    counts = root / "corpora" / "ic-test.dat"
    counts.write_text("\n".join([HASH_30, *_counted(wordnet)]) + "\n")
    import nltk
    from nltk.corpus.reader.wordnet import WordNetCorpusReader, WordNetICCorpusReader

    nltk.data.path.insert(0, str(root))
    try:
        with warnings.catch_warnings(action="ignore"), collector_paused():
            reader = WordNetCorpusReader(nltk.data.find("corpora/wordnet"), None)
            content = WordNetICCorpusReader(nltk.data.find("corpora"), ["ic-test.dat"]).ic("ic-test.dat")
        # what it would take 15 seconds to find; the rows above check it
        reader._max_depth.update({("n", False): 19, ("v", True): 13, **{(part, True): 1 for part in "asr"}})
        yield reader, content, counts
    finally:
        nltk.data.path.remove(str(root))


def _counted(wordnet: KnowledgeGraph) -> list[str]:
    """Lines of an ic-*.dat file: three concepts of four never met, every count also with all ancestors, once."""
    rng = np.random.default_rng(0)
    own = rng.integers(1, 100, len(wordnet)) * (rng.random(len(wordnet)) < 0.25)
    node, ancestor, _ = wordnet.index.ancestor_pairs()
    total = np.bincount(ancestor, weights=own[node]).astype(int)
    parents = np.diff(wordnet.index.up().indptr)
    table = wordnet.concepts_table
    return [
        f"{offset}{pos} {count}{' ROOT' if top == 0 else ''}"
        for offset, pos, count, top in zip(table["offset"], table["pos"], total, parents, strict=True)
        if pos in "nv"
    ]


@pytest.fixture(scope="module")
def pairs(wordnet: KnowledgeGraph) -> list[tuple[str, str]]:
    """Give pairs that are far apart, near, one above the other, the same, of two parts of speech, of adjectives."""
    rng = random.Random(0)
    by_part: dict[str, list[str]] = {}
    for id_, pos in zip(wordnet.ids, wordnet.concepts_table["pos"].to_list(), strict=True):
        by_part.setdefault(pos, []).append(id_)
    nouns, verbs = by_part["n"], by_part["v"]
    found = [(rng.choice(part), rng.choice(part)) for part in (nouns, verbs) for _ in range(150)]
    for part in (nouns, verbs):
        for id_ in rng.sample(part, 60):
            above = wordnet.ancestors(id_)
            if above:
                found.append((id_, rng.choice(above)))
                found.append((rng.choice(wordnet.descendants(rng.choice(above))), id_))
    found += [(id_, id_) for id_ in (*rng.sample(nouns, 10), *rng.sample(verbs, 10), by_part["a"][0], "entity.n.01")]
    found += [(rng.choice(nouns), rng.choice(verbs)) for _ in range(10)]
    found += [(by_part["a"][1], by_part["a"][2]), (by_part["a"][1], by_part["s"][2]), (by_part["r"][0], nouns[0])]
    return [*found, ("entity.n.01", "physical_entity.n.01"), *((b, a) for a, b in found[:100])]


def _of_nltk(ask: Callable[[], float | None]) -> float:
    from nltk.corpus.reader.wordnet import WordNetError

    try:
        found = ask()
    except (WordNetError, ZeroDivisionError):
        return math.nan
    return math.nan if found is None else found


@pytest.mark.slow
@pytest.mark.parametrize("simulate_root", [True, False])
@pytest.mark.parametrize("measure", COLUMNS)
def test_taxonomic_measures_are_nltks(corpus, wordnet, pairs, measure, simulate_root) -> None:
    reader, _, _ = corpus

    def theirs(a: str, b: str) -> float:
        first, second = reader.synset(a), reader.synset(b)
        return _of_nltk(lambda: getattr(first, COLUMNS[measure])(second, simulate_root=simulate_root))

    expected = [theirs(a, b) for a, b in pairs]
    found = [wordnet.similarity(a, b, measure=measure, compat="nltk", virtual_root=simulate_root) for a, b in pairs]
    np.testing.assert_array_equal(found, expected)


@pytest.mark.slow
@pytest.mark.parametrize("measure", ["res", "jcn", "lin"])
def test_informed_measures_are_nltks(corpus, wordnet, pairs, measure) -> None:
    reader, content, file = corpus

    def theirs(a: str, b: str) -> float:
        first, second = reader.synset(a), reader.synset(b)
        return _of_nltk(lambda: getattr(first, f"{measure}_similarity")(second, content))

    expected = [theirs(a, b) for a, b in pairs]
    found = [wordnet.similarity(a, b, measure=measure, compat="nltk", ic=file) for a, b in pairs]
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=0)


@pytest.mark.slow
def test_information_content_is_nltks(corpus, wordnet) -> None:
    from nltk.corpus.reader.wordnet import information_content

    reader, content, file = corpus
    found = InformationContent.from_file(wordnet, file)
    asked = [id_ for id_ in wordnet.ids[::400] if id_.split(".")[-2] in "nv"]
    theirs = [information_content(reader.synset(id_), content) for id_ in asked]
    assert [found[id_] for id_ in asked] == [math.inf if value == 1e300 else value for value in theirs]
    assert dict(found.report) == {"lines": 95882, "not in the graph": 0}
