"""A long list in pages; the number of the page stands in the address."""

from typing import Any

from flask import abort, request
from flask_sqlalchemy.pagination import Pagination
from sqlalchemy import Select

from survey.extensions import db

LAST_PAGE = 1_000_000


def paginate(query: Select[Any], per_page: int = 50) -> Pagination:
    """The page of this query that the address asks for; 400 for what is no page number, 404 past the end."""
    asked = request.args.get("page", "1")
    if not (asked.isascii() and asked.isdigit() and len(asked) < 8 and 1 <= int(asked) <= LAST_PAGE):
        abort(400)
    return db.paginate(query, page=int(asked), per_page=per_page, max_per_page=per_page)
