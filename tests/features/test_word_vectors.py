"""Every form of word-vector file, what is looked up in it, and files that are broken."""

import gzip
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgzsl.errors import DataMissingError, IntegrityError, KgzslError, MissingFeaturesError, SourceError
from kgzsl.features import WordVectors
from kgzsl.features.vector_file import VectorFile
from kgzsl.graph import KnowledgeGraph

VECTORS = {
    "dog": [1.0, 0.0, 0.5],
    "house": [0.25, 2.0, 0.0],
    "cat": [0.0, -1.0, 1.5],
    "flying_mouse": [3.0, 0.0, 4.0],
    "naïve": [0.5, 0.5, 0.5],
}


def _text(vectors, *, header=False, end="\n", prefix=""):
    rows = [f"{prefix}{word} {' '.join(map(repr, row))}{end}" for word, row in vectors.items()]
    first = f"{len(vectors)} {len(next(iter(vectors.values())))}\n" if header else ""
    return (first + "".join(rows)).encode()


def _binary(vectors, *, feed=True):
    rows = [word.encode() + b" " + struct.pack("<3f", *row) + b"\n" * feed for word, row in vectors.items()]
    return f"{len(vectors)} 3\n".encode() + b"".join(rows)


FORMS = {
    "GloVe": _text(VECTORS),
    "word2vec text": _text(VECTORS, header=True),
    "fastText": _text(VECTORS, header=True, end=" \n"),
    "Windows": _text(VECTORS, header=True, end="\r\n").replace(b"5 3\n", b"5 3\r\n"),
    "tabs": _text(VECTORS).replace(b" ", b"\t"),
    "word2vec binary": _binary(VECTORS),
    "word2vec binary without line feeds": _binary(VECTORS, feed=False),
    "no last line feed": _text(VECTORS).rstrip(b"\n"),
}


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_each_form_gives_the_words_asked_for(form, compressed, tmp_path):
    path = tmp_path / "vectors"
    path.write_bytes(gzip.compress(FORMS[form]) if compressed else FORMS[form])
    file = VectorFile.open(path)
    assert (file.form, file.dim, file.compressed) == ("binary" if "binary" in form else "text", 3, compressed)
    found = file.read({"dog", "naïve", "flying_mouse", "unicorn"})
    assert {word: row.tolist() for word, row in found.items()} == {
        word: VECTORS[word] for word in ("dog", "naïve", "flying_mouse")
    }


