"""Simulated worlds as the tables that features read, without files in between."""

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.delivered import deliver
from features import labels as label_expressions
from features.inputs import GIVEN, prepared
from features.snapshot import SETS, user_snapshot
from features.windows import FeatureSet, Past, compute
from lyceum import engine
from lyceum.events import ENTITLEMENT_SIGNALS, EVENT_TYPES, ITEM_SIGNALS, SIGNALS, USER_SIGNALS
from lyceum.simulator import Platform
from lyceum.simulator.journal import Coded, Day, Record
from lyceum.simulator.people import FIRST_UID
from lyceum.simulator.prospects import outlook
from lyceum.simulator.state import Right
from pipelines.workspace import for_models

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from duckdb import DuckDBPyConnection as DuckDB
    from ibis.backends import BaseBackend as Backend

Array = NDArray[Any]
NOBODY = -1
FIELDS = (
    *("user", "day", "clock", "kind", "session", "item", "target", "object", "parent", "group"),
    *("cents", "quantity", "seconds", "stars"),
)
ROOM = 10**10  # numbers of a pattern of ids
NUMBERED = re.compile("([a-z]+)([0-9]+)")
ORDER = "o%07d"
LOGGED = (
    *EVENT_TYPES,
    *SIGNALS,
    *USER_SIGNALS,
    *ITEM_SIGNALS,
    *ENTITLEMENT_SIGNALS,
)  # all but what people say of themselves


class Names:
    """Numbers for ids, the same for the same id, whether it is coded or written out: "o0000012" is "o%07d" and 12."""

    def __init__(self) -> None:
        self.known: dict[str, int] = {}

    def numbers(self, value: object, size: int, /) -> Array:
        """One number per event, of coded ids, an array of texts or one text for all; -1 where there is none."""
        if value is None:
            return np.full(size, NOBODY, np.int64)
        if isinstance(value, Coded):
            return self._of(value.pattern) * ROOM + value.numbers.astype(np.int64)
        if isinstance(value, np.ndarray):
            return np.array([NOBODY if text is None else self._written(text) for text in value.tolist()], np.int64)
        return np.full(size, self._written(str(value)), np.int64)

    def _of(self, pattern: str) -> int:
        return self.known.setdefault(pattern, len(self.known))

    def _written(self, text: str) -> int:
        found = NUMBERED.fullmatch(text)
        if found is None:
            return self._of(text) * ROOM
        letters, digits = found.groups()
        return self._of(f"{letters}%0{len(digits)}d") * ROOM + int(digits)


class Log:
    """Listens to a platform and keeps one number per event and field, -1 = none, and the rights that it gives."""

    def __init__(self, platform: Platform, /) -> None:
        self.courses = {name: number for number, name in enumerate(platform.state.catalogue.ids.tolist())}
        self.platform, self.names = platform, Names()
        self.parts: list[dict[str, Array]] = []
        self.rights: list[Right] = []

    def hear(self, day: Day, /) -> None:
        """Keep what people did on a day; what nobody known did, or nobody announced, is left out."""
        for record in day.records:
            if "uid" in record.fields and record.kind in EVENT_TYPES:
                self.parts.append(self._columns(record, day.number))
        if day.number % 7 == 6:  # what waits for the delivery of the week
            self.rights += self.platform.state.rights

    def _columns(self, record: Record, day: int, /) -> dict[str, Array]:
        size, fields = len(record.seconds), record.fields
        shared = {"day": day, "kind": EVENT_TYPES.index(record.kind)}
        found = {name: np.full(size, value, np.int16) for name, value in shared.items()}
        found["user"] = (numbers(fields["uid"], size) - FIRST_UID).astype(np.int32)
        found["target"] = (numbers(fields.get("target"), size) - FIRST_UID).clip(min=NOBODY).astype(np.int32)
        found["clock"] = record.seconds.astype(np.int32)
        found["session"] = numbers(fields.get("session"), size)
        found["item"] = self._items(fields.get("course"), size)
        found |= {name: self.names.numbers(fields.get(name), size) for name in ("parent", "group")}
        found["object"] = self.names.numbers(fields.get("object", fields.get("lesson")), size)
        measures = {"quantity": "quantity", "seconds": "duration_s", "stars": "stars"}
        found |= {name: numbers(fields.get(field), size).astype(np.int32) for name, field in measures.items()}
        found["cents"] = cents(fields.get("amount"), size)
        return found

    def _items(self, value: object, size: int, /) -> Array:
        names: list[object] = value.tolist() if isinstance(value, np.ndarray) else [value] * size
        return np.array([NOBODY if name is None else self.courses[str(name)] for name in names], np.int16)

    def columns(self) -> dict[str, Array]:
        """Every field of all events heard so far, in the order of their records."""
        return {name: np.concatenate([part[name] for part in self.parts]) for name in FIELDS}

    def entitlements(self) -> dict[str, Array]:
        """Every field of all rights given so far; one that was taken back comes again, with its end."""
        rights = self.rights
        orders = Coded(ORDER, np.array([int(right.order[1:]) for right in rights], np.int64))
        found = {"user": [r.person for r in rights], "item": [r.item for r in rights]}
        found |= {"starts": [r.starts for r in rights], "ends": [r.ends for r in rights]}
        columns = {name: np.array(values, np.int64) for name, values in found.items()}
        return {**columns, "order": self.names.numbers(orders, len(rights))}


