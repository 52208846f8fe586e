"""E-mail addresses of an import: one plain address or nothing."""

from __future__ import annotations

import re
import unicodedata

from email_validator import EmailNotValidError, validate_email

from survey.customers.parsing import Cell, parse_header_safe
from survey.customers.problems import CellError

# What nearly every address looks like. Whatever does not match is put to email_validator, which is slower.
PLAIN = re.compile(
    r"[A-Za-z0-9_+'-]+(?:\.[A-Za-z0-9_+'-]+)*@((?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+([A-Za-z]{2,63}))"
)
# Names that no mail leaves for (RFC 6761); email_validator says the same of them.
NOT_ON_THE_INTERNET = frozenset({"arpa", "internal", "invalid", "local", "localhost", "onion", "test", "alt"})


def parse_email(cell: Cell) -> str | None:
    """The address with its domain in small letters and Unicode form.

    Refused: lists, display names, quoted local parts, address literals, names without a dot, control
    characters and `=?`. Accepted: `o'brien@x.nl` and `jan@münchen.de` (IDNA).
    """
    text = parse_header_safe(cell)
    if text is None:
        return None
    match = PLAIN.fullmatch(text) if len(text) <= 64 else None
    if match and match[2].lower() not in NOT_ON_THE_INTERNET and "--" not in text:
        local, domain = text.rsplit("@", 1)
        return f"{local}@{domain.lower()}"
    return _checked(text)


def _checked(text: str) -> str:
    try:
        return validate_email(
            text, check_deliverability=False, strict=True, allow_quoted_local=False, allow_domain_literal=False
        ).normalized
    except EmailNotValidError:
        raise CellError("email_invalid") from None


def is_lookalike(address: str) -> bool:
    """Whether the domain holds Cyrillic or Greek letters, which can pass for Latin ones."""
    domain = address.rsplit("@", 1)[-1]
    if domain.isascii():
        return False
    return any(unicodedata.name(char, "").startswith(("CYRILLIC", "GREEK")) for char in domain)
