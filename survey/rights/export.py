"""What is held of a person, as one file to be given to that person: for machines and for reading."""

import io
import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from flask import render_template

from survey.clock import local
from survey.rights.labels import told
from survey.rights.person import Held
from survey.web import language, settings

DATA, PAGE = "data.json", {"nl": "gegevens.html", "en": "data.html"}


def export_of(held: Held) -> bytes:
    """A ZIP with everything held as JSON (see `as_json`) and as a page in the language of the moment."""
    page = render_template("rights/export.html", held=held, told=told, contact=settings().privacy_contact)
    content = io.BytesIO()
    with ZipFile(content, "w", ZIP_DEFLATED) as archive:
        archive.writestr(_member(DATA, held), as_json(held))
        archive.writestr(_member(PAGE[language()], held), page)
    return content.getvalue()


def file_name(held: Held) -> str:
    """By number and day: a name does not belong in a list of downloads."""
    return f"my-data-{held.customer_id}-{local(held.made_at):%Y-%m-%d}.zip"


def as_json(held: Held) -> str:
    """{"about": {...}, and the rows of each part by its name}. Days and moments in ISO 8601, amounts as text."""
    about = {
        "organisation": settings().organisation,
        "contact": settings().privacy_contact,
        "made_at": held.made_at.isoformat(),
        "currency": settings().currency,
    }
    return json.dumps({"about": about, **held.rows}, default=_plain, ensure_ascii=False, indent=2)


def _member(name: str, held: Held) -> ZipInfo:
    member = ZipInfo(name, local(held.made_at).timetuple()[:6])
    member.compress_type = ZIP_DEFLATED
    return member


def _plain(value: Any) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} does not belong in the file")
