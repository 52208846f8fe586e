"""A long list in pages; the number of the page stands in the address."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from flask import abort, request
from flask_sqlalchemy.pagination import Pagination
from sqlalchemy import Select

from survey.extensions import db

LAST_PAGE = 1_000_000

T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of a list that counts itself: what the macro `pager` asks of a page of `paginate`."""

    items: Sequence[T]
    page: int
    total: int
    per_page: int

    @property
    def pages(self) -> int:
        return -(-self.total // self.per_page)

    @property
    def first(self) -> int:
        """The place of the first item in the whole list, from 1."""
        return (self.page - 1) * self.per_page + 1

    @property
    def has_prev(self) -> bool:
        return self.page > 1

    @property
    def has_next(self) -> bool:
        return self.page < self.pages

    @property
    def prev_num(self) -> int:
        return self.page - 1

    @property
    def next_num(self) -> int:
        return self.page + 1


def page_number() -> int:
    """The page that the address asks for, from 1; 400 for what is no page number."""
    asked = request.args.get("page", "1")
    if not (asked.isascii() and asked.isdigit() and len(asked) < 8 and 1 <= int(asked) <= LAST_PAGE):
        abort(400)
    return int(asked)


def paginate(query: Select[Any], per_page: int = 50) -> Pagination:
    """The page of this query that the address asks for; 404 past the end."""
    return db.paginate(query, page=page_number(), per_page=per_page, max_per_page=per_page)
