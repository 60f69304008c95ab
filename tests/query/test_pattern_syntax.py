import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgzsl.errors import InputFormatError, KgzslError, ResourceLimitError
from kgzsl.query.pattern_syntax import PatternSyntaxError, parse_pattern, pattern_at
from kgzsl.query.pattern_tree import Alternative, AnyStep, Inverse, OtherStep, Repeated, Sequence, Step

A, B, C = Step("a"), Step("b"), Step("c")
BACK = Step("a", forward=False)


@pytest.mark.parametrize(
    "text, tree",
    [
        ("a", A),
        ("^a", BACK),
        (".", AnyStep()),
        ("^.", AnyStep(forward=False)),
        ("a/b/c", Sequence((A, B, C))),
        ("a|b|c", Alternative((A, B, C))),
        ("a|b/c", Alternative((A, Sequence((B, C))))),
        ("(a|b)/c", Sequence((Alternative((A, B)), C))),
        ("a/(b/c)", Sequence((A, B, C))),
        ("(a|b)|c", Alternative((A, B, C))),
        ("a?", Repeated(A, 0, 1)),
        ("a*", Repeated(A, 0, None)),
        ("a+", Repeated(A, 1, None)),
        ("a{2}", Repeated(A, 2, 2)),
        ("a{2,}", Repeated(A, 2, None)),
        ("a{ 2 , 3 }", Repeated(A, 2, 3)),
        ("^a+", Inverse(Repeated(A, 1, None))),
        ("(^a)+", Repeated(BACK, 1, None)),
        ("^(a/b)", Inverse(Sequence((A, B)))),
        ("^(^a)", A),
        ("!a", OtherStep((A,))),
        ("!^a+", Repeated(OtherStep((BACK,)), 1, None)),
        ("!(a|^a|b)", OtherStep((A, BACK, B))),
        ("!()", OtherStep(())),
        (" ( a / b ) * \n| c ", Alternative((Repeated(Sequence((A, B)), 0, None), C))),
        ("schema:part-of/_x1", Sequence((Step("schema:part-of"), Step("_x1")))),
        ("</r/IsA>/<has part>", Sequence((Step("/r/IsA"), Step("has part")))),
        (r"<a\>b\\>", Step("a>b\\")),
        ("größer", Step("größer")),
        ("(" * 30 + "a" + ")" * 30, A),
    ],
)
def test_a_pattern_is_read_as_its_operators_bind(text, tree):
    assert parse_pattern(text) == tree


ANY = "a relation, '.', '!', '(' or '^'"
GO_ON = "'/', '|', '?', '*', '+', '{m,n}' or the end"
OTHER_NAMES = "; a name with other characters stands in '<…>'"


@pytest.mark.parametrize(
    "text, place, expected",
    [
        ("", 0, ANY),
        ("  ", 2, ANY),
        ("a/", 2, ANY),
        ("a||b", 2, ANY),
        ("a|*", 2, ANY),
        ("()", 1, ANY),
        ("(a", 2, "')' for the '(' at place 0, '/' or '|'"),
        ("a)", 1, GO_ON),
        ("a b", 2, GO_ON + OTHER_NAMES),
        ("a.n.01", 1, GO_ON + OTHER_NAMES),
        ("a++", 2, "'/', '|' or the end"),
        ("a?b", 2, "'/', '|' or the end" + OTHER_NAMES),
        ("a ?x", 2, "'?' right after its step"),
        ("^^a", 1, "a relation or '('"),
        ("!.", 1, "a relation, '^' or '(' after '!'"),
        ("!^", 2, "a relation"),
        ("!(a/b)", 3, "'|' or ')'; only relations stand in '!(…)'"),
        ("!(a|)", 4, "a relation or '^' and a relation"),
        ("a{x}", 1, "'{m}', '{m,}' or '{m,n}' with numbers"),
        ("a{,2}", 1, "'{m}', '{m,}' or '{m,n}' with numbers"),
        ("a{3,2}", 1, "a second number that is at least 3"),
        ("<a", 0, "a name between '<' and '>', with '\\>' for a '>' in it"),
        ("<>", 0, "a name between '<' and '>', with '\\>' for a '>' in it"),
    ],
)
def test_an_error_says_where_it_is_and_what_was_expected(text, place, expected):
    with pytest.raises(PatternSyntaxError) as caught:
        parse_pattern(text)
    error = caught.value
    assert (error.pattern, error.place, error.expected) == (text, place, expected)
    assert isinstance(error, InputFormatError)


