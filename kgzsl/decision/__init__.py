"""The parts a prediction is made of: prepared inputs, classes, the graph they are seen in, pretended-unseen folds."""

__all__: list[str] = []
