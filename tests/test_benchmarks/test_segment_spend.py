"""What segments tell of the next purchases: on made invoices whose truth is known."""

import json
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from benchmarks import segments
from benchmarks.segment_spend import main, run

FIT_UNTIL, UNTIL = date(2024, 7, 1), date(2024, 9, 29)
FIRST = date(2024, 1, 1)


@pytest.fixture(scope="module")
def invoices(tmp_path_factory):
    """400 customers, each with a rate of their own; a few buy nearly every day."""
    rng = np.random.default_rng(5)
    rates = np.where(np.arange(400) % 40 == 0, 0.3, rng.gamma(0.6, 0.03, 400))
    rows = []
    for person, rate in enumerate(rates):
        for day in np.flatnonzero(rng.random((UNTIL - FIRST).days) < rate):
            when = f"{FIRST + timedelta(days=int(day))} 10:00:00"
            number = len(rows) + 1
            price = round(float(rng.gamma(2, 5)) + 1, 2)
            rows.append((f"5{number:05}", "85123A", "A LAMP", 1, when, price, f"{person + 12000}.0", "UK"))
            if number % 50 == 0:
                rows.append((f"C{number:05}", "85123A", "A LAMP", -1, when, price, f"{person + 12000}.0", "UK"))
    names = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"]
    file = tmp_path_factory.mktemp("invoices") / "2024.csv.gz"
    pd.DataFrame(rows, columns=names).to_csv(file, index=False)
    return file


def command(file, *, until=UNTIL):
    return ["--transactions", str(file), "--fit-until", str(FIT_UNTIL), "--until", str(until)]


@pytest.mark.slow
def test_the_figures_and_their_baselines(invoices, capsys):
    assert main(command(invoices)) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert segments.main(command(invoices)[:4]) == 0  # the other way to ask, whose end is 90 days later
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == found
    assert {"rfm_cells", "rfm_additive", "segments_expected", "segments_behaviour"} <= set(found["models"])
    assert found["days"] == 90
    table = pd.read_csv(invoices)
    bought = table[~table["InvoiceNo"].astype(str).str.startswith("C")]
    known = set(bought.loc[bought["InvoiceDate"] < str(FIT_UNTIL), "CustomerID"])
    later = bought[(bought["InvoiceDate"] >= str(FIT_UNTIL)) & bought["CustomerID"].isin(known)]
    assert (found["customers"], found["purchases"]) == (len(known), len(later))
    best = found["models"][found["baseline"]]
    assert best["explained"] == max(found["models"][name]["explained"] for name in ("rfm_cells", "rfm_additive"))
    assert found["models"]["segments_expected"]["explained"] > 0.3  # rates differ, and that is all there is to know
    assert found["ratio_to_rfm"] == pytest.approx(found["models"][found["chosen"]]["ratio"], abs=1e-3)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda file: command(file.parent / "nothing-*.csv"), "No file is called"),
        (lambda file: command(file, until=FIT_UNTIL), "must be before"),
        (
            lambda file: ["--transactions", str(file), "--fit-until", str(FIRST + timedelta(days=2))],
            "Too few customers",
        ),
    ],
)
def test_wrong_use_is_one_sentence(invoices, capsys, wrong, words):
    assert main(wrong(invoices)) == 2
    assert words in capsys.readouterr().err


def test_a_file_of_another_shape_names_the_column(tmp_path):
    from lyceum.errors import UsageError

    file = tmp_path / "other.csv"
    file.write_text("user,amount\n1,2\n")
    with pytest.raises(UsageError, match="no column InvoiceNo"):
        run(transactions=[str(file)], fit_until=FIT_UNTIL, until=UNTIL)
