"""Methods of a graph whose work is done on higher floors: found by name when they are first called.

An import leads down only; these few names lead up, and this is all of them.
"""

from kgzsl._registry import Registry

__all__ = ["DOORS"]

DOORS = Registry(
    "method of a graph",
    "kgzsl.graph_methods",
    {
        "audit": "kgzsl.query.audit:audit",
        "write": "kgzsl.sources.writing:write_graph",
    },
)
