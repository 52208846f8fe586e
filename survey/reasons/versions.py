"""Model versions: their files, and the one pointer that says which of them the pages show."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, exists, func, or_, select

from survey.accounts.models import User
from survey.clock import now
from survey.extensions import db
from survey.reasons.models import Classification, ModelVersion, Promotion, ServingModel
from survey.responses.models import Response
from survey.web import settings

if TYPE_CHECKING:  # pages turn the pointer too, and no page may load a text model
    from survey.reasons.classifying import Classifier


#: the first line of every model file that this program can read
FORMAT = b"whyleft reason model 1"


class ModelFileError(Exception):
    """The file of a model version is missing or damaged; the message says which and what to do."""


@dataclass(frozen=True)
class Made:
    """How a version came to be: who asked for it, and what the gate said."""

    origin: str
    taxonomy_version: int = 0
    user_id: int | None = None
    passed_gate: bool = True
    report: dict[str, Any] = field(default_factory=dict)


def serving() -> ModelVersion | None:
    """The version whose classifications the pages show; None before the first."""
    return db.session.scalar(select(ModelVersion).join(ServingModel))


def newest() -> ModelVersion | None:
    return db.session.scalar(select(ModelVersion).order_by(ModelVersion.id.desc()).limit(1))


def register(classifier: Classifier, made: Made) -> ModelVersion:
    """Keep a model as a version: its file first, then its row. The same model twice is one version. Flushes."""
    standing = db.session.scalar(select(ModelVersion).where(ModelVersion.fingerprint == classifier.fingerprint))
    if standing:
        return standing
    version = ModelVersion(
        fingerprint=classifier.fingerprint,
        encoder_id=classifier.encoder_id,
        preprocessing=classifier.preprocessing,
        taxonomy_version=made.taxonomy_version,
        reason_codes=classifier.reason_codes,
        file_name=f"{classifier.fingerprint}.model",
        origin=made.origin,
        created_at=now(),
        created_by=made.user_id,
        passed_gate=made.passed_gate,
        report=made.report,
    )
    path = file_of(version)
    path.parent.mkdir(parents=True, exist_ok=True)
    classifier.save(path)
    db.session.add(version)
    db.session.flush()
    return version


def serve(version: ModelVersion, why: str = "installed", user_id: int | None = None) -> None:
    """Point the pages at this version, and keep who did so, when and why. Flushes."""
    moment = now()
    db.session.merge(ServingModel(id=1, model_version_id=version.id, since=moment))
    db.session.add(Promotion(model_version_id=version.id, at=moment, user_id=user_id, why=why))
    db.session.flush()


def before_this() -> ModelVersion | None:
    """The version that served before the serving one: where rolling back leads. None where there was none."""
    current = serving()
    if current is None:
        return None
    return db.session.scalar(
        select(ModelVersion)
        .join(Promotion, Promotion.model_version_id == ModelVersion.id)
        .where(ModelVersion.id != current.id)
        .order_by(Promotion.id.desc())
        .limit(1)
    )


def has_read_everything(version: ModelVersion) -> bool:
    """Whether this version has read every answer, so that the pages may turn to it at once."""
    return not db.session.scalar(select(exists(select(Response.id).where(_is_missing(version)))))


def _is_missing(version: ModelVersion) -> Any:
    """Not read by this version. What an erased person had written counts where the serving version still has it."""
    here, served = Classification.response_id == Response.id, select(ServingModel.model_version_id).scalar_subquery()
    gone = and_(Response.has_words, Response.masked_words.is_(None), Response.words.is_(None))
    stands = exists().where(here, Classification.model_version_id == served)
    return and_(~exists().where(here, Classification.model_version_id == version.id), or_(~gone, stands))


def count_read(version: ModelVersion) -> int:
    query = select(func.count()).select_from(Classification).where(Classification.model_version_id == version.id)
    return db.session.scalar(query) or 0


def promote(version: ModelVersion, user_id: int | None) -> bool:
    """Turn the pages to a version that has read everything; False where they show it already. Flushes.

    Two people who ask for the same version at once turn the pages once.
    """
    return _turn(version, "promoted", user_id)


def roll_back(to: ModelVersion, user_id: int | None) -> bool:
    """Turn the pages back to a version that served before; False where they show it already. Flushes."""
    return _turn(to, "rolled_back", user_id)


def _turn(version: ModelVersion, why: str, user_id: int | None) -> bool:
    # on PostgreSQL whoever comes second waits here, and then sees what the first one did
    standing = db.session.scalar(
        select(ServingModel).with_for_update().execution_options(populate_existing=True).limit(1)
    )
    if standing is not None and standing.model_version_id == version.id:
        return False
    serve(version, why, user_id)
    return True


@dataclass(frozen=True)
class Turn:
    """One time that a version served: since when, until when (None: it still does), who turned the pages to it."""

    since: datetime
    until: datetime | None
    why: str
    user: str | None


def history() -> dict[int, list[Turn]]:
    """When each version served, by its id, the first time first."""
    rows = db.session.execute(
        select(
            Promotion.model_version_id,
            Promotion.at,
            Promotion.why,
            func.coalesce(func.nullif(User.name, ""), User.email),
        )
        .outerjoin(User, User.id == Promotion.user_id)
        .order_by(Promotion.id)
    ).all()
    ends = [row.at for row in rows[1:]]
    turns: dict[int, list[Turn]] = {}
    for (key, at, why, user), until in zip_longest(rows, ends):
        turns.setdefault(key, []).append(Turn(at, until, why, user))
    return turns


def file_problem(version: ModelVersion) -> str:
    """What keeps a version's file from being used: "missing", "altered", "other" (holds another model) or nothing.

    Loads no model: the file is a line that names its format, the hash of the rest, and the rest.
    """
    try:
        kind, _, rest = file_of(version).read_bytes().partition(b"\n")
    except OSError:
        return "missing"
    hashed, _, content = rest.partition(b"\n")
    if kind != FORMAT or hashlib.sha256(content).hexdigest().encode() != hashed:
        return "altered"
    return "" if hashed.decode().startswith(version.fingerprint) else "other"


def forget_old_readings(limit: int) -> int:
    """Delete what versions read that neither serve, served before, nor are the newest; gives how many answers. Flushes.

    At most `limit` at once. The versions themselves, their files and what people found stay.
    """
    kept = [version.id for version in (serving(), before_this(), newest()) if version]
    old = select(Classification.id).where(Classification.model_version_id.not_in(kept)).limit(limit)
    keys = list(db.session.scalars(old))
    db.session.execute(delete(Classification).where(Classification.id.in_(keys)))
    return len(keys)


def file_of(version: ModelVersion) -> Path:
    return settings().instance / "models" / version.file_name


def classifier_of(version: ModelVersion) -> Classifier:
    """The model of a version, read from its file once a process. Raises ModelFileError in words."""
    try:
        classifier = _loaded(file_of(version))
    except (OSError, ValueError) as error:
        raise ModelFileError(
            f"The model file {version.file_name} cannot be used ({error}). Put it back from a backup, or run "
            "`answers reclassify` after the models folder is repaired. Answers are kept meanwhile."
        ) from error
    if classifier.fingerprint != version.fingerprint:
        raise ModelFileError(f"The model file {version.file_name} holds another model. Put it back from a backup.")
    return classifier


@lru_cache(maxsize=2)
def _loaded(path: Path) -> Classifier:
    from survey.reasons import classifying

    return classifying.load(path)
