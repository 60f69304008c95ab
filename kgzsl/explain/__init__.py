"""Why a class was predicted: exact shares of the decision, traced through the graph."""
