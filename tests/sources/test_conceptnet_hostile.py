"""Dumps that are cut, packed oddly, wrong or hostile: rows of the reliability table, and the files of the manifest."""

import bz2
import gzip
import json
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest

from kgzsl.errors import DataMissingError, IntegrityError, KgzslWarning, LimitExceededError, SourceError
from kgzsl.sources.conceptnet import read_conceptnet
from kgzsl.sources.limits import Limits

INFO = '{"dataset": "/d/t", "license": "cc:by/4.0", "sources": [], "weight": 1.0}'


def row(number, *, info=INFO):
    return f"/a/{number}\t/r/IsA\t/c/en/a{number}\t/c/en/b\t{info}\n"


GOOD = "".join(row(number) for number in range(200))

# file -> what the report of the hostile set must say, or the error it must end in
COUNTED = {
    "four_columns.csv": {"skipped_columns": 1},
    "six_columns.csv": {"skipped_columns": 1},
    "bad_json.csv": {"skipped_not_json": 1},
    "json_not_object.csv": {"skipped_not_json": 1},
    "weight_nan.csv": {"skipped_weight_not_finite": 1},
    "weight_inf.csv": {"skipped_weight_not_finite": 1},
    "weight_1e999.csv": {"skipped_weight_not_finite": 1},
    "weight_string.csv": {"skipped_weight_not_finite": 1},
    "weight_negative.csv": {"skipped_weight_not_positive": 1},
    "weight_zero.csv": {"skipped_weight_not_positive": 1},
    "self_loop.csv": {"skipped_self_loop": 1},
    "self_loop_after_strip.csv": {"skipped_self_loop_after_merging": 1},
    "external_url.csv": {"skipped_external_url_of_no_concept": 1},
    "unknown_relation.csv": {"kept_edges": 1, "relations_without_rule": 1},
    "dbpedia_relation.csv": {"kept_edges": 1},
    "negative_relation.csv": {"kept_edges": 1, "negative_edges": 1},
    "antonym.csv": {"kept_edges": 1, "negative_edges": 1},
    "quote_at_field_start.csv": {"kept_edges": 1, "skipped_not_a_concept": 1},
    "crlf.csv": {"kept_edges": 1},
    "blank_lines.csv": {"kept_edges": 1, "blank_lines": 3},
    "line_separator.csv": {"kept_edges": 1, "normalised_rows": 1},
    "not_utf8.csv": {"skipped_not_utf8": 1},
    "duplicate.csv": {"kept_edges": 1, "merged_duplicate": 1},
    "symmetric_both_ways.csv": {"kept_edges": 1, "merged_other_way_round": 1},
    "case_and_unicode.csv": {"skipped_self_loop_after_merging": 1, "normalised_rows": 1},
    "empty_node.csv": {"skipped_not_a_concept": 1},
    "no_language.csv": {"skipped_not_a_concept": 1},
    "path_in_node.csv": {"skipped_not_a_concept": 1},
    "html_in_node.csv": {"kept_edges": 1},
    "formula_in_node.csv": {"kept_edges": 1},
    "nan_node.csv": {"kept_edges": 1},
    "ok_2000.csv.gz": {"kept_edges": 2000},
    "two_members.csv.gz": {"kept_edges": 2000, "merged_duplicate": 2000},
}
REFUSED = {
    "truncated.csv.gz": (IntegrityError, r"after [\d,]+ rows \(byte 5,515\).*download it again"),
    "no_trailer.csv.gz": (IntegrityError, r"after 2,000 rows .*content ends early"),
    "bitflip.csv.gz": (IntegrityError, r"content is damaged.*nothing was read"),
    "html.csv.gz": (SourceError, "looks like an HTML page"),
    "empty.csv.gz": (SourceError, "the file is empty"),
    "bomb.csv.gz": (LimitExceededError, "line_bytes is more than 1048576"),
}


def test_every_file_of_the_manifest_is_here(shared_data):
    manifest = json.loads(shared_data("suites/hostile/manifest.json").read_text())
    named = {entry["file"] for entry in manifest if entry["entry"] == "conceptnet-dump"}
    assert named == {f"conceptnet/{name}" for name in [*COUNTED, *REFUSED]}


@pytest.mark.parametrize("name", sorted(COUNTED))
def test_rows_are_kept_or_counted(shared_data, name):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        report = read_conceptnet(shared_data(f"suites/hostile/conceptnet/{name}")).report
    found = {key: report[key] for key in report if report[key] and key != "rows_read"}
    assert found == {key: number for key, number in COUNTED[name].items() if number}
    bad = [key for key in found if key in BAD]
    assert [type(warning.message) for warning in said] == [KgzslWarning] * len(bad)
    assert [Path(warning.filename).name for warning in said] == ["test_conceptnet_hostile.py"] * len(bad)


