"""The state of a simulated platform, and the visits that act on it."""

from dataclasses import dataclass, field

import numpy as np

from lyceum.simulator.agenda import Agenda
from lyceum.simulator.catalogue import Catalogue
from lyceum.simulator.draw import Array
from lyceum.simulator.journal import Coded, Journal
from lyceum.simulator.library import Library
from lyceum.simulator.people import People, accounts
from lyceum.simulator.texts import Texts
from lyceum.simulator.world import World


@dataclass(frozen=True)
class Lives:
    """What changes about each person; -1 = none. The matrices are people x items."""

    alive: Array  # still comes; false also before registration
    energy: Array  # log multiplier on the visit rate
    need: Array  # log multiplier on browsing and buying
    owned: Array
    progress: Array  # lessons finished
    given_up: Array
    current: Array  # item being learnt
    cart: Array  # item in the cart
    cart_day: Array
    coupon: Array  # number of the coupon held
    answered: Array  # text that answers the newest question, not yet seen
    written: Array  # newest text
    last_day: Array  # of a visit
    points: Array  # earned and not yet redeemed
    member_until: Array  # day on which the membership ends
    moved: Array  # log of what contacts did to the hazard of leaving, for good
    recall: Array  # log of what contacts did to the chance of coming back, for good


def new_lives(people: int, items: int, /) -> Lives:
    """Lives that have not begun."""
    return Lives(
        alive=np.zeros(people, bool),
        energy=np.zeros(people),
        need=np.zeros(people),
        owned=np.zeros((people, items), bool),
        progress=np.zeros((people, items), np.uint8),
        given_up=np.zeros((people, items), bool),
        current=np.full(people, -1),
        cart=np.full(people, -1),
        cart_day=np.full(people, -1),
        coupon=np.full(people, -1),
        answered=np.full(people, -1),
        written=np.full(people, -1),
        last_day=np.full(people, -9),
        points=np.zeros(people, np.int64),
        member_until=np.full(people, -1),
        moved=np.zeros(people),
        recall=np.zeros(people),
    )


@dataclass(frozen=True)
class Order:
    """A purchase that will be refunded."""

    day: int  # of the refund
    person: int
    item: int
    order: str
    amount: str
    starts: int  # when the right to the item began, in seconds since the world's start


@dataclass(frozen=True)
class Right:
    """The right of a person to an item; times are seconds since the world's start, `ends` -1 = never."""

    person: int
    item: int
    starts: int
    ends: int
    order: str


@dataclass
class State:
    """Everything that a day of the simulation reads and changes."""

    world: World
    catalogue: Catalogue
    people: People
    lives: Lives
    agenda: Agenda
    texts: Texts
    library: Library
    rights: list[Right]
    journal: Journal
    rng: np.random.Generator
    refunds: list[Order]
    ring_votes: set[int] = field(default_factory=set)
    sessions: int = 0
    orders: int = 0
    coupons: int = 0
    reviews: int = 0

    def take(self, counter: str, size: int, /) -> Array:
        """The next `size` numbers of a counter of this platform."""
        first = getattr(self, counter)
        setattr(self, counter, first + size)
        return np.arange(first + 1, first + 1 + size)

    def chance(self, probability: Array | float, rows: Array, /) -> Array:
        """Those of `rows` for which an event of the given probability (per row, or one for all) happens."""
        return rows[self.rng.random(len(rows)) < probability]


@dataclass
class Visits:
    """Sessions of a day, one element each; `clock` (seconds since midnight) moves on as things happen."""

    platform: State
    day: int
    users: Array
    clock: Array
    session: Array
    device: Array

    def tell(self, kind: str, rows: Array, /, *, gap: float, **fields: object) -> None:
        """Log one event of `kind` in each session of `rows`, then let about `gap` seconds pass in them."""
        platform = self.platform
        platform.journal.record(
            kind,
            self.clock[rows],
            uid=accounts(self.users[rows]),
            session=Coded("s%08d", self.session[rows]),
            channel=self.device[rows],
            **fields,
        )
        if earned := platform.world.events["points"].get(kind):
            np.add.at(platform.lives.points, self.users[rows], earned)
        self.pass_time(rows, platform.rng.exponential(gap, len(rows)))

    def pass_time(self, rows: Array, seconds: Array, /) -> None:
        """Let time pass in some sessions: at least a second."""
        self.clock[rows] += 1 + seconds.astype(np.int64)


def open_visits(platform: State, users: Array, clock: Array, /, *, day: int) -> Visits:
    """Begin one session for each of `users` at the given seconds of `day`."""
    numbers = platform.take("sessions", len(users))
    return Visits(platform, day, users, clock.copy(), numbers, platform.people.device[users])
