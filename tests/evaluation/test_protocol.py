"""Protocols: parts, guarded test rows, the record of reads, and what is stored with a result."""

import copy
import json
import pickle
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgzsl.errors import InputFormatError, IntegrityError, SplitError, UnknownNameError, VersionError
from kgzsl.evaluation.data_reading import read_dataset
from kgzsl.evaluation.data_set import Dataset
from kgzsl.evaluation.protocol import Protocol
from kgzsl.evaluation.protocol_guard import TestRowsError
from kgzsl.evaluation.report import evaluate

LABELS = np.repeat(["cat", "dog", "fox", "elk", "owl", "yak"], 4)


def made(**changes):
    parts = {"train": [0, 1, 2, 4, 5, 6], "tune": [8, 9, 10], "test_seen": [3, 7, 11], "test_unseen": range(12, 24)}
    return Protocol.from_indices(LABELS, **(parts | {"name": "toy"} | changes))


def data(**changes):
    X = np.random.default_rng(0).standard_normal((24, 3)).astype(np.float32)
    classes, places = np.unique(LABELS, return_inverse=True)
    whole = Dataset(tuple(classes.tolist()), features=X, labels=places.astype(np.int64))
    splits = {
        "trainval_loc": [0, 1, 2, 4, 5, 6, 8, 9, 10],
        "test_seen_loc": [3, 7, 11],
        "test_unseen_loc": range(12, 24),
    }
    return whole.with_splits({name: np.array(rows) for name, rows in (splits | changes).items()})


def test_classes_follow_from_the_parts():
    protocol = made()
    assert protocol.seen_classes == ("cat", "dog", "fox")
    assert protocol.unseen_classes == ("elk", "owl", "yak")
    assert protocol.tune_classes == ("fox",)
    assert protocol.fit_rows.tolist() == [0, 1, 2, 4, 5, 6, 8, 9, 10]