BAD = {
    "skipped_columns", "skipped_not_json", "skipped_weight_not_finite", "skipped_weight_not_positive",
    "skipped_weight_missing", "skipped_not_a_concept", "skipped_not_utf8", "skipped_not_a_relation",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(key for key in COUNTED if set(COUNTED[key]) & BAD))
def test_strict_makes_the_first_bad_row_an_error(shared_data, name):
    with pytest.raises(SourceError, match=rf"{name}, line 1: skipped_"):
        read_conceptnet(shared_data(f"suites/hostile/conceptnet/{name}"), strict=True)


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_is_no_dump_is_refused(shared_data, name):  # B1-B6
    error, message = REFUSED[name]
    started = time.monotonic()
    with pytest.raises(error, match=message):
        read_conceptnet(shared_data(f"suites/hostile/conceptnet/{name}"))
    assert time.monotonic() - started < 20


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress], ids=["plain", "gzip", "bzip2"])
@pytest.mark.parametrize("name", ["a.csv", "a.gz", "a.txt.bz2", "a"])
def test_packing_is_told_by_the_first_bytes(tmp_path, pack, name):  # B8
    path = tmp_path / name
    path.write_bytes(pack(GOOD.encode()))
    assert read_conceptnet(path).report["kept_edges"] == 200


@pytest.mark.parametrize("padding", [b"\0" * 512, gzip.compress(row(7).encode(), mtime=0) + b"\0" * 3])
def test_members_and_padding_of_a_packed_file_are_read(tmp_path, padding):  # B7
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(GOOD.encode(), mtime=0) + padding)
    assert read_conceptnet(path).report["kept_edges"] == 200


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
def test_every_cut_and_garbage_behind_the_end_are_found(tmp_path, pack):  # B1-B3
    packed, path = pack(GOOD.encode()), tmp_path / "a"
    for content in [packed[:length] for length in range(10, len(packed), 41)] + [packed + b"garbage"]:
        path.write_bytes(content)
        with pytest.raises(IntegrityError):
            read_conceptnet(path)


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (gzip.compress(b"", mtime=0), SourceError, "empty"),
        (gzip.compress(b"<!DOCTYPE html><html>", mtime=0), SourceError, "an HTML page"),
        (b"PK\x03\x04rest", SourceError, "is a zip file"),
        (gzip.compress(b"\n" * 40_000_000, mtime=0), LimitExceededError, "gzip_ratio"),
        (b"x" * 1_100_000, LimitExceededError, "line_bytes"),
        (b"x" * 1_100_000 + b"\n" + GOOD.encode() * 300, LimitExceededError, "line_bytes"),
        (bytes(range(256)) * 2000, SourceError, "rows are bad, more than"),
    ],
    ids=["empty", "html", "zip", "ratio", "line", "line inside", "noise"],
)
def test_other_files_are_refused(tmp_path, content, error, message):
    path = tmp_path / "a.gz"
    path.write_bytes(content)
    with pytest.raises(error, match=message):
        read_conceptnet(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(DataMissingError, match="there is no such dump"):
        read_conceptnet(tmp_path / "absent.gz")
    with pytest.raises(SourceError, match="is a folder"):
        read_conceptnet(tmp_path)


def test_byte_order_mark_crlf_and_blank_lines_change_nothing(tmp_path):  # B15
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.encode().replace(b"\n", b"\r\n\r\n\n"))
    graph = read_conceptnet(path, strict=True)
    assert (graph.report["kept_edges"], graph.report["blank_lines"]) == (200, 400)
    assert graph.concept("/c/en/a0").label == "a0"


