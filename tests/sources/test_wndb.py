import gc
import re
from pathlib import Path

import pytest

from kgzsl.errors import DataMissingError, SourceError
from kgzsl.sources.wndb import collector_paused, database_folder, read_index, read_synsets
from kgzsl.sources.wordnet import read_wordnet


def patched(path: Path, line: int, old: str, new: str) -> Path:
    """The file with one text on one line (1-based) replaced."""
    lines = path.read_text().splitlines(keepends=True)
    assert old in lines[line - 1]
    lines[line - 1] = lines[line - 1].replace(old, new, 1)
    path.write_text("".join(lines))
    return path


def test_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataMissingError, match="nowhere: is not a folder; expected a folder of WordNet 3"):
        database_folder(tmp_path / "nowhere")


def test_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataMissingError, match=r"has no data\.noun; expected a folder of WordNet 3"):
        database_folder(tmp_path)


def test_files_that_are_missing_are_all_named(toy_wordnet) -> None:
    folder = toy_wordnet()
    (folder / "data.adv").unlink()
    (folder / "index.verb").unlink()
    with pytest.raises(DataMissingError, match=r"has no index\.verb, data\.adv"):
        database_folder(folder)


def test_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataMissingError, match=r"data\.noun: cannot be read"):
        read_synsets(tmp_path / "data.noun")


@pytest.mark.parametrize("read", [read_synsets, read_index])
def test_empty_file_is_an_error(tmp_path: Path, read) -> None:
    path = tmp_path / "data.noun"
    path.write_bytes(b"")
    with pytest.raises(SourceError, match="the file is empty"):
        read(path)


@pytest.mark.parametrize(("name", "read"), [("data.noun", read_synsets), ("index.noun", read_index)])
def test_file_cut_inside_a_line_is_an_error(toy_wordnet, name: str, read) -> None:
    path = toy_wordnet() / name
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(SourceError, match="the last line has no end, so the file is cut short") as caught:
        read(path)
    assert caught.value.line == len(path.read_text().splitlines())


def test_bytes_that_are_no_utf8_are_located(toy_wordnet) -> None:
    path = toy_wordnet() / "data.noun"
    data = path.read_bytes()
    path.write_bytes(data[:200] + b"\xff\xfe" + data[202:])
    with pytest.raises(SourceError, match=r"byte 200 is not UTF-8 \(0xff\)") as caught:
        read_synsets(path)
    assert caught.value.line == data[:200].count(b"\n") + 1


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("00000088 ", "0000008 ", "synset offset '0000008' is not 8 digits"),
        (" 03 n ", " 99 n ", "lexicographer file number '99' is not below 45"),
        (" 03 n ", " -1 n ", "lexicographer file number '-1' is not a number"),
        (" 03 n ", " xx n ", "lexicographer file number 'xx' is not a number"),
        (" n 01 entity", " q 01 entity", "part of speech 'q' is not one of n, v, a, s, r"),
        (" n 01 entity", " n zz entity", "word count 'zz' is not a number"),
        (" n 01 entity 0", " n 00", "the synset has no words"),
        ("entity 0", "entity z", "lex_id of word 1 'z' is not a number"),
        (" 003 ~", " abc ~", "pointer count 'abc' is not a number"),
        (" 003 ~", " 027 ~", "the line ends inside pointer 4 of 27"),
        (" 003 ~", " 002 ~", "frame count '~' is not a number"),
        (" ~ ", " ? ", "symbol '?' of pointer 1 is unknown"),
        (" n 0000 ~", " n 00zz ~", "word numbers of pointer 1 '00zz' is not a number"),
        (" n 0000 ~", " n 000 ~", "word numbers '000' of pointer 1 are not 4 digits"),
        (" n 0000 ~", " k 0000 ~", "part of speech 'k' of pointer 1 is not one of n, v, a, s, r"),
        ("~ 000", "~ ../", "of pointer 1 is not 8 digits"),
        (" | ", "   ", "pointer|frame count|no '\\|'"),
    ],
)
def test_field_that_is_not_what_it_must_be_is_named(toy_wordnet, old: str, new: str, reason: str) -> None:
    path = patched(toy_wordnet() / "data.noun", 3, old, new)
    pattern = reason if "|no" in reason else re.escape(reason)
    with pytest.raises(SourceError, match=pattern) as caught:
        read_synsets(path)
    assert caught.value.line == 3
    assert caught.value.location == str(path)


def test_line_without_gloss_is_an_error(toy_wordnet) -> None:
    path = toy_wordnet() / "data.noun"
    path.write_text(path.read_text().partition("|")[0] + "\n")
    with pytest.raises(SourceError, match=r"the line has no '\|' and no gloss"):
        read_synsets(path)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("+ 02 00", "+ 77 00", "verb frame '77' is not below 36"),
        ("+ 02 00", "+ 02 03", "word number of a verb frame '03' is not below 3"),
        ("+ 02 00", "+ 02 zz", "word number of a verb frame 'zz' is not a number"),
        (" 02 + 02", " 03 + 02", "the line has more or fewer fields than it announces"),
    ],
)
def test_verb_frame_that_is_not_what_it_must_be_is_named(toy_wordnet, old: str, new: str, reason: str) -> None:
    path = patched(toy_wordnet() / "data.verb", 3, old, new)
    with pytest.raises(SourceError, match=re.escape(reason)):
        read_synsets(path)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (" n 1 1 @", " n one 1 @", "synset count 'one' is not a number"),
        (" n 1 1 @", " n 2 1 @", "the line announces 2 synsets and names 1"),
        (" n 1 1 @", " n 1 x @", "pointer symbol count 'x' is not a number"),
        (" 00000", " ../..", "is not 8 digits"),
        (" n 1 1 @ 1 0 00000", " ", "the line ends before its"),
    ],
)
def test_index_field_that_is_not_what_it_must_be_is_named(toy_wordnet, old: str, new: str, reason: str) -> None:
    path = patched(toy_wordnet() / "index.noun", 3, old, new)
    with pytest.raises(SourceError, match=re.escape(reason)) as caught:
        read_index(path)
    assert caught.value.line == 3


def test_no_path_is_made_of_what_a_file_says(toy_wordnet) -> None:  # A16
    folder = toy_wordnet()
    path = patched(folder / "index.noun", 3, " 00000", " ../../../../etc/passwd ")
    opened = []
    with pytest.MonkeyPatch.context() as patch:
        real = Path.open
        patch.setattr(Path, "open", lambda self, *given, **named: (opened.append(self), real(self, *given, **named))[1])
        with pytest.raises(SourceError, match=r"line 3: .*(is not 8 digits|announces)"):
            read_wordnet(folder)
    assert {path.parent for path in opened} <= {folder}
    assert path.exists()


def test_garbage_collector_is_on_again_after_an_error() -> None:
    was_on = []

    def failing() -> None:
        with collector_paused():
            was_on.append(gc.isenabled())
            raise KeyError

    with pytest.raises(KeyError):
        failing()
    assert (was_on, gc.isenabled()) == ([False], True)
