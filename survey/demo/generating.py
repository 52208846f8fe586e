"""The demo business as a whole, from a seed and a day."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from survey.demo import answers, invoices, leaving, visits, writing
from survey.demo.answers import Answer
from survey.demo.business import BRANCHES, EMPLOYEES, Branch, Definition, Employee, Investment, Story, tell
from survey.demo.customers import ContractRow, CustomerRow, Ending, People, customer_rows, draw_people, epoch_day
from survey.demo.invoices import TransactionRow
from survey.demo.leaving import Fates
from survey.demo.truth import Truth, tell_truth
from survey.demo.world import World

_PEOPLE, _SCHEDULE, _FATES, _INVOICES, _ROWS, _ENDINGS = range(6)


@dataclass(frozen=True)
class DemoBusiness:
    """A Dutch garage chain with four years of visits. The rows are those of the import files, column for column."""

    world: World
    customers: tuple[CustomerRow, ...]
    contracts: tuple[ContractRow, ...]
    transactions: tuple[TransactionRow, ...]
    truth: Truth
    branches: tuple[Branch, ...] = BRANCHES
    employees: tuple[Employee, ...] = EMPLOYEES

    @property
    def story(self) -> Story:
        """What happened when."""
        return self.world.story

    @property
    def investments(self) -> tuple[Investment, ...]:
        """One that hits its cause, one that misses."""
        return self.story.investments

    @property
    def definition(self) -> Definition:
        """The definition of defection that suits this business."""
        return self.story.definition

    def answer(self, customer_id: str, language: str) -> Answer | None:
        """What this customer answers when asked, in `language` (nl or en); None if no response ever comes.

        Always the same for the same customer; only the words differ between languages. KeyError for a stranger.
        """
        index = int(customer_id[1:]) - 1 if customer_id[1:].isdecimal() else -1
        if not 0 <= index < len(self.customers) or self.customers[index].customer_id != customer_id:
            raise KeyError(customer_id)
        world = self.world
        one = answers.leaver(index, world.people, world.fates)
        setting = answers.setting_of(world, index, self.customers[index].name)
        return answers.respond(world.seed, one, language, setting)

    def write(self, folder: Path) -> None:
        """Write the three files of the import (CSV, Dutch style) and truth.json into `folder`, made if need be."""
        folder.mkdir(parents=True, exist_ok=True)
        writing.write_customers(folder / "customers.csv", self.customers)
        writing.write_contracts(folder / "contracts.csv", self.contracts)
        writing.write_transactions(folder / "transactions.csv", self.transactions)
        writing.write_truth(folder / "truth.json", self.truth)


def generate(seed: int, until: date, customers: int = 5000) -> DemoBusiness:
    """The business whose four years of visits end on `until`; the same arguments give the same business.

    `customers` counts everyone who came at least once, at most 9,999 of them with a telephone number.
    """
    story = tell(until)
    people = draw_people(_stream(seed, _PEOPLE), story, customers)
    schedule = visits.schedule(_stream(seed, _SCHEDULE), people, story)
    fates = leaving.decide(_stream(seed, _FATES), schedule, people, story)
    world = World(seed, story, people, schedule, fates)
    lines = invoices.invoice(_stream(seed, _INVOICES), schedule, people, story)
    lines = lines.of(leaving.takes_place(schedule, fates))
    endings = _endings(_stream(seed, _ENDINGS), people, fates, until)
    customer_lines, contract_lines = customer_rows(_stream(seed, _ROWS), people, endings, until)
    return DemoBusiness(
        world=world,
        customers=tuple(customer_lines),
        contracts=tuple(contract_lines),
        transactions=tuple(invoices.transaction_rows(schedule, people, lines)),
        truth=tell_truth(world),
    )


def _stream(seed: int, number: int) -> np.random.Generator:
    return np.random.default_rng([seed, number])


def _endings(rng: np.random.Generator, people: People, fates: Fates, until: date) -> list[Ending]:
    """Six in ten with a contract cancel it within a month of leaving; the others just stop coming."""
    last = epoch_day(until)
    gone = fates.turned_away & ~fates.drifted & (fates.returned < 0)
    cancels = gone & people.contract & (rng.random(len(people)) < 0.6)
    cancelled = fates.left + rng.integers(0, 31, len(people))
    return [
        Ending(left if away else None, day if away and cancel and day <= last else None)
        for left, away, cancel, day in zip(
            fates.left.tolist(), gone.tolist(), cancels.tolist(), cancelled.tolist(), strict=True
        )
    ]
