"""The demo files pass through the real reader without a word being declared."""

from datetime import timedelta
from pathlib import Path

import pytest

from survey.customers.previewing import preview
from survey.customers.reading import open_table
from survey.customers.rows import ImportOptions, RowChecker
from survey.demo.generating import DemoBusiness
from tests.demo.conftest import UNTIL


@pytest.mark.parametrize(
    ("file", "kind"),
    [("customers.csv", "customers"), ("contracts.csv", "contracts"), ("transactions.csv", "transactions")],
)
def test_every_row_is_good_and_nothing_is_left_to_choose(
    file: str, kind: str, business: DemoBusiness, tmp_path: Path
) -> None:
    business.write(tmp_path)
    tomorrow = UNTIL + timedelta(days=1)
    understood = preview(tmp_path / file, ImportOptions(), tomorrow)
    assert (understood.kind, understood.refused) == (kind, None)
    assert understood.is_ready
    assert understood.not_read == ()
    assert (understood.dates.value, understood.decimal.value) == ("dmy", ",")
    assert understood.rows == len(getattr(business, kind))
    options = understood.complete_options
    table = open_table(tmp_path / file, options.declared())
    rows = list(RowChecker(table, understood.kind, options, tomorrow).check_all(table.rows()))
    assert len(rows) == understood.rows
    assert [problem for row in rows for problem in row.problems] == []
