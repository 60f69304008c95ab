"""Whatever interrupts a save, the model that was there is there, or the new one is, and it loads."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest

from kgzsl import replacing
from kgzsl.decision.folder import MANIFEST, checked_files, swapped_in
from kgzsl.errors import IntegrityError
from kgzsl.loading import load_model

PACKAGE = Path(__file__).resolve().parents[2]
KNOWN = frozenset({MANIFEST, "first", "second", "inner/third"})


def write(folder: Path, content: str, *, overwrite: bool = True) -> None:
    with swapped_in(folder, 1, overwrite=overwrite, known=KNOWN) as partial:
        (partial / "inner").mkdir()
        for name in ("first", "second", "inner/third"):
            (partial / name).write_text(content)


def content(folder: Path) -> str:
    (found,) = set(checked_files(folder, 1).values())
    return found.decode()


class FailAt:
    """Raises at the n-th of the calls it counts, and at no other."""

    def __init__(self, number: int, error: type[BaseException]) -> None:
        self.number, self.error, self.count = number, error, 0

    def wrap(self, function):
        def counted(*args, **options):
            self.count += 1
            if self.count == self.number:
                raise self.error(28, "No space left on device")
            return function(*args, **options)

        return counted


def spoil(monkeypatch, number: int, error: type[BaseException] = OSError) -> FailAt:
    fail = FailAt(number, error)
    for owner, name in [(Path, "write_text"), (Path, "mkdir"), (Path, "rename"), (os, "fsync"), (Path, "read_bytes")]:
        monkeypatch.setattr(owner, name, fail.wrap(getattr(owner, name)))
    return fail


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_an_error_at_any_step_leaves_the_old_folder_or_the_new_one(tmp_path, monkeypatch, error):
    ends = []
    for number in range(1, 60):
        parent = tmp_path / str(number)
        write(parent / "model", "old")
        with monkeypatch.context() as patch:
            fail = spoil(patch, number, error)
            try:
                write(parent / "model", "new")
                raised = False
            except error:
                raised = True
        ends.append((content(parent / "model"), raised))
        write(parent / "model", "newer")
        assert content(parent / "model") == "newer"
        assert [path.name for path in parent.iterdir()] == ["model"]
        if fail.count < number:
            break
    *failed, last = ends
    assert last == ("new", False)
    assert len(failed) > 15
    # an exchange that did not work is tried again; after it, only the folder above is still to be synchronised
    assert [end for end in failed if end != ("old", True)] in (
        [("new", True)],
        [("new", False), ("new", False), ("new", True)],
    )


def test_an_error_at_any_step_of_a_first_save_leaves_nothing(tmp_path, monkeypatch):
    for number in range(1, 40):
        parent = tmp_path / str(number)
        parent.mkdir()
        with monkeypatch.context() as patch:
            fail = spoil(patch, number)
            try:
                write(parent / "model", "new")
            except OSError:
                left = [path.name for path in parent.iterdir()]
                assert left == [] or content(parent / "model") == "new"
        if fail.count < number:
            break
    assert fail.count > 10


def test_two_renames_that_fail_lose_nothing(tmp_path, monkeypatch):
    write(tmp_path / "model", "old")
    rename, count = Path.rename, [0]

    def failing(path, target):
        count[0] += 1
        if count[0] > 2:  # the exchange, and the way back
            raise OSError("the disk is gone")
        return rename(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", failing)
        with pytest.raises(OSError, match="the disk is gone"):
            write(tmp_path / "model", "new")
    assert not (tmp_path / "model").exists()
    assert content(tmp_path / "model") in ("old", "new")


@pytest.mark.parametrize("role", ["old", "ready"])
def test_what_a_crash_left_beside_is_put_back(tmp_path, role):
    write(tmp_path / "model", "kept")
    gone = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True, check=True
    )
    (tmp_path / "model").rename(tmp_path / f".model.{role}-{gone.stdout.strip()}")
    assert content(tmp_path / "model") == "kept"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_save_without_overwrite_does_not_replace_what_a_crash_left_beside(tmp_path):
    write(tmp_path / "model", "kept")
    (tmp_path / "model").rename(tmp_path / ".model.old-999999999")
    with pytest.raises(FileExistsError, match="overwrite=True replaces a saved model"):
        write(tmp_path / "model", "new", overwrite=False)
    assert content(tmp_path / "model") == "kept"


def test_a_process_that_still_saves_is_waited_for_and_then_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(replacing, "PATIENCE", 0.05)
    write(tmp_path / "model", "kept")
    (tmp_path / "model").rename(tmp_path / f".model.ready-{os.getppid()}")
    assert content(tmp_path / "model") == "kept"


def test_leftovers_of_others_are_removed_once_they_are_gone(tmp_path):
    for owner in (os.getppid(), 999999999):
        (tmp_path / f".model.partial-{owner}").mkdir(parents=True)
    write(tmp_path / "model", "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == [f".model.partial-{os.getppid()}", "model"]


def test_only_a_saved_model_is_replaced(tmp_path, fitted):
    clf = fitted()
    clf.save(tmp_path / "model")
    with pytest.raises(FileExistsError, match="overwrite=True replaces a saved model"):
        clf.save(tmp_path / "model")
    clf.save(tmp_path / "model", overwrite=True)
    (tmp_path / "model" / "notes.txt").write_text("mine")
    with pytest.raises(FileExistsError, match=r"1 file\(s\) that are no part of a model, such as 'notes.txt'"):
        clf.save(tmp_path / "model", overwrite=True)
    assert (tmp_path / "model" / "notes.txt").read_text() == "mine"
    (tmp_path / "file").write_text("mine")
    with pytest.raises(FileExistsError, match="no part of a model"):
        clf.save(tmp_path / "file", overwrite=True)
    (tmp_path / "empty").mkdir()
    load_model(clf.save(tmp_path / "empty", overwrite=True))


def test_a_link_is_not_saved_through(tmp_path, fitted):
    (tmp_path / "precious").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "precious")
    with pytest.raises(IntegrityError, match="symbolic link"):
        fitted().save(tmp_path / "link", overwrite=True)
    assert list((tmp_path / "precious").iterdir()) == []


@pytest.mark.parametrize("name", ["mödel [1]*?", "a b\nc", "-rf", "x" * 200])
def test_any_name_of_a_folder_will_do(tmp_path, name):
    write(tmp_path / name, "old")
    write(tmp_path / name, "new")
    (tmp_path / name).rename(tmp_path / f".{name}.old-999999999")
    assert content(tmp_path / name) == "new"


def test_a_relative_path_and_one_with_dots_mean_the_folder(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    write(Path("model"), "one")
    write(Path("../here/./model"), "two")
    assert content(tmp_path / "here" / "model") == "two"
    monkeypatch.chdir(tmp_path / "here" / "model")
    assert content(Path()) == "two"


def test_threads_that_save_and_load_the_same_folder_disturb_nobody(tmp_path):
    write(tmp_path / "model", "0")

    def work(number):
        if number % 4 == 0:
            write(tmp_path / "model", str(number))
            return "0"
        return content(tmp_path / "model")

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(work, range(120)))
    assert all(text.isdigit() for text in found)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


WRITER = """
import sys
from pathlib import Path
from types import SimpleNamespace
from kgzsl.decision.folder import swapped_in
number = 0
print("ready", flush=True)
while True:
    number += 1
    known = {"first", "inner/third", "manifest.json", "second"}
    with swapped_in(Path(sys.argv[1]), 1, overwrite=True, known=known) as partial:
        for name in ("first", "second"):
            (partial / name).write_text(f"{sys.argv[2]} {number} " * 1000)
