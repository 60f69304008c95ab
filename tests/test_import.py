import json
import subprocess
import sys

import pytest

import kgzsl

HEAVY = ["torch", "torch_geometric", "nltk", "rdflib", "polars", "numpy", "scipy", "sklearn", "networkx", "matplotlib"]


def in_a_fresh_process(program):
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    return json.loads(said.stdout)


def test_importing_takes_under_a_third_of_a_second():
    program = "import time; start = time.perf_counter(); import kgzsl; print(time.perf_counter() - start)"
    seconds = []
    while not seconds or (min(seconds) >= 0.3 and len(seconds) < 20):  # one quick one is enough, on a busy machine too
        seconds.append(in_a_fresh_process(program))
    assert min(seconds) < 0.3, seconds


def test_importing_loads_nothing_heavy():
    program = f"import json, sys, kgzsl; print(json.dumps([m for m in {HEAVY!r} if m in sys.modules]))"
    assert in_a_fresh_process(program) == []


def test_asking_a_graph_loads_neither_torch_nor_readers():
    program = (
        "import json, sys, kgzsl\n"
        "kgzsl.load_graph('wordnet').ancestors('tiger.n.02')\n"
        "print(json.dumps([m for m in ('torch', 'torch_geometric', 'nltk', 'rdflib', 'sklearn') if m in sys.modules]))"
    )
    assert in_a_fresh_process(program) == []


def test_explaining_a_closed_form_loads_no_torch():
    program = (
        "import json, sys\n"
        "from kgzsl.testing import example_classifier\n"
        "str(example_classifier().explain([0, 0, 1, 0, 1, 0], effects=True))\n"
        "print(json.dumps([m for m in ('torch', 'torch_geometric') if m in sys.modules]))"
    )
    assert in_a_fresh_process(program) == []


def test_dir_lists_the_public_names_before_they_are_loaded():
    program = "import json, kgzsl; print(json.dumps([dir(kgzsl), list(kgzsl.__all__)]))"
    listed, public = in_a_fresh_process(program)
    assert set(public) <= set(listed)
    assert {name for name in listed if not name.startswith("_")} == set(public) - {"__version__"}


@pytest.mark.parametrize("name", sorted(kgzsl.__all__))
def test_every_public_name_is_there_and_documented(name):
    value = getattr(kgzsl, name)
    assert name == "__version__" or value.__doc__


def test_errors_can_be_named_before_anything_else_is_loaded():
    program = "import json, kgzsl; print(json.dumps(kgzsl.errors.PatternSyntaxError.__module__))"
    assert in_a_fresh_process(program) == "kgzsl.errors"


def test_an_unknown_name_leads_to_the_nearest():
    with pytest.raises(AttributeError, match=r"module 'kgzsl' has no attribute 'load_grap'.*load_graph"):
        _ = kgzsl.load_grap


def test_the_version_is_that_of_the_package():
    assert kgzsl.__version__[0].isdigit()
    assert kgzsl.__version__.count(".") >= 1
