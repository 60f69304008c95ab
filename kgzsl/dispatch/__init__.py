"""A knowledge graph where NetworkX asks for a graph: `networkx.shortest_path(kg, a, b)`, and every other function.

NetworkX finds `kgzsl` among its backends once the package is installed. What it asks about the graph means what it
means on `kg.nx`: directed, all relations, ids as plain strings. `kgzsl.dispatch.backend` says which functions are
answered from the compiled graph; the others run on `kg.nx`, which is built when the first of them is called.
"""

__all__: list[str] = []  # NetworkX loads what it needs, by entry point; this file is read with every import of it
