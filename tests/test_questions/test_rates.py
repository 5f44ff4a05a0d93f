import ibis
import ibis.config
import pytest

from features.rates.rate import Given, finished
from features.rates.registry import RATES
from lyceum import schema
from tests.test_features.conftest import AS_OF

from .conftest import FIRST, Log


class Options(ibis.config.Config):
    """What ibis keeps of Spark; without pyspark installed nobody sets it, and nothing compiles."""

    treat_nan_as_null: bool = False


@pytest.fixture(scope="module")
def given():
    return Given(Log().inputs_of_rates, AS_OF, FIRST)


@pytest.mark.parametrize("rate", RATES, ids=lambda rate: rate.name)
def test_every_rate_compiles_to_spark_sql(rate, given, monkeypatch):
    monkeypatch.setattr(ibis.options, "pyspark", Options())
    assert "SELECT" in ibis.to_sql(finished(rate, given), dialect="pyspark")


def test_every_question_tells_of_each_of_its_columns_in_order():
    log = Log()
    for table in schema.tables().values():
        if table.name.startswith("marts."):
            log.fill(table.name, [])
    for each in schema.questions():
        assert log.con.sql(each.query).columns == list(each.columns), each.name
        assert each.asks.endswith("?") and "？" in each.asks_zh, each.name


def test_a_log_too_young_for_an_age_has_no_row_of_it(log):
    for person in range(30):
        log.add(f"u{person}", 10, "register")
        log.add(f"u{person}", 3, "purchase", item_id="i", amount=10)
    ages = {age for _, _, _, age in log.rates("conversion", first=AS_OF - (AS_OF - FIRST) / 13)}
    assert ages == {7}
    assert not log.rates("repeat_purchase", first=AS_OF - (AS_OF - FIRST) / 13)
