"""What is taken out of typed text before it is kept: characters that cannot be seen and can only do harm.

Kept are the letters of every script, line ends, tabs, and the joiner that emoji are built with.
"""

import re
import unicodedata

#: marks that may stand on one letter; more only serve to write over the lines around it
MARKS_ON_A_LETTER = 4

_LINE_END = re.compile("\r\n|[\r\u2028\u2029\u0085]")
_UNSEEN = re.compile(
    "["
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # controls, but for tab and line end
    "\u00ad\u200b\u200c\u2060-\u2064\ufeff"  # soft hyphen, zero width, invisible operators
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # what turns the direction of writing
    "\ud800-\udfff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e0fff"  # half characters, tags
    "]"
)
_MARKS = re.compile(
    rf"([\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{{{MARKS_ON_A_LETTER}}})"
    r"[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+"
)


def clean(text: str) -> str:
    """The text in one normal form (NFC, lines ending in a newline), without what is listed above."""
    lines = _LINE_END.sub("\n", text)
    return _MARKS.sub(r"\1", unicodedata.normalize("NFC", _UNSEEN.sub("", lines)))
