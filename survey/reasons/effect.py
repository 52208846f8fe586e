"""Whether the last change of the reasons is in effect everywhere: a model that knows it serves, or is on its way."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select

from survey.extensions import db
from survey.jobs.models import Job
from survey.reasons.models import ModelVersion, Promotion
from survey.reasons.versions import serving
from survey.taxonomy.models import TaxonomyChange

#: the jobs that bring a change into effect, one after the other
ON_THE_WAY = ("train", "reclassify", "reclassify_shard", "publish")


@dataclass(frozen=True)
class Effect:
    """How far the last change has come.

    `state` is none (there was no change), on_the_way, in_effect, failed (a job was), or not_learnt (no model took it).
    `step` is the kind of the job that is at work, `done` and `total` how far it is; `since` from when it is in effect.
    """

    state: str
    step: str = ""
    done: int = 0
    total: int = 0
    since: datetime | None = None


def effect() -> Effect:
    """How far the last change of the reasons has come."""
    change = db.session.scalar(select(TaxonomyChange).order_by(TaxonomyChange.id.desc()).limit(1))
    if change is None:
        return Effect("none")
    model = serving()
    if model is not None and model.taxonomy_version >= change.id:
        return Effect("in_effect", since=_first_served(change))
    return _on_the_way(change) or Effect("failed" if _failed(change) else "not_learnt")


def _first_served(change: TaxonomyChange) -> datetime | None:
    query = select(func.min(Promotion.at)).join(ModelVersion, ModelVersion.id == Promotion.model_version_id)
    return db.session.scalar(query.where(ModelVersion.taxonomy_version >= change.id))


def _on_the_way(change: TaxonomyChange) -> Effect | None:
    """The job that is at work, or the first that waits; shards count together."""
    first = (
        select(Job.kind)
        .where(_of(change), Job.state.in_(("queued", "running")))
        .order_by(Job.state.desc(), Job.due_at, Job.id)
        .limit(1)
    )
    step = db.session.scalar(first)
    if step is None:
        return None
    sums = select(func.coalesce(func.sum(Job.done), 0), func.coalesce(func.sum(Job.total), 0)).where(
        _of(change), Job.kind == step, Job.state.in_(("queued", "running", "done"))
    )
    done, total = db.session.execute(sums).one()
    return Effect("on_the_way", step, int(done), int(total))


def _failed(change: TaxonomyChange) -> bool:
    return db.session.scalar(select(Job.id).where(_of(change), Job.state == "failed").limit(1)) is not None


def _of(change: TaxonomyChange) -> ColumnElement[bool]:
    """Jobs asked for with this change, or since."""
    return Job.kind.in_(ON_THE_WAY) & (Job.created_at >= change.at)
