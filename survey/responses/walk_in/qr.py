"""The short address as a QR code (ISO/IEC 18004): black on white, whatever the colours of the page."""

from io import BytesIO

import segno
from markupsafe import Markup

#: level of error correction: a quarter of the code may be torn or dirty
CORRECTION = "Q"
#: white around the code, in modules, as the standard asks
QUIET_ZONE = 4


def drawn(address: str) -> Markup:
    """The code as SVG to stand in a page; it takes the size of what it stands in."""
    made = segno.make_qr(address, error=CORRECTION)
    return Markup(made.svg_inline(border=QUIET_ZONE, dark="#000", light="#fff", omitsize=True))  # noqa: S704  # of segno


def as_file(address: str) -> bytes:
    """The code as an SVG file, for who makes a card of their own."""
    out = BytesIO()
    segno.make_qr(address, error=CORRECTION).save(
        out, kind="svg", scale=8, border=QUIET_ZONE, dark="#000", light="#fff"
    )
    return out.getvalue()
