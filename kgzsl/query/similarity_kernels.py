"""The loops behind many similarities: the best ancestor that each concept of one list shares with each of another."""

from typing import Any, Final

from kgzsl.graph.compiled import kernel

__all__ = [
    "DISTANCE",
    "INFORMATION",
    "WU_PALMER",
    "best_shared",
    "best_shared_of_pair",
    "nltk_wu_palmer",
    "nltk_wu_palmer_of_pair",
]

DISTANCE: Final = 0
WU_PALMER: Final = 1
INFORMATION: Final = 2


@kernel
def best_shared(
    kind: int,
    x_starts: Any,
    x_nodes: Any,
    x_steps: Any,
    y_starts: Any,
    y_nodes: Any,
    y_steps: Any,
    worth: Any,
    mark: Any,
    best: Any,
) -> None:
    """Raise `best[i, j]` to the most that an ancestor of both the i-th x and the j-th y gives.

    That is minus the edges by way of it (`DISTANCE`), 2w/(edges + 2w) with its `worth` w (`WU_PALMER`), or its worth
    (`INFORMATION`). `mark` holds -1 for every node, before and after.
    """
    for i in range(len(x_starts) - 1):
        for p in range(x_starts[i], x_starts[i + 1]):
            mark[x_nodes[p]] = x_steps[p]
        for j in range(len(y_starts) - 1):
            most = best[i, j]
            for p in range(y_starts[j], y_starts[j + 1]):
                node = y_nodes[p]
                if mark[node] < 0:
                    continue
                if kind == 2:
                    value = worth[node]
                elif kind == 1:
                    value = 2 * worth[node] / (mark[node] + y_steps[p] + 2 * worth[node])
                else:
                    value = -float(mark[node] + y_steps[p])
                if value > most:  # noqa: PLR1730
                    most = value
            best[i, j] = most
        for p in range(x_starts[i], x_starts[i + 1]):
            mark[x_nodes[p]] = -1


@kernel
def nltk_wu_palmer(
    x_starts: Any,
    x_nodes: Any,
    x_steps: Any,
    x_own: Any,
    y_starts: Any,
    y_nodes: Any,
    y_steps: Any,
    y_own: Any,
    shortest: Any,
    longest: Any,
    rooted: Any,
    before_root: Any,
    mark: Any,
    out: Any,
) -> None:
    """Wu-Palmer as NLTK has it; nan where there is no common ancestor.

    Of `x_own` and `y_own` each row has a node and the steps to the fake root; `rooted` says of each node whether it
    needs that root. `mark` holds -1 for every node, before and after.
    """
    for i in range(len(x_starts) - 1):
        x = x_own[i, 0]
        for p in range(x_starts[i], x_starts[i + 1]):
            mark[x_nodes[p]] = p
        for j in range(len(y_starts) - 1):
            chosen = -1
            at = -1
            for p in range(y_starts[j], y_starts[j + 1]):
                node = y_nodes[p]
                if mark[node] < 0:
                    continue
                better = chosen < 0 or shortest[node] > shortest[chosen]
                if not better and shortest[node] == shortest[chosen] and chosen != x:
                    better = node == x or node < chosen
                if better:
                    chosen = node
                    at = p
            fake = rooted[x] or rooted[y_own[j, 0]]
            if fake and chosen >= 0:
                fake = shortest[chosen] == 0 and chosen != x and not before_root[chosen]
            if fake:
                out[i, j] = 2.0 / (x_own[i, 1] + 1 + y_own[j, 1] + 1)
            elif chosen >= 0:
                depth = longest[chosen] + 1
                out[i, j] = (2.0 * depth) / (x_steps[mark[chosen]] + depth + y_steps[at] + depth)
            else:
                out[i, j] = float("nan")
        for p in range(x_starts[i], x_starts[i + 1]):
            mark[x_nodes[p]] = -1


@kernel
def best_shared_of_pair(kind: int, packed: Any, size: int, worth: Any, x: int, y: int) -> float:
    """`best_shared` of one pair of `size` nodes, minus infinity if nothing is shared; `packed` as in `AncestorRows`."""
    rows = packed[size + 1 : size + 1 + packed[size]]
    steps = packed[size + 1 + packed[size] :]
    most = -float("inf")
    for at in range(packed[x], packed[x + 1]):
        node = rows[at]
        for other in range(packed[y], packed[y + 1]):
            if rows[other] != node:
                continue
            if kind == 2:
                value = worth[node]
            elif kind == 1:
                value = 2 * worth[node] / (steps[at] + steps[other] + 2 * worth[node])
            else:
                value = -float(steps[at] + steps[other])
            if value > most:  # noqa: PLR1730
                most = value
            break
    return most


@kernel
def _detour(packed: Any, size: int, x: int, ancestor: int) -> int:
    """Steps of the shortest path from `x` to one of its ancestors, which may go over another one."""
    rows = packed[size + 1 : size + 1 + packed[size]]
    steps = packed[size + 1 + packed[size] :]
    fewest = -1
    for further in range(packed[ancestor], packed[ancestor + 1]):
        for at in range(packed[x], packed[x + 1]):
            if rows[at] == rows[further]:
                if fewest < 0 or steps[at] + steps[further] < fewest:
                    fewest = steps[at] + steps[further]
                break
    return fewest


@kernel
def nltk_wu_palmer_of_pair(packed: Any, traits: Any, size: int, x: int, y: int) -> float:
    """`nltk_wu_palmer` of one pair of `size` nodes; `packed` as `AncestorRows` has it.

    `traits` has for each node the shortest and the longest way to a root, whether it needs the fake root, and whether
    it stands before that root by name.
    """
    rows = packed[size + 1 : size + 1 + packed[size]]
    steps = packed[size + 1 + packed[size] :]
    chosen = -1
    for at in range(packed[y], packed[y + 1]):
        node = rows[at]
        better = chosen < 0 or traits[node, 0] > traits[chosen, 0]
        if not better and traits[node, 0] == traits[chosen, 0] and chosen != x:
            better = node == x or node < chosen
        if not better:
            continue
        for other in range(packed[x], packed[x + 1]):
            if rows[other] == node:
                chosen = node
                break
    fake = traits[x, 2] + traits[y, 2] > 0
    if fake and chosen >= 0:
        fake = traits[chosen, 0] == 0 and chosen != x and traits[chosen, 3] == 0
    if fake:
        return float(2.0 / (steps[packed[x + 1] - 1] + steps[packed[y + 1] - 1] + 4))
    if chosen < 0:
        return float("nan")
    depth = traits[chosen, 1] + 1
    return float((2.0 * depth) / (_detour(packed, size, x, chosen) + depth + _detour(packed, size, y, chosen) + depth))