@settings(max_examples=40, deadline=None)
@given(
    data=st.dictionaries(
        st.text(st.characters(codec="utf-8", exclude_categories=["Z", "C"]), min_size=1, max_size=6),
        st.lists(st.floats(-1e6, 1e6, width=32), min_size=3, max_size=3),
        min_size=2,
        max_size=8,
    )
)
def test_text_and_binary_hold_the_same(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("forms")
    (folder / "a.vec").write_bytes(_text(data, header=True))
    (folder / "b.bin").write_bytes(_binary(data))
    for name in ("a.vec", "b.bin"):
        found = VectorFile.open(folder / name).read(set(data))
        assert {word: row.tolist() for word, row in found.items()} == data


def test_rows_are_found_across_chunks(tmp_path, monkeypatch):
    monkeypatch.setattr("kgzsl.features.vector_file._CHUNK", 7)
    monkeypatch.setattr("kgzsl.features.vector_file._WORD_LIMIT", 16)
    path = tmp_path / "vectors.bin"
    path.write_bytes(_binary(VECTORS))
    found = VectorFile.open(path).read(set(VECTORS))
    assert {word: row.tolist() for word, row in found.items()} == VECTORS


def test_a_word_that_goes_on_after_a_space_is_another_word(tmp_path):
    path = tmp_path / "glove.txt"
    path.write_bytes(_text({"dog": [1.0, 2.0, 3.0], "dog food": [4.0, 5.0, 6.0]}))
    assert VectorFile.open(path).read({"dog"})["dog"].tolist() == [1, 2, 3]


def _long_binary():
    return b"900 3\n" + b"".join(b"w%d " % k + struct.pack("<3f", k, 0, 1) for k in range(900))


BROKEN = {
    "empty": (b"", "first line is empty"),
    "prose": (b"It was a dark night\nand cold\n", "not a word and its numbers"),
    "undecodable": (b"\xff\xfe\x00d\x00o", "not a word and its numbers"),
    "fastText model": (b"\xba\x16\x4f\x2f\x0c\x00\n", "take its .vec file"),
    "nothing announced": (b"0 3\n", "nothing to read"),
    "too few rows": (b"3 2\ndog 1 2\ncat 3 4\n", "line 3: 2 rows where line 1 announces 3"),
    "too many rows": (b"1 2\ndog 1 2\ncat 3 4\n", "announces 1"),
    "short row": (b"cat 1 2\ndog 1\nowl 3 4\n", "line 2: 1 numbers for 'dog', expected 2"),
    "long row": (b"cat 1 2\ndog 1 2 3\nowl 3 4\n", "line 2: 3 numbers for 'dog', expected 2"),
    "cut last row": (b"cat 1 2\ndog 1 2\nowl 3", "line 3: the last row has not 2 numbers"),
    "not a number": (b"cat 1 2\ndog 1 x\nowl 3 4\n", "line 2: the row of 'dog' is not all numbers"),
    "undecodable number": (b"cat 1 2\ndog 1 \xff\nowl 3 4\n", "line 2: the row of 'dog' is not all numbers"),
    "nan": (b"cat 1 2\ndog 1 nan\nowl 3 4\n", "line 2: the vector of 'dog' is not finite"),
    "too large": (b"cat 1 2\ndog 1 1e300\nowl 3 4\n", "line 2: the vector of 'dog' is not finite"),
    "twice": (b"dog 1 2\ncat 3 4\ndog 1 2\n", "line 3: a second row for the word 'dog'"),
    "binary nan": (b"1 2\ndog " + struct.pack("<2f", 1, float("inf")) + b"\n\n", "'dog' is not finite"),
    "binary with more": (_binary(VECTORS) + b"more", "more after the 5 words"),
    "binary cut": (_long_binary()[:-3000], "too few for them"),
    "binary cut in gzip": (gzip.compress(_long_binary()[:-300]), "is cut off"),
    "gzip cut": (gzip.compress(_long_binary())[:-100], "gzip stream is cut off"),
    "gzip broken": (gzip.compress(FORMS["GloVe"])[:20] + b"\x00" * 30, "gzip stream"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_told_with_its_place(case, tmp_path):
    content, message = BROKEN[case]
    path = tmp_path / "vectors"
    path.write_bytes(content)
    with pytest.raises((SourceError, IntegrityError), match=message) as caught:
        VectorFile.open(path).read({"dog"})
    assert str(path) in str(caught.value)


def test_a_line_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("kgzsl.features.vector_file._LINE_LIMIT", 64)
    path = tmp_path / "vectors"
    path.write_bytes(b"dog 1 2\n" + b"x" * 500)
    with pytest.raises(SourceError, match="line 2: the line is longer than 64 bytes"):
        VectorFile.open(path).read({"cat"})


@settings(max_examples=60, deadline=None)
@given(content=st.binary(max_size=200) | st.builds(lambda k: FORMS["word2vec binary"][:k], st.integers(0, 80)))
def test_any_bytes_give_rows_or_our_error(content, tmp_path_factory):
    path = tmp_path_factory.mktemp("any") / "vectors"
    path.write_bytes(content)
    try:
        VectorFile.open(path).read({"dog", "cat"})
    except KgzslError:
        return


def _toy_file(folder: Path) -> Path:
    path = folder / "vectors.txt"
    path.write_bytes(FORMS["GloVe"])
    return path


def test_a_concept_is_the_mean_of_its_names_and_a_name_the_mean_of_its_words(toy_graph, tmp_path):
    fitted = WordVectors(_toy_file(tmp_path)).fit(toy_graph, ["dog", "cat", "bat"])
    house, cat = np.array(VECTORS["house"]), np.array(VECTORS["cat"])
    expected = [VECTORS["dog"], ((house + cat) / 2 + cat) / 2, VECTORS["flying_mouse"]]
    expected = [np.array(row) / np.linalg.norm(row) for row in expected]
    np.testing.assert_allclose(fitted.encode(toy_graph, ["dog", "cat", "bat"]), expected, atol=1e-6)
    assert fitted.words == ("cat", "dog", "flying_mouse", "house")


def test_numberbatch_uris_are_tried(tmp_path):
    path = tmp_path / "numberbatch.txt"
    path.write_bytes(_text({"/c/en/polar_bear": [1.0, 0.0], "/c/en/dog": [0.0, 1.0], "/c/de/hund": [1.0, 1.0]}))
    ids = ["Polar bear", "/c/en/dog/n/wn/animal", "Hund"]
    edges = pl.DataFrame({"head": ids[:1], "relation": ["is_a"], "tail": ids[1:2]})
    graph = KnowledgeGraph.from_tables(pl.DataFrame({"id": ids}), edges)
    rows = WordVectors(path).fit(graph, ids[:2]).encode(graph, ids[:2])
    np.testing.assert_array_equal(rows, [[1, 0], [0, 1]])
    assert WordVectors(path, language="de").fit(graph, ["Hund"]).encode(graph, ["Hund"]).shape == (1, 2)
    with pytest.raises(MissingFeaturesError, match="'Hund'"):
        WordVectors(path).fit(graph, ["Hund"])


def test_a_fitted_encoder_needs_its_file_only_for_new_concepts(toy_graph, tmp_path):
    path = _toy_file(tmp_path)
    config, arrays = WordVectors(path).fit(toy_graph, ["dog"]).state()
    loaded = WordVectors.from_state(config, arrays)
    before = loaded.encode(toy_graph, ["dog", "cat"])
    path.rename(tmp_path / "moved")
    np.testing.assert_array_equal(loaded.encode(toy_graph, ["dog"]), before[:1])
    with pytest.raises(DataMissingError, match="needed again"):
        loaded.encode(toy_graph, ["cat"])
    moved = replace(loaded, path=tmp_path / "moved")
    np.testing.assert_array_equal(moved.encode(toy_graph, ["dog", "cat"]), before)


def test_another_file_under_the_same_name_is_noticed(toy_graph, tmp_path):
    path = _toy_file(tmp_path)
    fitted = WordVectors(path).fit(toy_graph, ["dog"])
    path.write_bytes(_text({"dog": [1.0, 1.0, 1.0]}))
    with pytest.raises(IntegrityError, match="as when the encoder was fitted"):
        fitted.encode(toy_graph, ["cat"])


def test_a_state_with_missing_rows_is_refused(toy_graph, tmp_path):
    config, arrays = WordVectors(_toy_file(tmp_path)).fit(toy_graph, ["dog", "cat"]).state()
    with pytest.raises(IntegrityError, match="3 rows"):
        WordVectors.from_state(config, {"vectors": arrays["vectors"][:1]})


def test_no_file_is_told_before_anything_is_read(toy_graph, tmp_path):
    with pytest.raises(DataMissingError, match="expected word vectors"):
        WordVectors(tmp_path / "none.txt").fit(toy_graph, ["dog"])
