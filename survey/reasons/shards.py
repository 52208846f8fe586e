"""Reading every answer with one version, cut into pieces that any worker may take: ranges of response ids."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import func, select

from survey.extensions import db
from survey.responses.models import Response

#: answers by id in one piece of work
SHARD = 50_000


@dataclass(frozen=True)
class Shard:
    """Responses with `first` <= id <= `last`."""

    number: int
    first: int
    last: int


def shards() -> Iterator[Shard]:
    """The pieces that cover every answer there is now."""
    last = db.session.scalar(select(func.max(Response.id))) or 0
    for number, first in enumerate(range(1, last + 1, SHARD), start=1):
        yield Shard(number, first, min(first + SHARD - 1, last))
