"""How faithful explanations are, by interventions on the model they explain: worlds W1 to W8, ours and others'.

W1 and W3 to W7 have models written by hand, of which it is known what must be said; W2 trains networks in a planted
world, W8 on photographs of Tiny ImageNet under WordNet (--data; skipped without). Rows are ways to rank the facts of a
decision; "gain" is 0 for random orders and 1 for the greedy oracle. Seeds start at --seed: nothing was chosen on those.

    python benchmarks/faithfulness.py --data ../shared/data/tiny-imagenet --jobs 4

With --results FILE each trained model's results are added to a file of JSON lines as soon as they are there, and read
from it the next time: a run that was cut off goes on where it was.
"""

import argparse
import json
import os
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from worlds import PHOTOGRAPHS, PLANTED, Trained, photographs, planted

from kgzsl.display.text import text_table
from kgzsl.explain.counterfactual import counterfactual
from kgzsl.explain.decision import Decision
from kgzsl.explain.faithfulness import (
    CONTROLS,
    METHODS,
    Fidelity,
    Measurement,
    deletion_gain,
    greedy_ranking,
    leading,
    measure,
    randomisation_check,
    stability,
    summary,
)
from kgzsl.explain.gates import GatedMargin

OURS = ("integrated-gradients", "integrated-gradients-suppress", "shapley", "paths", "measured", "measured-suppress")
OTHERS = ("occlusion", "occlusion-suppress", "gradient", "gradient-remove")
GNN = "GNNExplainer"
COLUMNS = [
    "del AUC",
    "95 %",
    "gain",
    "95 %",
    "ins AUC",
    "flip %",
    "facts",
    "sign",
    "compl.",
    "Fid+",
    "Fid-",
    "ms",
]


@dataclass(frozen=True)
class Result:
    """What one model of one seed gave."""

    world: str
    model: str
    seed: int
    accuracy: float
    measurements: tuple[Measurement, ...]
    gap: float
    certificates: tuple[tuple[str, int], ...]
    checks: dict[str, tuple[float, float]]
    mask_seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Task:
    world: str
    model: str
    seed: int
    cases: int
    counterfactuals: int
    data: Path | None
    masks: bool = True


def work(task: Task) -> Result:
    """Train, ask, measure."""
    import torch

    torch.set_num_threads(1)
    trained = _trained(task)
    masks, methods = _methods(task)
    found: list[Measurement] = []
    gap = 0.0
    for number, decision in enumerate(trained.decisions):
        found += measure(decision, methods=methods, random_state=1000 * task.seed + number, group=str(task.seed))
        gap = max(gap, _gap(decision))
    checks: dict[str, tuple[float, float]] = {}
    for name in (*OURS, *CONTROLS):
        if name in methods and trained.decisions:
            first = trained.decisions[0]
            checks[name] = stability(first, methods[name]), randomisation_check(first, methods[name])
    certificates = tuple(_certificate(decision) for decision in trained.decisions[: task.counterfactuals])
    seconds = {} if masks is None else {name: float(np.median(of)) for name, of in masks.seconds.items()}
    return Result(task.world, task.model, task.seed, trained.accuracy, tuple(found), gap, certificates, checks, seconds)


def _trained(task: Task) -> Trained:
    if task.world == "W2":
        return planted(task.model, task.seed, task.cases)
    assert task.data is not None
    return photographs(task.model, task.data, task.seed, task.cases)


def _methods(task: Task) -> tuple[Any, dict[str, Any]]:
    is_network = task.model != "graph-gp"
    names = [name for name in (*OURS, *OTHERS) if is_network or name != "shapley"]
    methods: dict[str, Any] = {name: METHODS[name] for name in names} | dict(CONTROLS)
    if not (is_network and task.masks):
        return None, methods
    from explainers import CaptumIntegratedGradients, GNNExplainerRuns

    masks = GNNExplainerRuns()
    methods |= {name: partial(masks.ranking, name=name) for name in masks.names()}
    methods["Captum IG"] = CaptumIntegratedGradients()
    return masks, methods


def _gap(decision: Decision) -> float:
    """Gates beside the model's own weights on the edited graph, as far as the oracle goes."""
    asked = GatedMargin(decision)
    gone = leading(greedy_ranking(asked, num_candidates=32, steps=6))
    sets = [gone[:count] for count in range(len(gone) + 1)]
    return float(np.abs(asked.without(sets) - [asked.exact(one) for one in sets]).max())


