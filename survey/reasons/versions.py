"""Model versions: their files, and the one pointer that says which of them the pages show."""

from functools import lru_cache
from pathlib import Path

from sqlalchemy import select

from survey.clock import now
from survey.extensions import db
from survey.reasons import classifying
from survey.reasons.classifying import Classifier
from survey.reasons.models import ModelVersion, ServingModel
from survey.web import settings


class ModelFileError(Exception):
    """The file of a model version is missing or damaged; the message says which and what to do."""


def serving() -> ModelVersion | None:
    """The version whose classifications the pages show; None before the first."""
    return db.session.scalar(select(ModelVersion).join(ServingModel))


def newest() -> ModelVersion | None:
    return db.session.scalar(select(ModelVersion).order_by(ModelVersion.id.desc()).limit(1))


def register(classifier: Classifier, origin: str) -> ModelVersion:
    """Keep a model as a version: its file first, then its row. The same model twice is one version. Flushes."""
    standing = db.session.scalar(select(ModelVersion).where(ModelVersion.fingerprint == classifier.fingerprint))
    if standing:
        return standing
    version = ModelVersion(
        fingerprint=classifier.fingerprint,
        encoder_id=classifier.encoder_id,
        reason_codes=classifier.reason_codes,
        file_name=f"{classifier.fingerprint}.model",
        origin=origin,
        created_at=now(),
    )
    path = file_of(version)
    path.parent.mkdir(parents=True, exist_ok=True)
    classifier.save(path)
    db.session.add(version)
    db.session.flush()
    return version


def serve(version: ModelVersion) -> None:
    """Point the pages at this version. Flushes."""
    db.session.merge(ServingModel(id=1, model_version_id=version.id, since=now()))
    db.session.flush()


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
    return classifying.load(path)
