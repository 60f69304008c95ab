"""Concepts as rows of numbers: texts, word vectors, attributes, and matrices of your own."""

from kgzsl.contracts import NodeEncoder
from kgzsl.features.attributes import AttributeTable
from kgzsl.features.combined import CombinedFeatures
from kgzsl.features.matrix import MatrixFeatures
from kgzsl.features.registry import ENCODERS
from kgzsl.features.resolve import resolve_features
from kgzsl.features.sentence import SentenceFeatures
from kgzsl.features.text import TextFeatures
from kgzsl.features.word_vectors import WordVectors

__all__ = [
    "ENCODERS",
    "AttributeTable",
    "CombinedFeatures",
    "MatrixFeatures",
    "NodeEncoder",
    "SentenceFeatures",
    "TextFeatures",
    "WordVectors",
    "resolve_features",
]
