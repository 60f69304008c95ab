"""Whatever happens to a saved folder, loading says so by one of three errors."""

import hashlib
import json
import os
import shutil

import pytest

from kgzsl.decision.folder import MANIFEST, _seal
from kgzsl.errors import DataMissingError, IntegrityError, KgzslError, VersionError
from kgzsl.loading import load_model
from kgzsl.saving import FORMAT

DAMAGE = (IntegrityError, VersionError, DataMissingError)
FILES = (
    "arrays.safetensors",
    "graph/concepts.parquet",
    "graph/edges.parquet",
    "graph/graph.json",
    "manifest.json",
    "model.json",
)


@pytest.mark.parametrize("name", FILES)
def test_every_bit_counts(model, name):
    path = model / name
    whole = path.read_bytes()
    step = max(1, len(whole) * 8 // 40)
    for bit in range(3, len(whole) * 8, step):
        altered = bytearray(whole)
        altered[bit // 8] ^= 1 << (bit % 8)
        path.write_bytes(altered)
        with pytest.raises(DAMAGE):
            load_model(model)
    path.write_bytes(whole)
    load_model(model)


@pytest.mark.parametrize("name", FILES)
def test_every_byte_is_needed(model, name):
    path = model / name
    whole = path.read_bytes()
    lengths = {0, 1, len(whole) - 1, *range(7, len(whole), max(1, len(whole) // 20))}
    for altered in [*(whole[:length] for length in sorted(lengths)), whole + b" ", whole + b"\0"]:
        path.write_bytes(altered)
        if altered == whole + b" " and name == MANIFEST:
            continue  # a space after JSON says nothing
        with pytest.raises(DAMAGE):
            load_model(model)


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_needed(model, name):
    (model / name).unlink()
    with pytest.raises(IntegrityError, match=MANIFEST if name == MANIFEST else name):
        load_model(model)


@pytest.mark.parametrize("name", ["extra.txt", "graph/extra.parquet", ".hidden"])
def test_a_file_too_many_is_noticed(model, name):
    (model / name).write_text("hello")
    with pytest.raises(IntegrityError, match="missing or extra"):
        load_model(model)


def test_no_folder_a_file_and_an_empty_folder_are_told_apart(tmp_path):
    with pytest.raises(DataMissingError, match="no saved model here"):
        load_model(tmp_path / "nothing")
    with pytest.raises(DataMissingError, match="no saved model here"):
        load_model(tmp_path / "nothing" / "at" / "all")
    (tmp_path / "file").write_text("hello")
    with pytest.raises(DataMissingError, match="no saved model here"):
        load_model(tmp_path / "file")
    (tmp_path / "empty").mkdir()
    with pytest.raises(IntegrityError, match=r"expected manifest\.json, found none; an incomplete save"):
        load_model(tmp_path / "empty")


@pytest.mark.parametrize("name", FILES)
def test_a_link_is_no_file_of_a_model(model, tmp_path, name):
    shutil.move(model / name, tmp_path / "elsewhere")
    (model / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(IntegrityError, match="symbolic link"):
        load_model(model)


def test_a_folder_inside_that_is_a_link_is_refused(model, tmp_path):
    shutil.move(model / "graph", tmp_path / "elsewhere")
    (model / "graph").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(IntegrityError):
        load_model(model)
    (model / "graph").unlink()
    shutil.move(tmp_path / "elsewhere", model / "graph")
    (model / "more").symlink_to(tmp_path)
    with pytest.raises(IntegrityError, match="more"):
        load_model(model)


def test_a_pipe_does_not_make_loading_wait(model):
    (model / "model.json").unlink()
    os.mkfifo(model / "model.json")
    with pytest.raises(IntegrityError, match="found something else"):
        load_model(model)


def test_a_model_may_be_reached_through_a_link(model, tmp_path, answers):
    (tmp_path / "link").symlink_to(model)
    assert answers(load_model(tmp_path / "link")) == answers(load_model(model))


def resealed(model, number=FORMAT):
    """Checksums that fit, as somebody who alters a model on purpose would write them."""
    names = sorted(path.relative_to(model).as_posix() for path in model.rglob("*") if path.is_file())
    entries = {name: hashlib.sha256((model / name).read_bytes()).hexdigest() for name in names if name != MANIFEST}
    content = {"format": number, "sha256": entries, "seal": _seal(entries, number)}
    (model / MANIFEST).write_text(json.dumps(content))
    return model


def test_a_format_of_the_future_is_named(model):
    resealed(model, number=FORMAT + 1)
    with pytest.raises(
        VersionError, match=f"format {FORMAT + 1} is not readable here; this version reads format"
    ) as err:
        load_model(model)
    assert err.value.found == FORMAT + 1


CHANGES = {
    "no classes": lambda card: card.pop("classes"),
    "classes are a number": lambda card: card.update(classes=3),
    "fewer labels": lambda card: card["classes"]["labels"].pop(),
    "an unknown concept": lambda card: card["classes"]["concepts"].__setitem__(0, "nowhere"),
    "too many seen": lambda card: card["classes"].update(num_seen=99),
    "seen is a word": lambda card: card["classes"].update(num_seen="8"),
    "another kind": lambda card: card.update(kind="linear"),
    "an unknown kind": lambda card: card.update(kind="cubic"),
    "no temperature": lambda card: card["calibration"].pop("temperature"),
    "temperature is a word": lambda card: card["calibration"].update(temperature="warm"),
    "temperature is zero": lambda card: card["calibration"].update(temperature=0),
    "unknown relations": lambda card: card.update(relations=["is_b"]),
    "model of another type": lambda card: card["model"].update(type="FittedConSE"),
    "model of no type": lambda card: card["model"].update(type="os.system"),
    "model without arrays": lambda card: card["model"].update(arrays=[]),
    "no model": lambda card: card.update(model=None),
    "no encoder": lambda card: card.update(encoder=None),
    "encoder of another type": lambda card: card["encoder"].update(type="TextFeatures"),
    "addition without edges": lambda card: card["additions"][0].pop("edges"),
    "addition of an unknown concept": lambda card: card["additions"][0].update(edges=[["okapi.n", "is_a", "nowhere"]]),
    "addition with other concepts": lambda card: card["additions"][0].update(new=["dog.n"]),
    "additions are missing": lambda card: card.update(additions=[]),
    "unknown parameter": lambda card: card["parameters"].update(magic=1),
    "parameter of an unknown class": lambda card: card["parameters"].update(propagator={"object": "X", "fields": {}}),
    "graph of another name": lambda card: card["graph"].update(shipped=True, name="../../etc"),
    "no fingerprint": lambda card: card["graph"].pop("fingerprint"),
    "graph is a word": lambda card: card.update(graph="wordnet"),
    "card is a list": lambda card: None,
}


@pytest.mark.parametrize("change", sorted(CHANGES))
def test_an_altered_card_with_fitting_checksums_is_an_error_of_ours(model, change):
    card = json.loads((model / "model.json").read_text())
    CHANGES[change](card)
    (model / "model.json").write_text("[]" if change == "card is a list" else json.dumps(card))
    with pytest.raises(KgzslError):
        load_model(resealed(model))


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"\xff\xfe\x00", b"8" * 64, b"\xff" * 64])
def test_rubbish_with_fitting_checksums_is_an_error_of_ours(model, name, content):
    (model / name).write_bytes(content)
    with pytest.raises(KgzslError):
        load_model(model if name == MANIFEST else resealed(model))


@pytest.mark.parametrize("spoil", ["nan", "width", "missing"])
@pytest.mark.parametrize("name", ["weights", "mean", "features", "addition/0/rows", "addition/0/weights"])
def test_arrays_that_do_not_fit_are_refused(model, name, spoil):
    from safetensors.numpy import load_file, save_file

    arrays = load_file(model / "arrays.safetensors")
    if spoil == "nan":
        arrays[name] = arrays[name].copy()
        arrays[name].flat[0] = float("nan")
    elif spoil == "width":
        arrays[name] = arrays[name][..., :-1].copy()
    else:
        del arrays[name]
    save_file(arrays, model / "arrays.safetensors")
    with pytest.raises(KgzslError):
        load_model(resealed(model))
