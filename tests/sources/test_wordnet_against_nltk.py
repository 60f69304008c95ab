"""The shipped WordNet beside NLTK's reader of the same files."""

import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kgzsl.sources.catalog import load_graph
from kgzsl.sources.wndb import collector_paused
from kgzsl.sources.wordnet_terms import LEXICOGRAPHER_FILES

nltk = pytest.importorskip("nltk", reason="needs nltk, to compare with its reader")
# NLTK up to 3.9.1 ranked satellites among all adjectives; its names of 2,007 synsets differ
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        tuple(int(part) for part in nltk.__version__.split(".")[:3]) < (3, 9, 2), reason="needs nltk 3.9.2 or later"
    ),
]

NUMBERS = {"noun": 1, "verb": 2, "adj": 3, "adv": 4}
METHODS = {
    "is_a": "hypernyms",
    "instance_of": "instance_hypernyms",
    "has_part": "part_meronyms",
    "has_member": "member_meronyms",
    "has_substance": "substance_meronyms",
    "attribute": "attributes",
    "entails": "entailments",
    "causes": "causes",
    "similar_to": "similar_tos",
}


@pytest.fixture(scope="module")
def synsets(wordnet_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Give NLTK's synsets by name. NLTK reads only folders on its own path, and wants the file `lexnames`."""
    root = tmp_path_factory.mktemp("nltk")
    folder = root / "corpora" / "wordnet"
    shutil.copytree(wordnet_files, folder, ignore=shutil.ignore_patterns("bin", "pixmaps", "wnres", "sent*"))
    names = "".join(
        f"{number:02d}\t{name}\t{NUMBERS[name.partition('.')[0]]}\n" for number, name in enumerate(LEXICOGRAPHER_FILES)
    )
    (folder / "lexnames").write_text(names)
    from nltk.corpus.reader.wordnet import WordNetCorpusReader

    nltk.data.path.insert(0, str(root))
    try:
        # its constructor warns that there is one language; its million objects take twice as long with the collector
        with warnings.catch_warnings(action="ignore"), collector_paused():
            reader = WordNetCorpusReader(nltk.data.find("corpora/wordnet"), None)
            found = {synset.name(): synset for synset in reader.all_synsets()}
        yield found
    finally:
        nltk.data.path.remove(str(root))


@pytest.fixture(scope="module")
def rows() -> dict[str, dict[str, Any]]:
    """Give our concepts by id."""
    return {row["id"]: row for row in load_graph("wordnet").concepts_table.iter_rows(named=True)}


def test_synsets_are_the_same(synsets, rows) -> None:
    assert synsets.keys() == rows.keys()


def test_lemma_names_are_the_same(synsets, rows) -> None:
    spelled = {id_: [name.replace(" ", "_") for name in (row["label"], *row["aliases"])] for id_, row in rows.items()}
    assert spelled == {name: synset.lemma_names() for name, synset in synsets.items()}


@pytest.mark.parametrize(
    ("column", "method"),
    [
        ("definition", "definition"),
        ("examples", "examples"),
        ("lexname", "lexname"),
        ("pos", "pos"),
        ("offset", "offset"),
    ],
)
def test_column_is_the_same(synsets, rows, column: str, method: str) -> None:
    assert {id_: row[column] for id_, row in rows.items()} == {
        name: getattr(synset, method)() for name, synset in synsets.items()
    }


@pytest.mark.parametrize("relation", METHODS)
def test_semantic_edges_are_the_same(synsets, relation: str) -> None:
    ours = load_graph("wordnet").edges_table.filter(relation=relation).select("head", "tail").rows()
    theirs = [
        (name, other.name()) for name, synset in synsets.items() for other in getattr(synset, METHODS[relation])()
    ]
    assert ours == sorted(theirs)


def test_antonyms_link_the_same_words(synsets) -> None:
    ours = {
        (head, tail, pair.replace(" ", "_"))
        for head, tail, pairs in load_graph("wordnet")
        .edges_table.filter(relation="antonym")
        .select("head", "tail", "lemma_pairs")
        .iter_rows()
        for pair in pairs
    }
    theirs = {
        (name, other.synset().name(), f"{lemma.name()}>{other.name()}")
        for name, synset in synsets.items()
        for lemma in synset.lemmas()
        for other in lemma.antonyms()
    }
    assert ours == theirs
