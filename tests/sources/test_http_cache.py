"""Answers on disk: whole or not there, for several processes and through a kill."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from kgzsl.sources.http_cache import Kept, ResponseCache, user_cache_folder

URL = "http://api/c/en/dog?offset=0"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "cache"


def files(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def test_what_is_kept_comes_back(folder):
    ResponseCache(folder).put(URL, Kept(200, '{"é": 1}'))
    cache = ResponseCache(folder)
    assert cache.get(URL, max_age=60) == Kept(200, '{"é": 1}')
    assert cache.get(f"{URL}1", max_age=60) is None
    cache.put(URL, Kept(404, ""))
    assert cache.get(URL, max_age=60) == Kept(404, "")


@pytest.mark.parametrize(("later", "is_there"), [(0, True), (59, True), (61, False), (-10, False)])
def test_age_is_told_by_the_clock(folder, later, is_there):
    ResponseCache(folder, clock=lambda: 1000.0).put(URL, Kept(200, "x"))
    found = ResponseCache(folder, clock=lambda: 1000.0 + later).get(URL, max_age=60)
    assert (found is not None) == is_there


@pytest.mark.parametrize("url", ["../../../etc/passwd", "http://x/c/en/../../etc", "a\0b", "x" * 10_000])
def test_no_address_reaches_the_file_system(folder, url):  # B25
    cache = ResponseCache(folder)
    cache.put(url, Kept(200, "x"))
    (file,) = files(folder)
    assert file.relative_to(folder).parts[1].removesuffix(".json").isalnum()
    assert cache.get(url, max_age=60) == Kept(200, "x")


def test_every_flipped_byte_and_every_cut_is_found(folder):
    cache = ResponseCache(folder)
    cache.put(URL, Kept(200, "abc" * 20))
    (file,) = files(folder)
    content = file.read_bytes()
    for place in range(0, len(content), 3):
        file.write_bytes(content[:place])
        assert cache.get(URL, max_age=60) is None
        file.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        # the last digit of the time may change nothing
        assert cache.get(URL, max_age=1e12) in (None, Kept(200, "abc" * 20))


def test_where_nothing_can_be_written_nothing_is_kept(folder):
    folder.write_text("a file in the way")
    cache = ResponseCache(folder)
    cache.put(URL, Kept(200, "x"))
    assert cache.get(URL, max_age=60) is None


def test_what_killed_writers_left_is_removed_after_an_hour(folder):
    (folder / "ab").mkdir(parents=True)
    old, young = folder / "ab" / ".partial-1-x", folder / "ab" / ".partial-2-x"
    for path in (old, young):
        path.write_text("half")
    os.utime(old, (time.time() - 4000,) * 2)
    ResponseCache(folder)
    assert files(folder) == [young]


def _write_and_read(folder: str, seed: int) -> tuple[int, int]:
    """Write two answers over each other for a while; how often one was read, and how often it was neither."""
    cache, texts = ResponseCache(folder), {letter * 20_000 for letter in "ab"}
    found = wrong = 0
    for turn in range(60):
        cache.put(URL, Kept(200, "ab"[(turn + seed) % 2] * 20_000))
        for _ in range(5):
            kept = cache.get(URL, max_age=60)
            found += 1
            wrong += kept is None or kept.text not in texts
    return found, wrong


def test_two_processes_never_read_half_an_answer(folder):  # C22
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        results = list(pool.map(_write_and_read, [str(folder)] * 2, [0, 1]))
    assert results == [(300, 0), (300, 0)]


WRITER = """
import sys
from kgzsl.sources.http_cache import Kept, ResponseCache
cache = ResponseCache(sys.argv[1])
cache.put("u", Kept(200, "a" * 300_000))
print("ready", flush=True)
while True:
    for letter in "ba":
        cache.put("u", Kept(200, letter * 300_000))
"""


def test_a_killed_writer_leaves_a_whole_answer(folder):  # C22
    for wait in (0.0, 0.003, 0.007, 0.011):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE, text=True)
        assert writer.stdout.readline() == "ready\n"
        time.sleep(wait)
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
        kept = ResponseCache(folder).get("u", max_age=60)
        assert kept is not None
        assert set(kept.text) < set("ab")
        assert len(kept.text) == 300_000


def test_the_users_folder_is_where_the_environment_says(monkeypatch):
    monkeypatch.delenv("KGZSL_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    assert user_cache_folder() == Path("/x/kgzsl")
    monkeypatch.setenv("KGZSL_CACHE", "/y")
    assert user_cache_folder() == Path("/y")
