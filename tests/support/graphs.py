"""Wheels that depend on each other."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from tests.support.wheels import Distribution, make_wheel


def wheels_of(graph: Mapping[str, Sequence[str]], *, size: int = 0) -> list[Distribution]:
    """Make version 1.0 of every project in `graph`, which maps each to what it requires."""
    return [make_wheel(name, "1.0", requires, size=size) for name, requires in graph.items()]


def random_graph(count: int, *, seed: int, most: int = 3) -> dict[str, list[str]]:
    """Draw a graph without cycles: projects node-0, node-1… that each require up to `most` later ones.

    Every project but node-0 is required by at least one before it, so that node-0 brings all.
    """
    source = random.Random(seed)  # noqa: S311 - the same graph every time
    names = [f"node-{number}" for number in range(count)]
    graph: dict[str, list[str]] = {name: [] for name in names}
    for number in range(1, count):
        roomy = [name for name in names[:number] if len(graph[name]) < most]
        graph[source.choice(roomy)].append(names[number])
    for number, name in enumerate(names):
        later = [other for other in names[number + 1 :] if other not in graph[name]]
        wanted = source.randint(0, most - len(graph[name]))
        graph[name] += source.sample(later, min(wanted, len(later)))
    return graph
