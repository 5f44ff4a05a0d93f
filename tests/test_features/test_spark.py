"""One expression, two engines: everything compiles to Spark SQL, and gives there what it gives on DuckDB."""

import math
import random
from datetime import timedelta

import ibis
import ibis.config
import pytest

from features.days import of_people
from features.inputs import PREPARED, prepared
from features.knowledge import known
from lyceum import schema

from .built import BUILT, WHOLE
from .conftest import AS_OF, World
from .random_logs import BEGIN, MAKERS, rows, world

MOMENTS = (AS_OF, AS_OF - timedelta(days=28))
RELATIVE = 1e-9
CORRECTED = """
INSERT INTO superseded BY NAME
SELECT 'events' AS table_name, event_id AS row_key, to_json(e) AS row, known_from, ingested_at AS known_until
FROM (SELECT *, ingested_at - INTERVAL 20 DAY AS known_from FROM events) e
"""


class Options(ibis.config.Config):
    """What ibis keeps of Spark; without pyspark installed nobody sets it, and nothing compiles."""

    treat_nan_as_null: bool = False


@pytest.fixture
def spark_sql(monkeypatch):
    """Compiles an expression to Spark SQL with neither Java nor pyspark."""
    monkeypatch.setattr(ibis.options, "pyspark", Options())
    return lambda expression: ibis.to_sql(expression, dialect="pyspark")


@pytest.fixture(scope="module")
def empty():
    made = World()
    return made, prepared(made.given)


@pytest.mark.parametrize("name", [*BUILT, *(pytest.param(name, marks=pytest.mark.slow) for name in WHOLE)])
def test_every_set_compiles_to_spark_sql(name, empty, spark_sql):
    assert "SELECT" in spark_sql({**BUILT, **WHOLE}[name](*empty, MOMENTS))


@pytest.mark.parametrize("each", PREPARED, ids=lambda each: each.name)
def test_every_input_compiles_to_spark_sql(each, empty, spark_sql):
    assert "SELECT" in spark_sql(empty[1][each.name])


def test_what_had_arrived_compiles_to_spark_sql(empty, spark_sql):
    made, _ = empty
    made.con.execute(schema.table("superseded").ddl("superseded"))
    tables = {name: made.backend.table(name) for name in (*MAKERS, "superseded")}
    for rows_known in known(tables, knowledge="arrival", at=ibis.literal(BEGIN)).values():
        assert "SELECT" in spark_sql(rows_known)


class SparkLog:
    """The tables of a World in Spark, by way of Parquet files, and what is prepared from them."""

    def __init__(self, session, folder, made):
        self.session, self.folder = session, folder
        self.backend = ibis.pyspark.connect(session)
        for name in (*MAKERS, "roles", "communities", "calendar", "superseded"):
            self._view(name, made.con.sql(f"SELECT * FROM {name}").to_arrow_table())
        self.inputs = prepared({**self.given, "events": self.events}, keep=self._keep)

    def _view(self, name, rows):
        import pyarrow.parquet as pq

        file = self.folder / f"{name}.parquet"
        pq.write_table(rows, file)
        self.session.read.parquet(str(file)).createOrReplaceTempView(name)
        return self.backend.table(name)

    def _keep(self, name, expression):
        folder = str(self.folder / name)
        self.session.sql(self.backend.compile(expression)).write.parquet(folder)
        self.session.read.parquet(folder).createOrReplaceTempView(name)
        return self.backend.table(name)

    @property
    def given(self):
        return {name: self.backend.table(name) for name in (*MAKERS, "communities", "calendar") if name != "events"}

    @property
    def events(self):
        return of_people(self.backend.table("events"), self.backend.table("roles"))

    def mondays(self, *days):
        made = World()
        made.mondays(*days)
        return self._view("moments", made.con.sql("SELECT as_of, before FROM moments").to_arrow_table())

    def rows(self, expression):
        return self.session.sql(self.backend.compile(expression)).toArrow().to_pylist()


@pytest.fixture(scope="module")
def both(spark, tmp_path_factory):
    """One log on both engines."""
    rng = random.Random(5)
    made, inputs = world(rows(rng, future=False), rows(rng, future=True))
    made.con.execute(schema.table("superseded").ddl("superseded"))
    made.con.execute(CORRECTED)
    return (made, inputs), SparkLog(spark, tmp_path_factory.mktemp("spark"), made)


@pytest.mark.spark
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # Spark's gateway leaves sockets to the collector
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("name", BUILT)
def test_both_engines_give_the_same_rows(name, both):
    (made, inputs), log = both
    ours = made.con.sql(made.backend.compile(BUILT[name](made, inputs, MOMENTS))).to_arrow_table().to_pylist()
    theirs = log.rows(BUILT[name](log, log.inputs, MOMENTS))
    assert ours
    same(ours, theirs)


@pytest.mark.spark
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_both_engines_bring_the_same_rows_back(both):
    (made, _), log = both
    found = []
    for backend, read in (
        (made.backend, lambda rows: made.frame(rows, ("event_id",)).values()),
        (log.backend, log.rows),
    ):
        tables = {name: backend.table(name) for name in ("events", "superseded")}
        found.append(list(read(known(tables, knowledge="arrival", at=ibis.literal(BEGIN))["events"])))
    assert any(row["ingested_at"] < row["occurred_at"] for row in found[0])  # a correction was told earlier here
    same(*found)


def same(ours, theirs):
    """Equal rows in any order: counts, sums, texts and money exactly, ratios but for a billionth."""
    assert len(ours) == len(theirs)
    for mine, other in zip(*(sorted(found, key=exactly) for found in (ours, theirs)), strict=True):
        assert set(mine) == set(other)
        assert {name: (mine[name], other[name]) for name in mine if not alike(mine[name], other[name])} == {}


def exactly(row):
    return sorted((name, str(value)) for name, value in row.items() if not isinstance(value, float | None))


def alike(mine, other):
    if mine is None or other is None or not isinstance(mine, float):
        return mine == other
    return math.isclose(mine, other, rel_tol=RELATIVE, abs_tol=0)
