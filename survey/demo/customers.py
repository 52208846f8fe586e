"""The people of the demo garage: who they are, and the rows of the customer file.

Addresses end in example.org and telephone numbers begin with 06 0000, which no Dutch phone has.
"""

import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from survey.demo import names
from survey.demo.business import BRANCHES, Story

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

SEGMENTS = ("particulier", "lease", "zakelijk")
PRIVATE, LEASE, BUSINESS = range(3)
AGE_GROUPS = ("18-34", "35-54", "55+")
CHANNELS = ("aanbeveling", "zoekmachine", "kortingsactie", "langsgereden", "leasemaatschappij", "zakelijk netwerk")
_CHANNEL_ODDS = np.array(
    [
        [0.38, 0.24, 0.16, 0.22, 0.00, 0.00],
        [0.05, 0.10, 0.00, 0.05, 0.80, 0.00],
        [0.25, 0.20, 0.05, 0.10, 0.00, 0.40],
    ]
)
_KEPT_AT_START = 0.66  # of all customers in the file, those who came before the first day
_REPAIRS_A_YEAR = np.array([0.38, 0.50, 0.75])
_TYRE_SHARE = np.array([0.38, 0.62, 0.48])
_CONTRACT_SHARE = np.array([0.10, 0.62, 0.40])
_TERM = 365


@dataclass(frozen=True, slots=True)
class People:
    """One array element a customer. Days count from 1970-01-01; codes index the tuples of this module."""

    branch: Ints
    segment: Ints
    age: Ints
    channel: Ints
    english: Bools
    joined: Ints
    two_sets_of_tyres: Bools
    repairs_a_year: Floats
    contract: Bools
    frailty: Floats

    def __len__(self) -> int:
        return len(self.branch)


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """One line of the customer file; the fields are its columns, in its order."""

    customer_id: str
    card_id: str | None
    name: str
    email: str | None
    phone: str | None
    language: str
    branch: str
    segment: str
    joined_on: date
    acquired_via: str
    contract_from: date | None
    contract_until: date | None
    cancelled_on: date | None
    yearly_value: Decimal | None
    do_not_contact: bool
    call_consent: bool


@dataclass(frozen=True, slots=True)
class ContractRow:
    """One line of the file of contracts: a yearly term of one customer; the fields are its columns, in its order."""

    customer_id: str
    contract_from: date
    contract_until: date
    cancelled_on: date | None
    yearly_value: Decimal


def epoch_day(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - date(1970, 1, 1)).days


def calendar_day(day: int) -> date:
    """The opposite of epoch_day."""
    return date(1970, 1, 1) + timedelta(days=int(day))


def customer_id(index: int) -> str:
    """The identifier of the customer at this place: K00001 and on."""
    return f"K{index + 1:05d}"


def draw_people(rng: np.random.Generator, story: Story, count: int) -> People:
    """`count` customers, the older ones first, with everything that decides how they behave."""
    segment = rng.choice(3, size=count, p=[0.72, 0.13, 0.15])
    channel = (rng.random((count, 1)) > np.cumsum(_CHANNEL_ODDS, axis=1)[segment]).sum(axis=1)
    return People(
        branch=rng.choice(len(BRANCHES), size=count, p=[branch.share for branch in BRANCHES]),
        segment=segment,
        age=rng.choice(3, size=count, p=[0.22, 0.40, 0.38]),
        channel=np.minimum(channel, len(CHANNELS) - 1).astype(np.int64),
        english=rng.random(count) < 0.07,
        joined=_joined(rng, story, count),
        two_sets_of_tyres=rng.random(count) < _TYRE_SHARE[segment],
        repairs_a_year=rng.gamma(2.0, 0.5, count) * _REPAIRS_A_YEAR[segment],
        contract=rng.random(count) < _CONTRACT_SHARE[segment],
        frailty=rng.gamma(3.0, 1 / 3, count),
    )


def _joined(rng: np.random.Generator, story: Story, count: int) -> Ints:
    kept = round(count * _KEPT_AT_START)
    start, until = epoch_day(story.start), epoch_day(story.until)
    before = start - 1 - np.minimum(rng.exponential(5 * 365, kept), 18 * 365).astype(np.int64)
    since = rng.integers(start, until - 6, count - kept)
    return np.concatenate([np.sort(before), np.sort(since)])


@dataclass(frozen=True, slots=True)
class Ending:
    """How a customer's file ends: the day they left, and the day on which they cancelled their contract."""

    left: int | None
    cancelled: int | None


def customer_rows(
    rng: np.random.Generator, people: People, endings: list[Ending], until: date
) -> tuple[list[CustomerRow], list[ContractRow]]:
    """The lines of the customer file, one a customer, in order of customer_id; and of the file of contracts, one for
    each term, in the same order. The customer file knows the last term only, as most systems do."""
    writer = _RowWriter(rng, people, until)
    terms = [writer.terms(index, ending) for index, ending in enumerate(endings)]
    rows = [writer.row(index, ending, terms[index]) for index, ending in enumerate(endings)]
    return rows, [term for each in terms for term in each]


class _RowWriter:
    def __init__(self, rng: np.random.Generator, people: People, until: date) -> None:
        count = len(people)
        self.people = people
        self.until = epoch_day(until)
        self.luck = rng.random((count, 7))
        self.name_luck = rng.random((count, 4))

    def row(self, index: int, ending: Ending, terms: list[ContractRow]) -> CustomerRow:
        people, luck = self.people, self.luck[index]
        english = bool(people.english[index])
        name = names.full_name(self.name_luck[index], english)
        contract = terms[-1] if terms else None
        return CustomerRow(
            customer_id=customer_id(index),
            card_id=f"PAS-{(index * 7919) % 100_000:05d}" if luck[0] < 0.7 else None,
            name=name,
            email=f"{_slug(name)}.{index + 1}@example.org" if luck[1] < 0.95 else None,
            phone=f"06 0000 {index + 1:04d}" if luck[2] < 0.9 and index < 9_999 else None,
            language="en" if english else "nl",
            branch=BRANCHES[people.branch[index]].name,
            segment=SEGMENTS[people.segment[index]],
            joined_on=calendar_day(people.joined[index]),
            acquired_via=CHANNELS[people.channel[index]],
            contract_from=contract.contract_from if contract else None,
            contract_until=contract.contract_until if contract else None,
            cancelled_on=None if ending.cancelled is None else calendar_day(ending.cancelled),
            yearly_value=contract.yearly_value if contract else None,
            do_not_contact=bool(luck[3] < 0.02),
            call_consent=bool(luck[4] < 0.35),
        )

    def terms(self, index: int, ending: Ending) -> list[ContractRow]:
        """A yearly term that renews itself until the customer leaves."""
        if not self.people.contract[index]:
            return []
        first = int(self.people.joined[index]) + int(self.luck[index][5] * 60)
        last = self.until if ending.left is None else max(ending.left, first)
        starts = range(first, max(last, first) + 1, _TERM)
        cancelled = None if ending.cancelled is None else calendar_day(ending.cancelled)
        value = self._yearly_value(index)
        return [
            ContractRow(
                customer_id(index), calendar_day(start), calendar_day(start + _TERM - 1),
                cancelled if start == starts[-1] else None, value,
            )
            for start in starts
        ]  # fmt: skip

    def _yearly_value(self, index: int) -> Decimal:
        base = (380, 620, 840)[self.people.segment[index]]
        return Decimal(base + 20 * int(self.luck[index][6] * 12))


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return ".".join("".join(ch for ch in word if ch.isalpha()) for word in plain.split())