READS = {
    "read": lambda rows: rows.read(),
    "asarray": np.asarray,
    "index": lambda rows: rows[0],
    "iterate": list,
    "member": lambda rows: 3 in rows,
    "as an index": lambda rows: np.arange(24)[np.asarray(rows)],
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
@pytest.mark.parametrize("part", ["test_seen", "test_unseen"])
def test_test_rows_are_read_in_the_final_phase_only(read, part):
    protocol = made()
    rows = getattr(protocol, part)
    with pytest.raises(TestRowsError, match=part) as caught:
        read(rows)
    assert isinstance(caught.value, PermissionError)
    with protocol.final():
        read(rows)
    with pytest.raises(TestRowsError):
        read(rows)
    assert [(r.part, r.phase, r.allowed) for r in protocol.reads] == [
        (part, "selection", False), (part, "final", True), (part, "selection", False)
    ]  # fmt: skip


def test_the_phase_ends_with_an_error_too():
    protocol = made()
    with pytest.raises(RuntimeError), protocol.final():
        raise RuntimeError
    with pytest.raises(TestRowsError):
        protocol.test_seen.read()


def test_sizes_are_open_and_comparing_is_not():
    protocol = made()
    assert (len(protocol.test_seen), repr(protocol.test_unseen)) == (3, "<test_unseen: 12 guarded rows>")
    with pytest.raises(TypeError):
        assert protocol.test_seen == [3, 7, 11]
    assert protocol.reads == ()


def test_samples_are_read_on_record_and_training_after_testing_shows():
    protocol, rows = made(), data()
    X, y = protocol.samples(rows, "train")
    np.testing.assert_array_equal(X, rows.features[protocol.train])
    assert y.tolist() == LABELS[protocol.train].tolist()
    with pytest.raises(TestRowsError):
        protocol.samples(rows, "test_seen")
    with protocol.final():
        assert protocol.samples(rows, "test_seen")[1].tolist() == ["cat", "dog", "fox"]
    protocol.samples(rows, "tune")
    assert [read.after_final for read in protocol.reads] == [False, False, False, True]
    assert protocol.certificate.facts["reads_after_test"] == 1
    assert protocol.certificate.facts["test_reads_refused"] == 1


def test_other_data_than_the_protocol_was_made_for_are_refused():
    protocol = Protocol.from_dataset(data())
    protocol.samples(data(), "train")
    other = Dataset(data().classes, features=data().features + 1, labels=data().labels)
    with pytest.raises(IntegrityError, match="make the protocol from these data"):
        protocol.samples(other, "train")
    with pytest.raises(InputFormatError, match="part is one of"):
        protocol.samples(data(), "test")


WRONG = [
    ({"test_seen": [3, 7, 10]}, SplitError, r"1 row\(s\) are in tune and in test_seen: 10"),
    (
        {"train": [0, 12], "test_unseen": range(13, 24)},
        SplitError,
        "1 class.* of test_unseen have samples in train: 'elk'",
    ),
    ({"test_seen": [12], "test_unseen": range(16, 24)}, SplitError, "have no sample in train or tune: 'elk'"),
    ({"train": [0, 0]}, InputFormatError, "more than once: 0"),
    ({"train": [24]}, InputFormatError, "outside 0 to 23: 24"),
    ({"train": [-1]}, InputFormatError, "outside 0 to 23: -1"),
    ({"train": [0.5]}, InputFormatError, "0-based rows, not float64"),
    ({"test_unseen": []}, SplitError, "no rows in 'test_unseen'"),
]


@pytest.mark.parametrize(("plant", "error", "message"), WRONG, ids=range(len(WRONG)))
def test_parts_that_meet_are_refused(plant, error, message):
    with pytest.raises(error, match=message):
        made(**plant)


def test_the_hash_covers_every_statement_and_no_read():
    protocol = made()
    before = protocol.sha256
    with protocol.final():
        protocol.test_seen.read()
    assert protocol.sha256 == before == made().sha256
    changes = [
        {"name": "b"}, {"train": [0, 4]}, {"tune": [8]}, {"test_seen": [3]}, {"test_unseen": [12]}, {"seeds": (1,)},
        {"average": "micro"}, {"semantics": "w2v"}, {"backbone": "r101"}, {"backbone_classes": ("a",)},
        {"data_sha256": "0"},
    ]  # fmt: skip
    assert len({before, *(made(**change).sha256 for change in changes)}) == len(changes) + 1


def test_order_of_rows_does_not_matter_and_arrays_are_read_only():
    assert made(train=[6, 5, 4, 2, 1, 0]).sha256 == made().sha256
    mask = np.zeros(24, bool)
    mask[[0, 1, 2, 4, 5, 6]] = True
    assert made(train=mask).sha256 == made().sha256
    with pytest.raises(ValueError, match="read-only"):
        made().train[0] = 3


def test_it_comes_back_from_json():
    protocol = made(semantics="minilm", seeds=(0, 1), backbone_classes=("tench",))
    again = Protocol.from_dict(json.loads(json.dumps(protocol.to_dict())))
    assert again == protocol
    assert again.sha256 == protocol.sha256
    with pytest.raises(TestRowsError):
        again.test_seen.read()


def test_an_altered_protocol_is_refused():
    stored = made().to_dict()
    with pytest.raises(IntegrityError, match="altered"):
        Protocol.from_dict({**stored, "ties": "for the prediction"})
    with pytest.raises(VersionError):
        Protocol.from_dict({**stored, "version": 2})
    with pytest.raises(IntegrityError):
        Protocol.from_dict({name: value for name, value in stored.items() if name != "parts"})


def test_copies_share_the_record():
    protocol = made()
    clone = copy.deepcopy(protocol)
    with clone.final():
        clone.test_seen.read()
    assert len(protocol.reads) == 1
    assert len(pickle.loads(pickle.dumps(protocol)).reads) == 1


def test_reads_from_threads_are_all_on_record():
    protocol = made()
    with protocol.final():
        threads = [threading.Thread(target=lambda: [protocol.test_seen.read() for _ in range(200)]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(protocol.reads) == 800


# -- from data sets ----------------------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1000), share=st.sampled_from([0.3, 0.5, 0.66]))
def test_pretended_unseen_classes_have_all_their_rows_in_tune(seed, share):
    protocol = Protocol.from_dataset(data(), share=share, random_state=seed)
    kept = set(LABELS[protocol.train].tolist())
    held = set(LABELS[protocol.tune].tolist())
    assert not kept & held
    assert len(held) == round(3 * share)
    assert protocol.fit_rows.tolist() == data().rows("trainval_loc").tolist()
    assert protocol == Protocol.from_dataset(data(), share=share, random_state=seed)


def test_nothing_is_kept_back_with_a_share_of_zero():
    assert len(Protocol.from_dataset(data(), share=0).tune) == 0
    for share, error in ((1.0, InputFormatError), (0.01, SplitError), ("x", InputFormatError)):
        with pytest.raises(error):
            Protocol.from_dataset(data(), share=share)


def test_tuning_rows_of_a_file_never_hold_test_rows():
    """The trap of AWA2 in small: train_loc and val_loc together are all rows of seen classes."""
    trap = data(train_loc=[0, 1, 2, 3, 4, 5, 6, 7], val_loc=[8, 9, 10, 11])
    protocol = Protocol.from_dataset(trap, tuning="file")
    assert (protocol.train.tolist(), protocol.tune.tolist()) == ([0, 1, 2, 4, 5, 6], [8, 9, 10])
    assert dict(protocol.removed) == {"train_loc": 2, "val_loc": 1}


def test_the_real_trap_is_left_out_and_counted(shared_data):
    protocol = Protocol.from_dataset(read_dataset(shared_data("kzsl/AwA/binaryAtt_splits.mat")), tuning="file")
    assert dict(protocol.removed) == {"train_loc": 4031, "val_loc": 1851}
    assert (len(protocol.train), len(protocol.tune)) == (16187, 7340)
    assert (len(protocol.fit_rows), len(protocol.test_seen), len(protocol.test_unseen)) == (23527, 5882, 7913)
    with protocol.final():
        assert not len(np.intersect1d(protocol.test_seen, protocol.fit_rows))


def test_tiny_imagenet_is_split_by_its_own_names(shared_data):
    protocol = Protocol.from_dataset(read_dataset(shared_data("tiny-imagenet/features.npz")))
    assert (len(protocol.seen_classes), len(protocol.unseen_classes), len(protocol.tune_classes)) == (130, 35, 32)
    assert (len(protocol.fit_rows), len(protocol.test_seen), len(protocol.test_unseen)) == (13000, 6500, 5250)


def test_splits_that_are_missing_are_named():
    bare = data().with_splits({"a": np.array([0])})
    with pytest.raises(UnknownNameError, match="known: 'a'"):
        Protocol.from_dataset(bare)
    with pytest.raises(UnknownNameError):
        Protocol.from_dataset(data(), tuning="file")
    with pytest.raises(InputFormatError, match="tuning"):
        Protocol.from_dataset(data(), tuning="test")


# -- with results ------------------------------------------------------------------------------------------------


class Scorer:
    def class_labels(self, space):
        return {"all": ["cat", "dog", "fox", "elk", "owl", "yak"], "seen": ["cat", "dog", "fox"]}.get(
            space, ["elk", "owl", "yak"]
        )

    def decision_function(self, X, *, label_space):
        return np.random.default_rng(0).standard_normal((len(X), len(self.class_labels(label_space))))


def test_the_hash_and_the_certificate_stand_with_the_result():
    protocol, rows = Protocol.from_dataset(data()), data()
    with protocol.final():
        report = evaluate(
            Scorer(),
            *protocol.samples(rows, "test_seen"),
            *protocol.samples(rows, "test_unseen"),
            ks=[1],
            protocol=protocol,
        )
    assert report.protocol["protocol_sha256"] == protocol.sha256
    assert report.protocol["certificate"]["test_unseen"] == 12
    assert report.protocol["candidates"] == {"t1": 3, "u, s": 6}
    json.dumps(report.to_dict())


def test_the_certificate_prints():
    protocol = made(name="<b>", backbone="r101")
    assert protocol.sha256 in str(protocol)
    assert "&lt;b&gt;" in protocol.certificate._repr_html_()
    assert repr(protocol).startswith("<Protocol <b>: 9 training samples (3 to tune on), 3 + 12 test samples, sha256 ")
    assert protocol.certificate.to_dict()["sha256"] == protocol.sha256
