"""A model that people have checked: answers, what it reads in them, and what people found, made in one line."""

import hashlib
import random
from array import array
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, select

from survey.accounts.models import User
from survey.clock import now
from survey.customers.models import Branch, Customer
from survey.defections.models import Defection
from survey.extensions import db
from survey.invitations.models import Invitation
from survey.reasons import versions
from survey.reasons.answers import chance
from survey.reasons.models import Classification, ModelVersion, Reading
from survey.responses.models import Response
from tests import stories

WORDS = "De prijs was te hoog."


def person(name: str) -> int:
    """Somebody who reads answers."""
    row = User(email=f"{name}@example.org", name=name, language="en", fs_uniquifier=name, created_at=now())
    db.session.add(row)
    db.session.flush()
    return row.id


def answer(language: str = "nl", branch: Branch | None = None, **given: object) -> Response:
    """An answer of a customer of this branch, as it stands once its words are masked."""
    who = stories.customer(language=language, branch_id=branch.id if branch else None)
    row = stories.response(WORDS, asked=stories.invitation(stories.defection(who)))
    row.masked_words = WORDS
    for name, value in given.items():
        setattr(row, name, value)
    db.session.flush()
    return row


def audited(version: ModelVersion, reader: int, found: str, read: str, **given: object) -> Response:
    """An answer of the audit sample in which a person found `found` and the model reads `read` (codes, or "")."""
    row = answer(**given)
    stories.classified(row, version, **({read: 0.9} if read else {}))
    stories.review(row, reader, *([found] if found else []), stream="audit", probability=0.1, created_at=now())
    return row


def many(days: Sequence[datetime]) -> list[int]:
    """An answer that came in at each of these moments, each of a customer of their own; gives their ids."""
    like = answer()
    asked = db.session.get_one(Invitation, like.invitation_id)
    gone = db.session.get_one(Defection, asked.defection_id)
    who = db.session.get_one(Customer, asked.customer_id)
    first = (db.session.scalar(select(func.max(Customer.id))) or 0) + 100_000
    keys = range(first, first + len(days))
    _copies(who, [{"id": key, "external_id": f"M{key}", "email": f"m{key}@example.org"} for key in keys])
    _copies(gone, [{"id": key, "customer_id": key} for key in keys])
    _copies(asked, [{"id": key, "customer_id": key, "defection_id": key} for key in keys])
    _copies(like, [{"id": key, "invitation_id": key, "created_at": at} for key, at in zip(keys, days, strict=True)])
    return list(keys)


def read_many(version: ModelVersion, keys: Sequence[int], unsure: float, unknown: float, score: float) -> None:
    """What a version makes of these answers: this share of them unsure, this share of their words unknown to it, and
    for its first reason scores around this one."""
    rng = random.Random(len(keys))
    codes = version.reason_codes
    row = {"model_version_id": version.id, "created_at": now()}
    scores = [[min(max(rng.gauss(score, 0.1), 0.0), 1.0), *(rng.random() for _ in codes[1:])] for _ in keys]
    db.session.execute(
        insert(Classification),
        [
            row
            | {
                "response_id": key,
                "state": "unsure" if rng.random() < unsure else "given",
                "scores": array("f", scores[place]).tobytes(),
            }
            for place, key in enumerate(keys)
        ],
    )
    words = "\n".join(["woord"] * 10)
    reading = {
        "encoder_id": "characters-1",
        "preprocessing": "terms-3",
        "language": "nl",
        "content": b"",
        "terms": words,
    }
    shares = [sum(rng.random() < unknown for _ in range(10)) / 10 for _ in keys]
    db.session.execute(
        insert(Reading),
        [
            reading | {"response_id": key, "chance": chance(key), "unknown_words": share}
            for key, share in zip(keys, shares, strict=True)
        ],
    )


def _copies(like: Any, changed: list[dict[str, Any]]) -> None:
    same = {column.name: getattr(like, column.name) for column in like.__table__.columns}
    db.session.execute(insert(type(like)), [same | each for each in changed])


def with_file(version: ModelVersion) -> Path:
    """A file that carries its hash, as far as a page looks into it."""
    content = f"model {version.id}".encode()
    hashed = hashlib.sha256(content).hexdigest()
    version.fingerprint = hashed[:32]
    path = versions.file_of(version)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(versions.FORMAT + b"\n" + hashed.encode() + b"\n" + content)
    return path
