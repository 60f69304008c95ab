import pytest

from kgzsl.features.words import content_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Foxes, boxes and glasses", ["fox", "box", "glass"]),
        ("the grass of Arkansas's valleys", ["grass", "arkansas's", "valley"]),
        ("berries; buses; basis; cactus", ["berry", "buse", "basis", "cactus"]),
        ("black-and-white 4-stroke X-ray", ["black-and-white", "4-stroke", "x-ray"]),
        ("Übergröße ÜBERGRÖSSE e\u0301tude", ["übergrösse", "übergrösse", "étude"]),
        ("日本語 snake_case", ["日本語", "snake", "case"]),
        ("of the and", []),
        ("", []),
    ],
)
def test_words_are_lowered_singular_and_without_function_words(text, words):
    assert content_words(text) == words