def _certificate(decision: Decision) -> tuple[str, int]:
    """Of the smallest change that makes any other class win; facts are tried in the order of their measured effect."""
    found = counterfactual(decision, leading(METHODS["measured"](decision)), budget=1_000)
    found.verify()
    return found.certificate, len(found)


# -- what is kept --------------------------------------------------------------------------------------------------


def _key(task: Task) -> str:
    return json.dumps([task.world, task.model, task.seed, task.cases, task.counterfactuals, task.masks])


def read_results(path: Path | None) -> dict[str, Result]:
    """Finished tasks; a last line that was cut off is not one."""
    kept: dict[str, Result] = {}
    for line in path.read_text().splitlines() if path is not None and path.exists() else ():
        try:
            key, row = json.loads(line)
        except json.JSONDecodeError:
            continue
        measured = [Measurement(**one | {"fidelity": Fidelity(*one["fidelity"])}) for one in row["measurements"]]
        certificates = tuple((word, size) for word, size in row["certificates"])
        kept[key] = Result(**row | {"measurements": tuple(measured), "certificates": certificates})
    return kept


def results_of(tasks: Sequence[Task], kept: dict[str, Result], path: Path | None, jobs: int) -> Iterable[Result]:
    """In the order of the tasks; those that are kept already are not worked on again."""
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        waiting = {_key(task): pool.submit(work, task) for task in tasks if _key(task) not in kept}
        if path is not None:
            for key, future in waiting.items():
                future.add_done_callback(partial(_keep, path, key))
        for task in tasks:
            key = _key(task)
            yield kept[key] if key in kept else waiting[key].result()


def _keep(path: Path, key: str, future: Any) -> None:
    if not future.cancelled() and future.exception() is None:
        with path.open("a") as file:
            file.write(json.dumps([key, asdict(future.result())]) + "\n")


# -- what is printed -----------------------------------------------------------------------------------------------


def report(world: str, model: str, results: Sequence[Result]) -> None:
    found = [one for result in results for one in result.measurements]
    best, found = _best_masks(found)
    table = summary(found)
    num = len(found) // max(len({(one.method, one.semantics) for one in found}), 1)
    accuracy = np.mean([result.accuracy for result in results])
    print(f"\n{world}, {model}: {num} decisions of {len(results)} seeds; accuracy among unseen classes {accuracy:.3f}")
    print(f"gates and the model's own weights on the edited graph differ by {max(r.gap for r in results):.1e} at most")
    seconds = {name: np.median([r.mask_seconds[name] for r in results]) for name in results[0].mask_seconds}
    for meaning in ("remove", "suppress"):
        lines = [_line(row, found, meaning, best, seconds) for row in table if row[1] == meaning]
        print(text_table(lines, [meaning, *COLUMNS], right=COLUMNS, width=170))
    _print_rest(results)
    _print_goals(world, found, best, seconds, table)


def _line(row: Any, found: Sequence[Measurement], meaning: str, best: Any, seconds: Any) -> list[str]:
    name, _, area, low, high, _, gain_low, gain_high, come, flipped, flips, sign, sums, plus, minus, ms = row
    if name == GNN:
        ms, shown = 1000 * seconds[best[meaning]], best[meaning]
    else:
        shown = name
    gain = np.mean(by_seed(found, name, meaning))
    cells = [f"{area:.3f}", f"{low:.3f}-{high:.3f}", f"{gain:.3f}", f"{gain_low:.3f}-{gain_high:.3f}"]
    cells += [f"{come:.3f}", f"{100 * flipped:.0f}", f"{flips:.2f}", f"{sign:.3f}", f"{sums:.1e}"]
    return [shown, *cells, f"{plus:.2f}", f"{minus:.2f}", f"{ms:.0f}"]


def by_seed(found: Sequence[Measurement], name: str, meaning: str) -> list[float]:
    """The gain of each seed, from the means of its decisions."""

    def mean(method: str, group: str) -> float:
        return float(
            np.mean([o.deletion for o in found if (o.method, o.semantics, o.group) == (method, meaning, group)])
        )

    groups = dict.fromkeys(one.group for one in found)
    return [deletion_gain(mean(name, g), random=mean("random", g), oracle=mean("oracle", g)) for g in groups]


