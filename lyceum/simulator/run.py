"""Simulate a platform that nobody acts upon, from its first to its last week."""

from collections.abc import Callable
from pathlib import Path

from lyceum.simulator.platform import Platform, Summary


def simulate(
    folder: Path,
    /,
    *,
    users: int = 5000,
    weeks: int = 26,
    seed: int = 7,
    world: str = "demo",
    truth: Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> Summary:
    """Write the deliveries of a simulated platform into `folder`, and its latents into `truth` if given.

    The same arguments give the same bytes. `folder` must be absent or empty. Raises UsageError if it is not, if
    `users`, `weeks` or `seed` are out of range, or if worlds.toml has no such world.
    """
    platform = Platform(folder, users=users, weeks=weeks, seed=seed, world=world, truth=truth)
    for week in range(weeks):
        platform.step(week)
        if progress is not None:
            progress(f"Simulated week {week + 1} of {weeks}: {platform.events:,} events so far.")
    return platform.finish()
