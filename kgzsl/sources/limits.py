"""How large a thing may be that is read, in one place."""

from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True)
class Limits:
    """Bounds on what a source may contain; `LimitExceededError` names the one that is passed.

    Bytes unless the name says otherwise. `expansion_factor` and `expansion_slack` bound what XML entities may add to
    a file, `gzip_ratio` what a compressed one may unfold to. More bad rows than `max_bad_fraction` of all, and more
    than one, are an error; with 0, every bad row is.
    """

    xml_entities: int = 256
    xml_entity_bytes: int = 2048
    expansion_factor: int = 10
    expansion_slack: int = 1 << 20
    nesting: int = 200
    literal_bytes: int = 1 << 20
    line_bytes: int = 1 << 20
    body_bytes: int = 64 << 20
    gzip_ratio: int = 200
    redirects: int = 5
    total_seconds: float = 60.0
    connect_seconds: float = 5.0
    read_seconds: float = 15.0
    max_bad_fraction: float = 0.01
