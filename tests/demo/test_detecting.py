"""The suggested definition, put to the real rule, finds the planted leavers."""

from datetime import date

import numpy as np

from analysis.defection.histories import Histories
from analysis.defection.rules import detect, rule_from
from survey.demo.generating import DemoBusiness


def test_the_suggested_definition_finds_who_left_and_who_came_back(business: DemoBusiness) -> None:
    spent: dict[tuple[int, int], float] = {}
    for row in business.transactions:
        key = int(row.customer_id[1:]), (row.occurred_on - date(1970, 1, 1)).days
        spent[key] = spent.get(key, 0.0) + float(row.amount)
    keys = sorted(spent)
    customers, days = (np.array(values) for values in zip(*keys, strict=True))
    histories = Histories(customers, days, np.array([spent[key] for key in keys]))
    rule = rule_from(business.definition.kind, business.definition.parameters)
    until = (business.story.until - date(1970, 1, 1)).days
    found = detect(histories, rule, until)

    truth = {int(one.customer_id[1:]): one for one in business.truth.customers}
    truly = [truth[customer].left_on is not None for customer in found.customer.tolist()]
    assert np.mean(truly) > 0.97
    returned = {customer for customer, one in truth.items() if one.returned_on}
    noticed = set(found.customer[found.returned_day >= 0].tolist())
    assert len(returned & noticed) == len(returned) > 10
