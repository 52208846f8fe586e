"""The fields of a form as they came in: few, small, and readable whatever bytes they are."""

from urllib.parse import parse_qsl

from werkzeug.datastructures import MultiDict

#: the form has some thirty fields, and as many as it has further questions and choices that are ticked
MOST_FIELDS = 1000


class TooManyFields(Exception):
    """More fields than any form of ours has."""


def read_fields(body: bytes) -> "MultiDict[str, str]":
    """The fields of a url-encoded body. Bytes that are no UTF-8 become replacement characters. Raises TooManyFields.

    Werkzeug's own reading would take any number of fields, and would give none at all after one bad byte.
    """
    try:
        pairs = parse_qsl(
            body.decode(errors="replace"), keep_blank_values=True, errors="replace", max_num_fields=MOST_FIELDS
        )
    except ValueError:
        raise TooManyFields from None
    return MultiDict(pairs)