def test_a_last_line_without_newline_is_read(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(GOOD.encode()[:-1])
    assert read_conceptnet(path).report["kept_edges"] == 200


@pytest.mark.parametrize("mark", ["\u2028", "\u0085", "\x1c", "\x0b", "\r"])
def test_only_newlines_end_a_line(tmp_path, mark):  # B14
    path = tmp_path / "a.csv"
    path.write_bytes((GOOD + row(777).replace("a777", f"a{mark}b")).encode())
    graph = read_conceptnet(path, strict=True)
    assert (graph.report["rows_read"], graph.report["kept_edges"]) == (201, 201)


@pytest.mark.parametrize(
    ("info", "reason"),
    [
        ('{"weight": 1.0, "weight": 2.0}', "duplicate_json_keys"),
        ('{"sources": [{"a": "1", "a": "2"}], "weight": 1.0}', "duplicate_json_keys"),
        ('{"weight" : 1, "weight": 2, "x" : 3}', "duplicate_json_keys"),
        ('{"x": {"y": 1, "y": 2}, "weight": 1}', "duplicate_json_keys"),
        ('{"surfaceText": "a \\": \\" b", "weight": 1.0}', ""),
        ('{"x": {"y": {"z": 1}}, "weight": 1}', ""),
        ('{"surfaceText": "\\ud800", "dataset": 3, "weight": 1}', ""),
        (' {"weight": 1} ', ""),
        ('{"dataset": "/d/t"}', "skipped_weight_missing"),
        ('{"weight": true}', "skipped_weight_not_finite"),
        ('{"weight": null}', "skipped_weight_not_finite"),
        ('{"weight": %s}' % ("9" * 400), "skipped_weight_not_finite"),
        ('{"weight": %s}' % ("9" * 5000), "skipped_not_json"),
        ('{"weight": 1} x', "skipped_not_json"),
        ("", "skipped_not_json"),
        ("[" * 100_000, "skipped_not_json"),
    ],
)
@pytest.mark.filterwarnings("ignore::kgzsl.errors.KgzslWarning")
def test_the_fifth_column_is_taken_apart_exactly(tmp_path, info, reason):  # B10-B12
    path = tmp_path / "a.csv"
    path.write_text(GOOD + row(777, info=info))
    report = read_conceptnet(path).report
    counted = {name for name in ("duplicate_json_keys", *BAD) if report.get(name)}
    assert counted == ({reason} if reason else set())
    assert report["kept_edges"] == 200 + (not reason.startswith("skipped_"))


@pytest.mark.parametrize(
    "uri",
    ["/c/en/..", "/c/en/./n", "/c/en/a/../b", "/c/en/a//b", "/c//a", "/c/e n/a", "/d/en/a", "x", "", "/c/en/a/n/.."],
)
def test_ids_that_could_be_paths_or_nothing_are_skipped(tmp_path, uri):  # B24, B25
    path = tmp_path / "a.csv"
    path.write_text(GOOD + f"/a/x\t/r/IsA\t{uri}\t/c/en/b\t{INFO}\n")
    with pytest.warns(KgzslWarning, match=r"skipped 1 skipped_not_a_concept \(line 201"):
        assert read_conceptnet(path).report["skipped_not_a_concept"] == 1


def test_affixes_are_counted_apart(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(GOOD + f"/a/x\t/r/DerivedFrom\t/c/en/doer\t/x/en/er\t{INFO}\n")
    assert read_conceptnet(path).report["skipped_affix"] == 1


def test_bad_rows_are_warned_of_once_and_too_many_are_an_error(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(GOOD + row(1, info="{") + row(2, info="{"))
    with pytest.warns(KgzslWarning, match=r"a\.csv: skipped 2 skipped_not_json \(line 201: \{\)"):
        read_conceptnet(path)
    with pytest.raises(SourceError, match=r"2 of 202 rows are bad, more than 0\.1 %"):
        read_conceptnet(path, limits=Limits(max_bad_fraction=0.001))
    with pytest.raises(SourceError, match="bad, more than 0 %"):
        read_conceptnet(path, limits=Limits(max_bad_fraction=0))
    path.write_text(GOOD + row(1, info="{") * 3)
    with pytest.raises(SourceError, match="3 of 203 rows are bad"):
        read_conceptnet(path)


def test_strict_names_the_first_bad_line_whatever_is_wrong_with_it(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(GOOD + row(1, info="{") + row(2).replace("/r/IsA", "IsA"))
    with pytest.raises(SourceError, match=r"line 201: skipped_not_json"):
        read_conceptnet(path, strict=True)


PEAK = """
import resource, sys
from kgzsl.sources.conceptnet import read_conceptnet
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
graph = read_conceptnet(sys.argv[1], languages="en")
print(len(graph), (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def test_memory_follows_the_result_and_not_the_dump(tmp_path):  # B28
    other = row(0).replace("/c/en/", "/c/fr/").replace("[]", json.dumps([{"contributor": "x" * 60}]))
    path = tmp_path / "a.csv"
    with path.open("w") as file:
        file.write(GOOD)
        file.writelines(other * 1000 for _ in range(1000))
    said = subprocess.run([sys.executable, "-c", PEAK, str(path)], check=True, capture_output=True, text=True)
    concepts, peak = map(int, said.stdout.split())
    assert concepts == 201
    assert peak < min(150, path.stat().st_size // (1 << 20) // 1.2)
