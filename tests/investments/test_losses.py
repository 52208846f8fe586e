"""What a reason costs, for an investment, is the figure that the breakdown tells of the same departures."""

import numpy as np
import pytest

from survey.accounts.models import User
from survey.investments.losses import lost_before, lost_lately, lost_within
from survey.investments.monthly import UNCLEAR, Monthly, first_day, last_day, month_of
from survey.investments.reading import read_monthly
from survey.reports.estimates import lost_by_reason
from survey.reports.lens import Lens
from survey.reports.period import Period
from survey.taxonomy import queries
from tests.investments.shop import START, TODAY, fill

pytestmark = pytest.mark.usefixtures("context")


def series() -> Monthly:
    read = read_monthly(TODAY)
    assert read is not None
    return read.whole


def test_the_amounts_are_those_of_the_breakdown() -> None:
    branch_id, monthly = fill(), series()
    window = (monthly.last - 11, monthly.last)
    found = lost_within(monthly, window, (branch_id,), queries.all_reasons())
    period = Period(first_day(window[0]), last_day(window[1]))
    told = lost_by_reason(Lens(User(email="", tied_to=[]), period, branch_id=branch_id, by_last_visit=True))
    assert found is not None
    assert told is not None
    assert found.reasons[: len(told.codes)] == told.codes
    assert found.yearly[: len(told.codes)] == pytest.approx(np.array(told.rows)[:, 0])
    assert found.yearly[told.codes.index("price")] > 0


def test_half_a_year_counts_twice() -> None:
    fill()
    monthly = series()
    reasons = queries.all_reasons()
    whole = lost_within(monthly, (monthly.last - 11, monthly.last), (), reasons)
    half = lost_within(monthly, (monthly.last - 5, monthly.last), (), reasons)
    assert whole is not None
    assert half is not None
    assert half.yearly.sum() == pytest.approx(whole.yearly.sum(), rel=0.02)


def test_the_year_before_it_began_is_dated_by_the_last_visit() -> None:
    """Rudeness went on to the day of the training; by the day on which the rule held it would have gone on after."""
    fill()
    monthly, reasons = series(), queries.all_reasons()
    before, lately = (
        lost_before(monthly, month_of(START), (), reasons), lost_lately(monthly, (), reasons),
    )  # fmt: skip
    assert before is not None
    assert lately is not None
    rude = before.reasons.index("rude_staff")
    assert before.yearly[rude] == pytest.approx(before.yearly[before.reasons.index("price")], rel=0.05)
    assert lately.yearly[rude] < before.yearly[rude] / 4


def test_a_reason_out_of_use_stands_with_nothing_lost() -> None:
    fill()
    monthly = series()
    retired = next(reason for reason in queries.all_reasons() if reason.code == "premises")
    retired.active = False
    found = lost_lately(monthly, (), queries.all_reasons())
    assert found is not None
    assert found.yearly[found.reasons.index("premises")] == 0
    assert UNCLEAR not in found.reasons


def test_where_nobody_left_nothing_is_known() -> None:
    fill()
    monthly = series()
    assert lost_within(monthly, (monthly.first - 30, monthly.first - 20), (), queries.all_reasons()) is None
