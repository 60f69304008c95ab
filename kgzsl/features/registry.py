"""Names of encoders."""

from kgzsl._registry import Registry

__all__ = ["ENCODERS"]

ENCODERS = Registry(
    kind="encoder of features",
    group="kgzsl.encoders",
    builtin={
        "attributes": "kgzsl.features.attributes:AttributeTable",
        "combined": "kgzsl.features.combined:CombinedFeatures",
        "matrix": "kgzsl.features.matrix:MatrixFeatures",
        "sentence": "kgzsl.features.sentence:SentenceFeatures",
        "text": "kgzsl.features.text:TextFeatures",
        "word-vectors": "kgzsl.features.word_vectors:WordVectors",
    },
)
"""What a name stands for; other packages add theirs under the entry-point group `kgzsl.encoders`."""