def _best_masks(found: Sequence[Measurement]) -> tuple[dict[str, str], list[Measurement]]:
    """The setting of GNNExplainer with the lowest mean deletion AUC speaks for it, in each semantics."""
    best: dict[str, str] = {}
    for meaning in ("remove", "suppress"):
        areas: dict[str, list[float]] = {}
        for one in found:
            if one.method.startswith(GNN) and one.semantics == meaning:
                areas.setdefault(one.method, []).append(one.deletion)
        if areas:
            best[meaning] = min(areas, key=lambda name: float(np.mean(areas[name])))
    kept = [one for one in found if not one.method.startswith(GNN)]
    kept += [replace(one, method=GNN) for one in found if one.method == best.get(one.semantics)]
    return best, kept


def _print_rest(results: Sequence[Result]) -> None:
    for name in results[0].checks:
        same, changed = np.nanmean([result.checks[name] for result in results], axis=0)
        print(f"  {name}: stability {same:.3f}, Spearman with a model of shuffled parameters {changed:+.2f}")
    told = Counter(word for result in results for word, _ in result.certificates)
    sizes = Counter(size for result in results for _, size in result.certificates)
    if told:
        found = sum(told.values()) - told["none found"]
        share = 100 * told["certified"] / max(found, 1)
        print(f"  counterfactuals: {share:.0f} % of those found certified minimal: {dict(told)}; sizes {dict(sizes)}")


def _print_goals(world: str, found: Sequence[Measurement], best: Any, seconds: Any, table: Any) -> None:
    area = {(row[0], row[1]): row[2] for row in table}
    ms = {(row[0], row[1]): row[-1] for row in table}
    for meaning, goal, name in (("remove", 0.95, "measured"), ("suppress", 0.97, "measured-suppress")):
        rows = [name, "shapley", "paths", "integrated-gradients", "occlusion"]
        gains = {one: float(np.mean(by_seed(found, one, meaning))) for one in rows if (one, meaning) in area}
        told = ", ".join(f"{one} {gain:.3f}" for one, gain in gains.items())
        print(f"  goal {meaning}: gain at least {goal}: {told}")
        against = [("random", area["random", meaning])]
        if best:
            against.append((GNN, area[GNN, meaning]))
        for one in rows:
            if (one, meaning) in area:
                ratios = ", ".join(f"{area[one, meaning] / other:.2f} of {label}'s" for label, other in against)
                times = f"; {1000 * seconds[best[meaning]] / ms[one, meaning]:.0f} times as fast as it" if best else ""
                print(f"    deletion AUC of {one}: {ratios}{times}")


def tasks_of(options: argparse.Namespace) -> Iterable[Task]:
    seeds = range(options.seed, options.seed + options.seeds)
    if "W2" in options.worlds:
        for model in PLANTED:
            for seed in seeds:
                yield Task("W2", model, seed, options.cases, min(options.cases, options.counterfactuals), None)
    if "W8" in options.worlds:
        if options.data is None or not options.data.is_dir():
            print("W8 is skipped: no --data")
            return
        for model in PHOTOGRAPHS:
            for seed in list(seeds)[: max(1, options.seeds // 2)]:
                yield Task("W8", model, seed, options.cases, 0, options.data)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worlds", nargs="+", default=[f"W{number}" for number in range(1, 9)])
    parser.add_argument("--seed", type=int, default=100, help="the first seed")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--cases", type=int, default=4, help="decisions of each seed")
    parser.add_argument("--counterfactuals", type=int, default=2, help="of those, for how many one is sought")
    parser.add_argument("--data", type=Path, help="folder with features.npz and minilm.npz")
    parser.add_argument("--results", type=Path, help="file of JSON lines to which results are added and read from")
    parser.add_argument("--jobs", type=int, default=min(4, os.cpu_count() or 1))
    parser.add_argument("--quick", action="store_true", help="two seeds, two decisions each")
    options = parser.parse_args(arguments)
    if options.quick:
        options.seeds, options.cases, options.counterfactuals = 2, 2, 1
    started = time.perf_counter()
    white = [world for world in options.worlds if world not in ("W2", "W8")]
    if white:
        from white_boxes import print_white_boxes

        print_white_boxes(white, range(options.seed, options.seed + options.seeds))
    tasks = list(tasks_of(options))
    left = Counter((task.world, task.model) for task in tasks)
    results: dict[tuple[str, str], list[Result]] = {}
    for result in results_of(tasks, read_results(options.results), options.results, options.jobs):
        group = result.world, result.model
        results.setdefault(group, []).append(result)
        if len(results[group]) == left[group]:
            report(*group, results[group])
    print(f"\n{time.perf_counter() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main()