def numbers(value: object, size: int, /) -> Array:
    """The numbers of coded ids, of an array or of one value for all; -1 where there is none."""
    if isinstance(value, Coded):
        return value.numbers.astype(np.int64)
    if isinstance(value, np.ndarray):
        return value.astype(np.int64)
    return np.full(size, NOBODY if value is None else value, np.int64)


def cents(value: object, size: int, /) -> Array:
    """Amounts printed in yuan, as cents; -1 where there is none."""
    if value is None:
        return np.full(size, NOBODY, np.int32)
    texts: list[object] = value.tolist() if isinstance(value, np.ndarray) else [value] * size
    return np.array([int(str(text).replace(".", "")) for text in texts], np.int32)


@dataclass(frozen=True)
class Lived:
    """A world that has been lived to its end, and what was logged of it."""

    platform: Platform
    log: dict[str, Array]
    outlook: tuple[Array, Array]  # true chances to come and to buy within 28 days of the Monday asked for, by person
    rights: dict[str, Array]  # as delivered: user, item, starts, ends (seconds, -1 = never) and order, one each

    @property
    def start(self) -> date:
        """Its first day."""
        return self.platform.world.start

    def monday(self, week: int, /) -> date:
        """The Monday that begins a week."""
        return self.start + timedelta(weeks=week)


def live(world: str, /, *, users: int, weeks: int, seed: int, ask: int) -> Lived:
    """Live a world and log it; on the Monday of week `ask` note what is truly to be expected of everybody."""
    platform = Platform(users=users, weeks=weeks, seed=seed, world=world)
    log, truth = Log(platform), (np.empty(0), np.empty(0))
    platform.listen = log.hear
    for week in range(weeks):
        if week == ask:
            rng = np.random.default_rng(np.random.SeedSequence(seed).spawn(8)[7])
            truth = outlook(platform.state, np.arange(users), week=week, rng=rng)
        platform.step(week)
    return Lived(platform, log.columns(), truth, log.entitlements())


def frames(lived: Lived, /, *, mondays: list[int], known_until: int) -> pd.DataFrame:
    """Snapshots with labels of the weeks `mondays`, from the project's own features: one row per week and person.

    Only outcomes that are over before the Monday of week `known_until` are known.
    """
    import ibis

    con = engine.connect()
    backend = ibis.duckdb.from_connection(con)
    past = Past(_inputs(con, backend, lived), _moments(con, backend, [lived.monday(week) for week in mondays]))
    until = lived.monday(known_until)
    rows = label_expressions.labels(past, known_until=until, closed_at=ibis.literal(_midnight(until)))
    first_seen = dict.fromkeys(LOGGED, lived.start)  # everything that is logged at all is so from the first day on
    held = [_held(con, backend, each, past) for each in SETS]
    snapshot = user_snapshot(past, first_seen=first_seen, sets=held)
    query = f"SELECT * FROM ({backend.compile(snapshot)}) JOIN ({backend.compile(rows)}) USING (user_id, as_of)"
    return for_models(con.sql(f"{query} ORDER BY as_of, user_id").to_arrow_table())


def _inputs(con: "DuckDB", backend: "Backend", lived: Lived) -> "dict[str, ir.Table]":
    """What feature sets read."""
    deliver(con, lived)

    def keep(name: str, made: "ir.Table") -> "ir.Table":
        con.execute(f"CREATE TABLE {name} AS {backend.compile(made)}")
        return backend.table(name)

    return prepared({name: backend.table(name) for name in GIVEN}, keep=keep)


def _moments(con: "DuckDB", backend: "Backend", mondays: list[date]) -> "ir.Table":
    listed = ", ".join(f"(DATE '{day}', TIMESTAMPTZ '{_midnight(day)}')" for day in mondays)
    con.execute(f"CREATE TABLE moments AS SELECT * FROM (VALUES {listed}) moments(as_of, before)")
    return backend.table("moments")


def _midnight(day: date) -> datetime:
    """The beginning of a day: the log's times are taken for UTC here."""
    return datetime.combine(day, time.min, tzinfo=UTC)


def _held(con: "DuckDB", backend: "Backend", each: FeatureSet, past: Past) -> FeatureSet:
    """The same set, computed: one query for all sets takes longer to compile than to run."""
    con.execute(f"CREATE TABLE set_{each.name} AS {backend.compile(compute(each, past))}")
    return replace(each, reads={}, build=lambda _past: backend.table(f"set_{each.name}"))
