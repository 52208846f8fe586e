"""Packed histories: what is added to one gives what packing everything at once gives."""

import random
import struct
from collections import defaultdict
from datetime import date, timedelta

import numpy as np
import pytest

from survey.customers.packing import Spent, rows_of, unpacked


def spent(rows):
    return Spent(*(np.array([row[place] for row in rows], dtype=np.int64) for place in range(3)))


def told(rows):
    """The same one by one."""
    days = defaultdict(lambda: defaultdict(int))
    for customer, day, cents in rows:
        days[customer][day] += cents
    on = [date(1970, 1, 1) + timedelta(day) for day in range(-400, 21_000)]
    for customer in sorted(days):
        visits = sorted(days[customer].items())
        first, last = (on[visits[place][0] + 400].isoformat() for place in (0, -1))
        packed = b"".join(struct.pack(">iq", *visit) for visit in visits)
        yield customer, first, last, len(visits), sum(days[customer].values()), packed


@pytest.mark.parametrize("seed", range(5))
def test_adding_gives_what_packing_at_once_gives(seed):
    rng = random.Random(seed)
    days = [rng.randrange(-300, 20_900) for _ in range(6)]
    rows = [(rng.randrange(1, 9) * 10**8, rng.choice(days), rng.randrange(-(10**9), 10**9)) for _ in range(80)]
    before, new = rows[:50], rows[50:]
    stored = list(rows_of(spent(before)))
    assert stored == list(told(before))
    again = unpacked([row[0] for row in stored], [row[-1] for row in stored])
    assert list(rows_of(spent(new).and_also(again))) == list(told(rows))


def test_of_nothing_there_is_nothing():
    assert list(rows_of(spent([]))) == []
    assert len(unpacked([], [])) == 0
