"""What is held for people: live lessons, check-in camps, and the pushes of promotions."""

import numpy as np

from lyceum.simulator.agenda import Activity
from lyceum.simulator.draw import Array
from lyceum.simulator.people import accounts, hour_draw
from lyceum.simulator.state import State
from lyceum.simulator.world import DAY


def hold_activities(platform: State, day: int, /) -> None:
    """All that activities add to `day`."""
    for lecture in platform.agenda.going_on("lecture", day):
        hold_lecture(platform, lecture, day=day)
    for camp in platform.agenda.going_on("camp", day):
        hold_camp(platform, camp, day=day)
    for promotion in platform.agenda.going_on("promotion", day):
        if day == promotion.first_day:
            push(platform, promotion, day=day)


def interested(platform: State, category: int, share: float, /, *, day: int) -> Array:
    """People who take part: those who come, by taste for the category and energy, registered before `day`."""
    people, lives = platform.people, platform.lives
    there = lives.alive & (people.day < day)
    liking = people.taste[:, category] * people.taste.shape[1] * np.exp(lives.energy)
    return np.flatnonzero(there & (platform.rng.random(len(there)) < share * liking))


def hold_lecture(platform: State, lecture: Activity, /, *, day: int) -> None:
    """Log who attends a live lesson and for how long."""
    rng, people = platform.rng, platform.people
    there = interested(platform, lecture.category, platform.world.events["lecture_attend"], day=day)
    missed = np.minimum(rng.exponential(300, len(there)), 3000).astype(np.int64)
    stayed = np.maximum(((3600 - missed) * rng.beta(4, 1.5, len(there))).astype(np.int64), 30)
    platform.journal.record(
        "attend",
        lecture.starts % DAY + missed,
        uid=accounts(there),
        object=lecture.id,
        group=platform.agenda.groups[lecture.group].id,
        duration_s=stayed,
        channel=people.device[there],
    )


def hold_camp(platform: State, camp: Activity, /, *, day: int) -> None:
    """Let people join a camp on its first day, and members check in day by day, fewer as it goes on."""
    rates, rng, people = platform.world.events, platform.rng, platform.people
    if day == camp.first_day:
        camp.members = interested(platform, camp.category, rates["camp_join"], day=day)
        platform.lives.energy[camp.members] += 0.3
    members = camp.members[platform.lives.alive[camp.members]]
    eager = rates["camp_check_in"] * 0.97 ** (day - camp.first_day)
    present = platform.chance(eager, members)
    platform.journal.record(
        "check_in",
        hour_draw(people.peak[present], spread=1.5, rng=rng),
        uid=accounts(present),
        object=camp.id,
        group=platform.agenda.groups[camp.group].id,
        channel=people.device[present],
    )


def push(platform: State, promotion: Activity, /, *, day: int) -> None:
    """Show a promotion to a share of all accounts, whether their owners still come or not."""
    people, rng = platform.people, platform.rng
    everyone = np.flatnonzero(people.day < day)
    reached = platform.chance(platform.world.events["push_share"], everyone)
    seconds = 10 * 3600 + rng.integers(0, 1800, len(reached))
    campaign = f"k{platform.world.sale_on(day):02d}"
    platform.journal.record(
        "impression", seconds, uid=accounts(reached), object=promotion.id, campaign=campaign, channel="app"
    )


def heartbeats(platform: State, /) -> None:
    """Log a few lines of a kind that nobody announced."""
    size = int(platform.rng.poisson(platform.journal.pending * platform.world.mess["unknown"]))
    seconds = platform.rng.integers(6 * 3600, DAY, size)
    platform.journal.record("heartbeat", seconds, channel="app")
