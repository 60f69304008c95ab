"""Methods of a graph whose work is done on higher floors: found by name when they are first called.

An import leads down only; these few names lead up, and this is all of them.
"""

from kgzsl._registry import Registry

__all__ = ["DOORS"]

DOORS = Registry(
    "method of a graph",
    "kgzsl.graph_methods",
    {
        "all_shortest_paths": "kgzsl.query.paths:all_shortest_paths",
        "audit": "kgzsl.query.audit:audit",
        "contradictions": "kgzsl.query.contradictions:contradictions",
        "entail": "kgzsl.query.entailment:entail",
        "follow": "kgzsl.query.following:follow",
        "match": "kgzsl.query.matching:match",
        "most_similar": "kgzsl.query.similarity:most_similar",
        "paths": "kgzsl.query.paths:paths",
        "similarity": "kgzsl.query.similarity:similarity",
        "similarity_matrix": "kgzsl.query.similarity:similarity_matrix",
        "sparql": "kgzsl.query.sparql:sparql",
        "why": "kgzsl.query.proofs:why",
        "write": "kgzsl.sources.writing:write_graph",
    },
)
