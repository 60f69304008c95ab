"""Questions asked of a knowledge graph."""

from kgzsl.query.grounding import ground_classes

__all__ = ["ground_classes"]
