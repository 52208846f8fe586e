"""The generated business as arrays, from which rows, answers and the truth are told."""

from dataclasses import dataclass

from survey.demo.business import Story
from survey.demo.customers import People
from survey.demo.leaving import Fates
from survey.demo.visits import Visits


@dataclass(frozen=True, slots=True)
class World:
    """The generated business as arrays: who, when, and how it ended."""

    seed: int
    story: Story
    people: People
    visits: Visits
    fates: Fates
