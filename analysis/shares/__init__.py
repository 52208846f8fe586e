"""Shares and rates with the uncertainty they carry. How they are estimated from answers that a model read and people
checked: `analysis.shares.estimating`."""

from analysis.shares.intervals import Difference as Difference
from analysis.shares.intervals import Interval as Interval
from analysis.shares.intervals import rate_difference as rate_difference
from analysis.shares.intervals import wilson as wilson
