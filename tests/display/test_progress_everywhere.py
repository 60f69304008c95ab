"""Whatever takes long says so to a person, and to nobody else: run in a terminal of its own, and in a pipe."""

import os
import pty
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

BEGIN = """
import sys
import numpy as np
import kgzsl.display.progress
sys.modules["kgzsl.display.progress"]._DELAY_S = {delay}
import time
from kgzsl.display import silent
from kgzsl.display.progress import progress, steps
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.testing import example_graph, example_supervision
from dataclasses import replace
graph, told = example_graph(), example_supervision(num_inputs=8)
seen = replace(told, show_progress=None)
X, y = np.repeat(seen.weights, 4, axis=0), np.repeat(seen.classes, 4)
features = np.random.default_rng(0).normal(size=(len(graph), 6)).astype(np.float32)
"""

WORK = {
    "choosing settings": "from kgzsl.propagation import GraphGP\nGraphGP().fit(graph.index, features, seen)",
    "choosing settings ": "from kgzsl.baselines import ESZSL\nESZSL().fit(graph.index, features, seen)",
    "pretending classes": (
        "import kgzsl\n"
        "kgzsl.ZeroShotClassifier(graph, unseen=['tiger'], propagator='conse', calibration='stacking').fit(X, y)"
    ),
    "entailing": "graph.entail('rdfs')",
    "aligning": "from kgzsl.query.alignment import align\nalign(graph, graph)",
    "reading RDF": "import kgzsl\nkgzsl.read_rdf(text='<a:b> <a:eats> <a:c> .')",
    "comparing concepts": "names = [f'c{place}' for place in range(60)]\nkg = KnowledgeGraph.from_tables("
    "names, [(name, 'is_a', 'c0') for name in names[1:]])\nkg.similarity_matrix(names, measure='path')",
    "evaluating": (
        "import kgzsl\n"
        "clf = kgzsl.ZeroShotClassifier(graph, unseen=['tiger']).fit(X, y)\n"
        "kgzsl.evaluate(clf, X, y, X[:2], ['tiger', 'tiger'], coverage=None)"
    ),
    "looking for the smallest change": (
        "from kgzsl.explain.counterfactual import counterfactual\n"
        "from kgzsl.explain.faithfulness_worlds import white_box\n"
        "counterfactual(white_box(0).decision)"
    ),
    "measuring decisions": (
        "from kgzsl.explain.faithfulness import faithfulness\n"
        "from kgzsl.explain.faithfulness_worlds import white_box\n"
        "faithfulness([white_box(0).decision, white_box(1).decision], methods=['degree'], steps=2)"
    ),
}


def shown(work, *, delay=-1.0, in_terminal=True):
    """All that a program says on standard error."""
    program = BEGIN.format(delay=delay) + work
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "120", "OMP_NUM_THREADS": "2"}
    command = [sys.executable, "-W", "error::ResourceWarning", "-c", program]
    if not in_terminal:
        done = subprocess.run(command, capture_output=True, text=True, env=env, check=True, timeout=120)
        return done.stderr + done.stdout
    master, slave = pty.openpty()
    with subprocess.Popen(command, stderr=slave, stdout=subprocess.PIPE, env=env) as running:
        os.close(slave)
        said = b""
        while True:
            try:
                more = os.read(master, 65536)
            except OSError:
                break
            if not more:
                break
            said += more
        os.close(master)
    assert running.returncode == 0, said.decode(errors="replace")
    return said.decode(errors="replace")


def test_a_person_sees_how_far_it_is():
    said = shown("\n".join(f"{work}\nsys.stderr.write('END OF A WORK')" for work in WORK.values()))
    parts = said.split("END OF A WORK")
    assert len(parts) == len(WORK) + 1
    assert [words for words, part in zip(WORK, parts, strict=False) if words.strip() not in part] == []


def test_a_pipe_gets_nothing_whatever_is_done():
    assert shown("\n".join(WORK.values()), in_terminal=False) == ""


def test_quick_work_leaves_a_terminal_as_it_was():
    assert shown(WORK["entailing"], delay=60.0) == ""


def test_it_is_quiet_where_it_was_asked_to_be():
    asked = (
        "from kgzsl.query.alignment import align\nalign(graph, graph, show_progress=False)\n"
        f"with silent():\n    {WORK['entailing']}\n"
        "with progress(1, 'outer', show=False):\n    list(steps([1], 'inner'))\n"
    )
    assert shown(asked) == ""


def test_a_classifier_and_what_it_is_fitted_by_are_quiet_if_told():
    asked = (
        "import kgzsl\nclf = kgzsl.ZeroShotClassifier(graph, unseen=['tiger', 'wolf'], show_progress=False)\n"
        "keep = y != 'wolf'\nclf.fit(X[keep], y[keep])\nclf.counterfactual(X[0], label_space='unseen')\n"
        "from kgzsl.propagation import GraphGP\nfrom kgzsl.baselines import ESZSL\n"
        "GraphGP().fit(graph.index, features, told)\nESZSL().fit(graph.index, features, told)\n"
        "from kgzsl.bench import run_synthetic\nrun_synthetic(seeds=1, models=['eszsl'], show_progress=False)\n"
    )
    assert shown(asked) == ""


def test_a_classifier_shows_its_bars_in_a_pipe_if_told():
    said = shown(
        "import kgzsl\nclf = kgzsl.ZeroShotClassifier(graph, unseen=['tiger', 'wolf'], show_progress=True)\n"
        "keep = y != 'wolf'\nclf.fit(X[keep], y[keep])\nclf.counterfactual(X[0], label_space='unseen')\n",
        in_terminal=False,
    )
    assert "choosing settings" in said
    assert "looking for the smallest change" in said


def test_a_step_that_takes_long_is_shown_before_it_ends():
    said = shown(
        "with progress(2, 'waiting') as advance:\n    time.sleep(0.8)\n    sys.stderr.write('HERE')", delay=0.3
    )
    assert "waiting" in said.partition("HERE")[0]


def test_a_bar_within_a_bar_stands_below_it_and_goes_first():
    said = shown(
        "for outer in steps([1, 2], 'outer'):\n    for inner in steps([1, 2], 'inner [1]'):\n        time.sleep(0.15)\n"
    )
    assert "inner [1]" in said
    last = said[said.rindex("outer") :]
    assert "2/2" in last
    assert "inner" not in last