"""


def writer(folder: Path, name: str) -> subprocess.Popen:
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE)}
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), name], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def stop(process: subprocess.Popen) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()


def test_a_save_that_is_killed_loses_no_model(tmp_path):
    """One process saves on and on and is killed again and again; a fork of it would share its state, so each is new."""
    write(tmp_path / "model", "begin")
    fork = multiprocessing.get_context("fork")
    for number in range(20):
        process = fork.Process(target=_save_on_and_on, args=(tmp_path / "model", str(number)))
        process.start()
        time.sleep(0.004 + 0.0031 * number)
        process.kill()
        process.join()
        assert content(tmp_path / "model")
        left = [path.name for path in tmp_path.iterdir() if path.name != "model"]
        assert len(left) <= 3, left
    write(tmp_path / "model", "end")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_saves_that_end_right_after_the_exchange_pile_nothing_up(tmp_path):
    write(tmp_path / "model", "begin")
    for number in range(5):
        process = multiprocessing.get_context("fork").Process(
            target=_end_after_the_exchange, args=(tmp_path / "model", str(number))
        )
        process.start()
        process.join()
        assert process.exitcode == 9
        assert content(tmp_path / "model") == str(number)
        left, model = sorted(path.name for path in tmp_path.iterdir())
        assert left.startswith(f".model.old-{process.pid}@{replacing.numbering()}-")
        assert model == "model"


def test_what_a_process_of_the_same_number_elsewhere_has_in_hand_is_left_alone(tmp_path):
    elsewhere = f"{os.getpid()}@elsewhere"
    for role in ("partial", "ready", "old"):
        (tmp_path / f".model.{role}-{elsewhere}").mkdir(parents=True)
    write(tmp_path / "model", "new")
    left = sorted(path for path in tmp_path.iterdir() if path.name != "model")
    assert [path.name for path in left] == [f".model.{role}-{elsewhere}" for role in ("old", "partial", "ready")]
    for path in left:
        os.utime(path, (0, 0))
    write(tmp_path / "model", "newer")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def _save_as_process_one(folder: Path, where: str) -> None:
    replacing.numbering = lambda: where
    replacing.os = SimpleNamespace(**{**vars(os), "getpid": lambda: 1})
    for number in range(150):
        write(folder, f"{where} {number} " * 500)


def test_containers_that_share_a_disk_do_not_write_into_one_folder(tmp_path):
    write(tmp_path / "model", "begin")
    fork = multiprocessing.get_context("fork")
    processes = [fork.Process(target=_save_as_process_one, args=(tmp_path / "model", name)) for name in "ab"]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    assert content(tmp_path / "model") in ("a 149 " * 500, "b 149 " * 500)


def test_what_is_left_beside_stays_while_nothing_bears_the_name(tmp_path):
    write(tmp_path / "model", "kept")
    (tmp_path / "model").rename(tmp_path / f".model.old-{os.getpid()}")
    replacing.clear_leftovers(tmp_path / "model")
    assert content(tmp_path / "model") == "kept"


def _end_after_the_exchange(folder: Path, name: str) -> None:
    sync = replacing.sync_names
    replacing.sync_names = lambda path: os._exit(9) if path == folder.parent else sync(path)
    write(folder, name)


def _save_on_and_on(folder: Path, name: str) -> None:
    for number in range(100_000):
        write(folder, f"{name} {number} " * 500)


def test_readers_never_see_half_of_a_folder(tmp_path):
    write(tmp_path / "model", "begin")
    processes = [writer(tmp_path / "model", name) for name in "ab"]
    try:
        started, reads, found = time.monotonic(), 0, set()
        while (waited := time.monotonic() - started) < 1.5 or (waited < 60 and (reads < 21 or len(found) < 6)):
            files = checked_files(tmp_path / "model", 1)
            assert len(set(files.values())) == 1
            found.add(files["first"])
            reads += 1
    finally:
        alive = [process.poll() is None for process in processes]
        for process in processes:
            stop(process)
    assert all(alive)
    assert reads > 20
    assert len(found) > 5


LIMITED = """
import resource, signal, sys
from pathlib import Path
from types import SimpleNamespace
from kgzsl.loading import load_model
folder = Path(sys.argv[1])
sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
clf = load_model(folder)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
for limit in (0, min(sizes) + 10, max(sizes) - 1):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        clf.save(folder, overwrite=True)
    except OSError as error:
        print(type(error).__name__, error.errno)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert load_model(folder).weights_.tobytes() == clf.weights_.tobytes()
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
"""


def test_a_full_disk_leaves_the_old_model(model, answers):
    before = answers(load_model(model))
    run = [sys.executable, "-c", LIMITED, str(model)]
    done = subprocess.run(
        run, env={**os.environ, "PYTHONPATH": str(PACKAGE)}, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("OSError 27\n" * 3, "")  # EFBIG, where a full disk says ENOSPC
    assert answers(load_model(model)) == before