def test_an_error_shows_a_caret_under_the_place():
    with pytest.raises(PatternSyntaxError) as caught:
        parse_pattern("is_a+/has_part??/made_of")
    assert str(caught.value) == (
        "cannot read the pattern: it has '?' at place 15, expected '/', '|' or the end\n"
        "  is_a+/has_part??/made_of\n"
        "                 ^"
    )


def test_a_long_pattern_is_cut_around_the_place():
    with pytest.raises(PatternSyntaxError) as caught:
        parse_pattern("x" * 500 + "//" + "y" * 500)
    shown, caret = caught.value.message.splitlines()[1:]
    assert len(shown) == 76
    assert shown[caret.index("^")] == "/"
    assert shown[caret.index("^") + 1] == "y"


def test_an_error_travels_between_processes():
    with pytest.raises(PatternSyntaxError) as caught:
        parse_pattern("a/")
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.place) == (str(caught.value), 2)


@pytest.mark.parametrize("pattern", [3, None, ["a"], b"a"])
def test_a_pattern_that_is_no_string_is_refused(pattern):
    with pytest.raises(InputFormatError, match="a pattern is a string"):
        parse_pattern(pattern)


@pytest.mark.parametrize(
    "text, words",
    [
        ("(" * 10_000 + "a" + ")" * 10_000, "more than 30 parentheses"),
        ("^(" * 10_000 + "a" + ")" * 10_000, "more than 30 parentheses"),
        ("a{1,100000}", "at most 1,000 times"),
        ("a{" + "9" * 10_000 + "}", "at most 1,000 times"),
    ],
)
def test_a_giant_pattern_is_refused_by_name(text, words):
    with pytest.raises(ResourceLimitError, match=words):
        parse_pattern(text)


@pytest.mark.parametrize(
    "text, start, tree, rest",
    [
        ("?x is_a+ ?y . ?y", 3, Repeated(Step("is_a"), 1, None), "?y . ?y"),
        ("?x is_a ?y", 3, Step("is_a"), "?y"),
        ("?x is_a? ?y", 3, Repeated(Step("is_a"), 0, 1), "?y"),
        ("?x is_a / has_part equine.n.01 .", 3, Sequence((Step("is_a"), Step("has_part"))), "equine.n.01 ."),
        ("?x (a|b)* </c/en/dog>", 3, Repeated(Alternative((A, B)), 0, None), "</c/en/dog>"),
    ],
)
def test_a_pattern_inside_a_text_ends_where_it_cannot_go_on(text, start, tree, rest):
    found, end = pattern_at(text, start)
    assert (found, text[end:]) == (tree, rest)


def test_a_pattern_inside_a_text_may_be_bounded():
    assert pattern_at("a /c/en/dog", 0, 1) == (A, 1)
    with pytest.raises(PatternSyntaxError, match="the pattern ends at place 2") as caught:
        pattern_at("a/ b", 0, 2)
    assert caught.value.pattern == "a/ b"


# -- laws ------------------------------------------------------------------------------------------------------

_names = st.sampled_from(["a", "is_a", "cn:dbpedia/genus", "/r/IsA", "has part", "x>y\\", "?", "ß:-"])
_steps = st.builds(Step, _names, st.booleans())
_leaves = _steps | st.builds(AnyStep, st.booleans()) | st.builds(OtherStep, st.lists(_steps, max_size=3).map(tuple))


def _grown(parts):
    counts = st.sampled_from([(0, 1), (0, None), (1, None), (2, 2), (2, None), (0, 3), (0, 0)])
    not_joined = parts.filter(lambda part: not isinstance(part, Sequence | Alternative))
    branches = parts.filter(lambda part: not isinstance(part, Alternative))
    return st.one_of(
        st.lists(not_joined | _leaves, min_size=2, max_size=3).map(lambda found: Sequence(tuple(found))),
        st.lists(branches, min_size=2, max_size=3).map(lambda found: Alternative(tuple(found))),
        st.builds(lambda part, c: Repeated(part, *c), parts, counts),
        parts.filter(lambda part: not isinstance(part, Step | AnyStep)).map(Inverse),
    )


@settings(max_examples=150, deadline=None)
@given(st.recursive(_leaves, _grown, max_leaves=8))
def test_a_pattern_is_read_as_it_is_printed(tree):
    assert parse_pattern(str(tree)) == tree


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="ab?*+|/^!(){}<>\\.,12 é\n", max_size=20))
def test_any_text_is_read_or_refused_by_name(text):
    try:
        tree = parse_pattern(text)
    except KgzslError:
        return
    assert parse_pattern(str(tree)) == tree
