"""A page as a person reads it, for tests that ask what it says."""

from html import unescape
from typing import Any


def text_of(response: Any, status: int = 200) -> str:
    """All of a page with the status that is expected, blanks put together and entities as the characters they are."""
    assert response.status_code == status
    return unescape(" ".join(response.get_data(as_text=True).split()))
