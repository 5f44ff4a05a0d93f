"""Simulated worlds as the columns that features read, without files in between."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features import labels as label_expressions
from features.inputs import GIVEN, prepared
from features.snapshot import SETS, user_snapshot
from features.windows import FeatureSet, Past, compute
from lyceum import engine
from lyceum.events import EVENT_TYPES, LEARNING_TIME, PARTNERS, VISITS
from lyceum.simulator import Platform
from lyceum.simulator.journal import Coded, Day, Record
from lyceum.simulator.people import FIRST_UID
from lyceum.simulator.prospects import outlook
from lyceum.tables import canonical
from pipelines.workspace import for_models

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa
    from duckdb import DuckDBPyConnection as DuckDB
    from ibis.backends import BaseBackend as Backend

Array = NDArray[Any]
NOBODY = -1
FIELDS = ("user", "day", "clock", "kind", "session", "item", "target", "cents", "seconds")
LOGGED = (*EVENT_TYPES, LEARNING_TIME, VISITS, PARTNERS)  # signals that the columns kept here can give


class Log:
    """Listens to a platform and keeps one number per event and field; -1 = none."""

    def __init__(self, courses: list[str], /) -> None:
        self.courses = {name: number for number, name in enumerate(courses)}
        self.parts: list[dict[str, Array]] = []

    def hear(self, day: Day, /) -> None:
        """Keep what people did on a day; what nobody known did, or nobody announced, is left out."""
        for record in day.records:
            if "uid" in record.fields and record.kind in EVENT_TYPES:
                self.parts.append(self._columns(record, day.number))

    def _columns(self, record: Record, day: int, /) -> dict[str, Array]:
        size, fields = len(record.seconds), record.fields
        shared = {"day": day, "kind": EVENT_TYPES.index(record.kind)}
        found = {name: np.full(size, value, np.int16) for name, value in shared.items()}
        found["user"] = (numbers(fields["uid"], size) - FIRST_UID).astype(np.int32)
        found["target"] = (numbers(fields.get("target"), size) - FIRST_UID).clip(min=NOBODY).astype(np.int32)
        found["clock"] = record.seconds.astype(np.int32)
        found["session"] = numbers(fields.get("session"), size)
        found["item"] = self._items(fields.get("course"), size)
        found["seconds"] = numbers(fields.get("duration_s"), size).astype(np.int32)
        found["cents"] = cents(fields.get("amount"), size)
        return found

    def _items(self, value: object, size: int, /) -> Array:
        names: list[object] = value.tolist() if isinstance(value, np.ndarray) else [value] * size
        return np.array([NOBODY if name is None else self.courses[str(name)] for name in names], np.int16)

    def columns(self) -> dict[str, Array]:
        """Every field of all events heard so far, in the order of their records."""
        return {name: np.concatenate([part[name] for part in self.parts]) for name in FIELDS}


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
    log, truth = Log(platform.state.catalogue.ids.tolist()), (np.empty(0), np.empty(0))
    platform.listen = log.hear
    for week in range(weeks):
        if week == ask:
            rng = np.random.default_rng(np.random.SeedSequence(seed).spawn(8)[7])
            truth = outlook(platform.state, np.arange(users), week=week, rng=rng)
        platform.step(week)
    return Lived(platform, log.columns(), truth)


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
    """What feature sets read; columns that the log here does not keep are null."""
    con.register("log", events_table(lived))
    kept = {
        name: name for name in ("user_id", "event_type", "event_date", "item_id", "target_user_id", "duration_ms")
    }
    kept |= {"event_id": "CAST(row_number() OVER () AS VARCHAR)", "session_id": "CAST(session AS VARCHAR)"}
    kept |= {"amount": "CAST(cents / 100 AS DECIMAL(18, 2))", "occurred_at": "happened"}
    columns = [f"{kept.get(c.name, f'CAST(NULL AS {c.type})')} AS {c.name}" for c in canonical.EVENTS.columns]
    con.execute(f"CREATE TABLE events AS SELECT {', '.join(columns)} FROM log")
    for table in (canonical.ITEMS, canonical.USERS, canonical.ENTITLEMENTS, canonical.COMMUNITIES):
        con.execute(table.ddl())
    con.execute("ALTER TABLE users ALTER user_id TYPE INTEGER")
    con.execute("ALTER TABLE users ALTER invited_by TYPE INTEGER")
    con.execute("ALTER TABLE entitlements ALTER user_id TYPE INTEGER")
    con.register("shelf", items_table(lived))
    con.execute("INSERT INTO items (item_id, withdrawn_at) SELECT item_id, withdrawn_at FROM shelf")
    con.execute(
        "CREATE TABLE calendar AS SELECT DISTINCT event_date, CAST(epoch(event_date) AS BIGINT) AS begins FROM log"
    )

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


def events_table(lived: Lived, /) -> "pa.Table":
    """The columns of the events table that features of people read."""
    import pyarrow as pa

    log = lived.log
    kinds = pa.DictionaryArray.from_arrays(pa.array(log["kind"]), pa.array(EVENT_TYPES))
    names = lived.platform.state.catalogue.ids.tolist()
    first = np.datetime64(lived.start, "D")
    return pa.table(
        {
            "user_id": log["user"],
            "event_type": kinds.cast(pa.string()),
            "event_date": pa.array(first + log["day"].astype("timedelta64[D]")),
            "item_id": pa.DictionaryArray.from_arrays(masked(log["item"]), pa.array(names)).cast(pa.string()),
            "target_user_id": masked(log["target"]),
            "cents": masked(log["cents"]),
            "session": masked(log["session"]),
            "happened": pa.array(_instants(lived), pa.timestamp("us", "UTC")),
            "duration_ms": masked(log["seconds"].astype(np.int64)),
        }
    )


def _instants(lived: Lived) -> Array:
    days = np.datetime64(lived.start, "D") + lived.log["day"].astype("timedelta64[D]")
    return np.asarray(days.astype("datetime64[us]") + lived.log["clock"].astype("timedelta64[s]"))


def masked(values: Array, /) -> "pa.Array":
    """An Arrow array with null where there is no value."""
    import pyarrow as pa

    return pa.array(values, mask=values == NOBODY)


def items_table(lived: Lived, /) -> "pa.Table":
    """Which items are withdrawn, and when."""
    import pyarrow as pa

    catalogue = lived.platform.state.catalogue
    gone = [
        None if day >= lived.platform.weeks * 7 else lived.start + timedelta(days=int(day))
        for day in catalogue.withdrawn
    ]
    return pa.table({"item_id": catalogue.ids.tolist(), "withdrawn_at": pa.array(gone, pa.date32())})
