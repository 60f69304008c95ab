"""What a report shows of its protocol: a text and a dictionary, whose hash stands with every result."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kgzsl.display.html import html_table
from kgzsl.display.text import escape_text, text_table

if TYPE_CHECKING:
    from kgzsl.evaluation.protocol import Protocol

__all__ = ["Certificate"]


@dataclass(frozen=True)
class Certificate:
    """The protocol in short: sizes, rules, hash, and how often test rows were read, and asked for too early.

    It says what was declared and recorded, and proves nothing about reads that went round the protocol.
    """

    name: str
    sha256: str
    facts: Mapping[str, Any]

    @classmethod
    def of(cls, protocol: "Protocol") -> "Certificate":
        """The certificate of a protocol as it stands now."""
        reads = protocol.reads
        tests = [read for read in reads if read.part.startswith("test")]
        facts = {
            "train": len(protocol.train),
            "tune": len(protocol.tune),
            "test_seen": len(protocol.test_seen),
            "test_unseen": len(protocol.test_unseen),
            "seen_classes": len(protocol.seen_classes),
            "unseen_classes": len(protocol.unseen_classes),
            "tune_classes": len(protocol.tune_classes),
            "candidates": "T1: unseen classes; u, s, H: seen and unseen classes",
            "average": protocol.average,
            "ties": protocol.ties,
            "seeds": list(protocol.seeds),
            "semantics": protocol.semantics,
            "backbone": protocol.backbone,
            "backbone_classes": len(protocol.backbone_classes),
            "data_sha256": protocol.data_sha256,
            "removed": dict(protocol.removed),
            "test_reads": sum(read.allowed for read in tests),
            "test_reads_refused": sum(not read.allowed for read in tests),
            "reads_after_test": sum(read.after_final and not read.part.startswith("test") for read in reads),
        }
        return cls(protocol.name, protocol.sha256, facts)

    @property
    def title(self) -> str:
        """One line: name, sizes, hash."""
        facts = self.facts
        return (
            f"{escape_text(self.name)}: {facts['train'] + facts['tune']:,} training samples ({facts['tune']:,} to tune "
            f"on), {facts['test_seen']:,} + {facts['test_unseen']:,} test samples, sha256 {self.sha256[:16]}"
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {"name": self.name, "sha256": self.sha256, **self.facts}

    def _rows(self) -> list[tuple[str, str]]:
        words = {name: name.replace("_", " ") for name in self.facts}
        rows = [("protocol", self.name), ("sha256", self.sha256)]
        return rows + [
            (words[name], _told(value)) for name, value in self.facts.items() if value not in ("", 0, {}, [])
        ]

    def __str__(self) -> str:
        return text_table(self._rows(), ["protocol certificate", ""], width=110)

    def _repr_html_(self) -> str:
        return html_table(self._rows(), ["fact", "value"], caption="protocol certificate")


def _told(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {count:,}" for name, count in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:,}" if isinstance(value, int) else str(value)
