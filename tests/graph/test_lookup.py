import polars as pl

from kgzsl.graph.lookup import alternate_ids, label_rows, nearest_of, plain, spellings


def test_labels_are_compared_without_case_separators_and_composition():
    assert plain("  Polar_Bear-cub ") == "polar bear cub"
    assert plain("Cafe\u0301") == plain("café") == "café"


def test_labels_in_columns_are_made_plain_in_the_same_way():
    labels = [" Polar_Bear-cub ", "Cafe\u0301", "STRASSE", "ÅNGSTRÖM", "a\u00a0b", "x\ty", "Σίσυφος"]
    found = label_rows(pl.Series(labels), pl.Series([[]] * len(labels), dtype=pl.List(pl.String)))
    assert found == {plain(label): [row] for row, label in enumerate(labels)}


def test_a_wordnet_offset_is_written_in_several_ways():
    for text in ("n02084071", "N2084071", " n2084071", "02084071-n", "2084071-N"):
        assert list(spellings(text))[-1] == "n02084071"
    assert list(spellings("dog")) == ["dog"]


def test_the_nearest_come_first():
    ids = ["dog.n.01", "dog.n.02", "god.n.01", "cat.n.01", "tiger.n.02", "tiger_cat.n.01"]
    assert nearest_of("dog.n.1", ids)[:2] == ("dog.n.01", "dog.n.02")
    iris = ["http://x.org/zoo#PolarBear", "http://x.org/zoo/Seal/", "http://y.org/PolarBear", "x://"]
    assert nearest_of("PolarBaer", iris) == nearest_of(":polarBaer", iris) == (iris[0], iris[2])
    assert nearest_of("http://x.org/zoo#PolarBaer", iris)[0] == iris[0]
    assert nearest_of("seal", iris) == (iris[1],)
    assert nearest_of("tigre.n.02", ids, limit=1) == ("tiger.n.02",)
    assert nearest_of("TIGER.N.2", ids)[0] == "tiger.n.02"
    assert nearest_of("dgo", ["dog", "cat"]) == ("dog",)


def test_nothing_near_is_nothing():
    assert nearest_of("zzzzzzzz", ["dog.n.01"]) == ()
    assert nearest_of("", ["dog"]) == nearest_of("dog", []) == ()


def test_characters_that_mean_something_in_patterns_are_plain():
    assert nearest_of("a.*(b", ["a.*(bc", "zzz"]) == ("a.*(bc",)


def test_alternate_ids_of_one_concept_alone():
    others = pl.Series([["N1", "n2", "n2"], ["n1"], []])
    assert alternate_ids(others) == {"n2": 0}
