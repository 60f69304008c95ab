"""What takes the place of a file or a folder does so whole, for any number of writers and readers at once."""

import multiprocessing
import os
import stat
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from kgzsl import replacing
from kgzsl.replacing import clear_leftovers, is_in_hand, new_folder, put_back, recover, replace_file


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def write(folder, text):
    with new_folder(folder) as partial:
        (partial / "inner").mkdir()
        for name in ("one", "inner/two"):
            (partial / name).write_text(text)


def content(folder):
    (text,) = {(folder / name).read_text() for name in ("one", "inner/two")}
    return text


@pytest.fixture
def gone():
    """The number of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def test_threads_that_replace_one_folder_at_once_leave_one_of_them_whole(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: write(tmp_path / "it", str(number)), range(60)))
    assert content(tmp_path / "it") in map(str, range(60))
    assert names(tmp_path) == ["it"]


def test_threads_that_replace_one_file_at_once_leave_one_of_them_whole(tmp_path):
    texts = [str(number).encode() * 50_000 for number in range(10)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda text: replace_file(tmp_path / "it", text), texts * 6))
    assert (tmp_path / "it").read_bytes() in texts
    assert names(tmp_path) == ["it"]


def test_what_a_thread_is_at_is_left_to_it_and_not_what_one_gave_up(tmp_path):
    begun, go_on = threading.Event(), threading.Event()

    def slowly():
        with new_folder(tmp_path / "it") as partial:
            (partial / "one").write_text("slow")
            begun.set()
            go_on.wait()

    thread = threading.Thread(target=slowly)
    thread.start()
    begun.wait()
    assert is_in_hand(tmp_path / "it")
    clear_leftovers(tmp_path / "it")
    go_on.set()
    thread.join()
    assert (tmp_path / "it" / "one").read_text() == "slow"
    assert not is_in_hand(tmp_path / "it")
    left = tmp_path / f".it.partial-{os.getpid()}@{replacing.numbering()}-abc"
    left.mkdir()
    clear_leftovers(tmp_path / "it")
    assert names(tmp_path) == ["it"]


@pytest.mark.parametrize("even_from_running", [False, True])
def test_a_thread_between_its_renames_is_waited_for(tmp_path, monkeypatch, even_from_running):
    monkeypatch.setattr(replacing, "PATIENCE", 0.0)
    write(tmp_path / "it", "old")
    exchange, between = replacing._exchange, threading.Event()

    def slow_exchange(ready, target, aside):
        target.rename(aside)
        between.set()
        time.sleep(0.2)
        exchange(ready, target, aside)

    monkeypatch.setattr(replacing, "_exchange", slow_exchange)
    thread = threading.Thread(target=write, args=(tmp_path / "it", "new"))
    thread.start()
    between.wait()
    put_back(tmp_path / "it", even_from_running=even_from_running)
    assert content(tmp_path / "it") == "new"
    thread.join()
    assert names(tmp_path) == ["it"]


def test_a_process_between_its_renames_is_waited_for(tmp_path):
    write(tmp_path / "it", "new")
    program = "import pathlib, sys, time; time.sleep(float(input())); pathlib.Path(input()).rename(sys.argv[1])"
    called = [sys.executable, "-c", program, str(tmp_path / "it")]
    with subprocess.Popen(called, stdin=subprocess.PIPE, text=True) as process:
        ready = tmp_path / f".it.ready-{process.pid}"
        (tmp_path / "it").rename(ready)
        process.stdin.write(f"0.2\n{ready}\n")
        process.stdin.flush()
        put_back(tmp_path / "it")
        assert content(tmp_path / "it") == "new"


@pytest.mark.parametrize("role", ["ready", "old"])
def test_a_process_that_is_at_it_too_long_is_left_or_taken_from(tmp_path, monkeypatch, role):
    monkeypatch.setattr(replacing, "PATIENCE", 0.02)
    write(tmp_path / "it", "kept")
    (tmp_path / "it").rename(tmp_path / f".it.{role}-{os.getppid()}")
    recover(tmp_path / "it")
    assert names(tmp_path) == [f".it.{role}-{os.getppid()}"]
    put_back(tmp_path / "it", even_from_running=True)
    assert content(tmp_path / "it") == "kept"


def test_what_is_not_named_as_ours_is_nobodys_to_remove(tmp_path, gone):
    others = [".it.old-mine", ".it.partial-", f".it.partial-{gone}-a.txt", f".it2.old-{gone}", f".it.older-{gone}"]
    for name in others:
        (tmp_path / name).mkdir()
    recover(tmp_path / "it")
    write(tmp_path / "it", "new")
    replace_file(tmp_path / "file", b"new")
    assert names(tmp_path) == sorted([*others, "file", "it"])


@pytest.mark.parametrize("end", ["", "-abc", "@{here}", "@{here}-abc"])
def test_leftovers_are_known_by_every_form_of_name_that_there_was(tmp_path, gone, end):
    name = f"{gone}{end.format(here=replacing.numbering())}"
    (tmp_path / f".it.partial-{name}").write_text("half")
    write(tmp_path / "other", "kept")
    (tmp_path / "other").rename(tmp_path / f".it.old-{name}")
    recover(tmp_path / "it")
    assert content(tmp_path / "it") == "kept"
    assert names(tmp_path) == ["it"]


def test_the_leftovers_of_a_killed_writer_of_a_file_go_with_the_next(tmp_path, gone):
    (tmp_path / f".it.partial-{gone}-abc").write_bytes(b"ha")
    replace_file(tmp_path / "it", b"whole")
    assert names(tmp_path) == ["it"]


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_what_is_new_may_be_read_by_whom_the_process_lets(tmp_path, mask):
    def work():
        os.umask(mask)
        replace_file(tmp_path / "file", b"new")
        write(tmp_path / "folder", "new")

    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    process.join()
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("file", "folder")]
    assert modes == [0o666 & ~mask, 0o777 & ~mask]


def test_the_mask_of_the_process_is_not_touched(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "umask", lambda mask: pytest.fail("another thread would make files open to all"))
    replace_file(tmp_path / "file", b"new")
    write(tmp_path / "folder", "new")


def test_where_no_process_can_be_asked_for_age_decides(tmp_path, monkeypatch):
    asked = []  # which on Windows ends the process
    monkeypatch.setattr(
        replacing, "os", SimpleNamespace(**{**vars(os), "name": "nt", "kill": lambda *of: asked.append(of)})
    )
    monkeypatch.setattr(replacing, "PATIENCE", 0.0)
    left = tmp_path / ".it.partial-1"
    left.touch()
    clear_leftovers(tmp_path / "it")
    assert left.exists()
    os.utime(left, (0, 0))
    clear_leftovers(tmp_path / "it")
    assert not left.exists()
    assert asked == []


def test_a_folder_that_cannot_be_put_back_is_not_tried_for_ever(tmp_path, monkeypatch, gone):
    monkeypatch.setattr(replacing, "PATIENCE", 0.05)
    (tmp_path / f".it.old-{gone}").mkdir()
    monkeypatch.setattr("pathlib.Path.rename", lambda *given: (_ for _ in ()).throw(PermissionError))
    put_back(tmp_path / "it")
    assert names(tmp_path) == [f".it.old-{gone}"]


def test_a_target_in_no_folder_is_just_absent(tmp_path):
    recover(tmp_path / "nowhere" / "it")
    assert not is_in_hand(tmp_path / "nowhere" / "it")
