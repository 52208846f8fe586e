"""What a customer is worth, and what is lost with one who leaves.

`first` is the plain first estimate in turnover; the rest works in margin, discounted, with intervals:
`spending` (what a customer brings in a year) times the years that are still to come (`staying` without a contract,
`contractual` with one) is a `Worth` per row, of which `worth` makes totals; `noncontractual` and `lost` put them
together; `thin` says where data are too few.
"""

from analysis.value.first import (
    DAYS_PER_YEAR,
    LONGEST_YEARS,
    SHORTEST_YEARS,
    customer_years,
    first_estimate,
    remaining_years,
    yearly_spend,
)

__all__ = [
    "DAYS_PER_YEAR",
    "LONGEST_YEARS",
    "SHORTEST_YEARS",
    "customer_years",
    "first_estimate",
    "remaining_years",
    "yearly_spend",
]
