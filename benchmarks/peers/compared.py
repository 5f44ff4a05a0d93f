"""Who is compared with the project, and the comparison: the same log, the same columns, a process each."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

from benchmarks.peers import by_pandas, by_polars
from benchmarks.peers.bench import Bench, Result, best
from benchmarks.peers.forty import Job

Compared = dict[str, list[Result] | None]


@dataclass(frozen=True)
class Peer:
    """A library that computes the forty columns too: its name, the package that it needs, and what writes them."""

    name: str
    package: str
    write: Callable[[Job], dict[str, float]]

    @property
    def installed(self) -> bool:
        """Whether its package can be imported here."""
        return find_spec(self.package) is not None


PEERS = (
    Peer("polars", "polars", by_polars.write),
    Peer("pandas", "pandas", by_pandas.write),
)


def compare(log: Bench, /, *, ours: str, rounds: int, peers: tuple[Peer, ...] = PEERS) -> Compared:
    """Run `ours` (a contender's name) and each peer in turn over the log; the results of each, None of those absent.

    Raises:
        SystemExit: a peer's values differ from ours.
    """
    here = present(peers)
    runs: dict[str, list[Result]] = {name: [] for name in (ours, *(peer.name for peer in here))}
    for _ in range(rounds):
        for name, found in runs.items():
            found.append(log.run(name))
    for peer in here:
        log.require_equal(ours, peer.name)
    return {"ours": runs[ours], **{peer.name: runs.get(peer.name) for peer in peers}}


def present(peers: tuple[Peer, ...], /) -> tuple[Peer, ...]:
    """Those whose package is installed; a line on stderr for each of the others says how to install it."""
    for peer in peers:
        if not peer.installed:
            print(f"{peer.name} is NOT compared: its package is not installed. "
                  f"Install it by `python -m pip install {peer.package}`.", file=sys.stderr, flush=True)  # fmt: skip
    return tuple(peer for peer in peers if peer.installed)


def speedups(found: Compared, /) -> dict[str, float | None]:
    """How many times as long as ours each peer took, by the clock (`speedup_over_`) and by the cores (`cpu_...`)."""
    ours = found["ours"] or []
    return {
        f"{prefix}speedup_over_{name}": round(best(runs, key) / best(ours, key), 4) if runs else None
        for prefix, key in (("", "seconds"), ("cpu_", "cpu_seconds"))
        for name, runs in found.items()
        if name != "ours"
    }
