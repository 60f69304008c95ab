"""What each leak adds to H, and whether the auditor finds it: on synthetic worlds, and on Tiny ImageNet's features.

One model throughout: unit class means for seen classes, kernel ridge from semantics to them for unseen ones, cosine,
gamma taken off seen classes; ridge and gamma are chosen on pretended-unseen classes. Rows about epochs, seeds and
columns of the loss use a bilinear softmax trained by Adam. Inflation is H with the leak less H without, in points:
mean and standard deviation over the seeds. "found" counts the worlds in which the auditor reports the check; the last
row counts those in which it reports anything of the run without a leak.

    python benchmarks/leaks.py --seeds 10 --data ../shared/data --threads 2
"""

import argparse
from pathlib import Path

import numpy as np
from leaks_planted import LEAKS, NothingToPlantIn
from leaks_worlds import synthetic, tiny_imagenet
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from kgzsl.evaluation.leaks import audit_protocol


def table_of(title, cases, *, is_audited):
    columns = ("leak", "check", "H without", "H with", "inflation", "found")
    table = Table(*columns, title=title)
    for name, (code, leak) in LEAKS.items():
        try:
            told = [leak(case) for case in cases]
        except NothingToPlantIn:
            continue
        pairs = 100 * np.array([[with_it, without] for with_it, without, _ in told])
        gain = pairs[:, 0] - pairs[:, 1]
        found = "-"
        if is_audited:
            reports = [audit_protocol(run) for *_, run in told]
            hits = sum(code in [finding.code for finding in report.found] for report in reports)
            found = f"{hits} of {len(reports)}"
        row = (
            f"{pairs[:, 1].mean():.1f}",
            f"{pairs[:, 0].mean():.1f}",
            f"{gain.mean():+.1f} ± {gain.std():.1f}",
            found,
        )
        table.add_row(name, code, *row)
    if is_audited:
        clean = sum(bool(audit_protocol(case.run).found) for case in cases)
        H = [100 * case.clean for case in cases]
        table.add_row("no leak", "", f"{np.mean(H):.1f}", f"{np.mean(H):.1f}", "", f"{clean} of {len(cases)}")
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the test data")
    parser.add_argument("--seeds", type=int, default=10, help="synthetic worlds; Tiny ImageNet takes 3 at most")
    parser.add_argument("--threads", type=int, default=2, help="threads of linear algebra")
    options = parser.parse_args()
    console = Console(width=120)
    with threadpool_limits(options.threads):
        worlds = [synthetic(seed) for seed in range(options.seeds)]
        console.print(
            table_of(f"{options.seeds} synthetic worlds: 45 seen and 15 unseen classes", worlds, is_audited=True)
        )
        folder = options.data / "tiny-imagenet"
        if not folder.is_dir():
            console.print(f"{folder} is not there, so nothing is measured on photographs")
            return
        photos = [tiny_imagenet(folder, seed) for seed in range(min(options.seeds, 3))]
        title = "Tiny ImageNet: 130 seen and 35 unseen classes, 30 training photographs a class"
        console.print(table_of(title, photos, is_audited=False))


if __name__ == "__main__":
    main()
