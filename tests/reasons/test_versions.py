"""The pointer that says which version serves, and files of models that are not what they should be (F31, F32)."""

import pickle
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import func, select

from survey.extensions import db
from survey.jobs.models import Job
from survey.jobs.queue import MAX_ATTEMPTS, claim, enqueue
from survey.jobs.running import run
from survey.jobs.tasks import classify, reclassify
from survey.notices import standing
from survey.reasons import classifying, versions
from survey.reasons.models import Classification, ModelVersion, Promotion, ServingModel
from survey.responses.models import Response
from tests import stories
from tests.reasons.checked import WORDS, answer

pytestmark = pytest.mark.usefixtures("context")


def promotions() -> list[tuple[int, str]]:
    rows = db.session.execute(select(Promotion.model_version_id, Promotion.why).order_by(Promotion.id))
    return [(key, why) for key, why in rows]


def test_promoted_and_rolled_back_are_kept_and_told_in_order() -> None:
    first, second = stories.model(), stories.model(serving=False)
    assert versions.promote(second, None)
    assert versions.serving() == second
    before = versions.before_this()
    assert before == first
    assert versions.roll_back(first, None)
    assert promotions() == [(first.id, "installed"), (second.id, "promoted"), (first.id, "rolled_back")]
    told = versions.history()
    assert [turn.why for turn in told[first.id]] == ["installed", "rolled_back"]
    assert told[first.id][0].until == told[second.id][0].since
    assert told[first.id][1].until is None


def test_promoting_the_serving_version_turns_nothing() -> None:
    version = stories.model()
    assert not versions.promote(version, None)
    assert len(promotions()) == 1


def test_has_read_everything_only_when_it_has() -> None:
    version, new = stories.model(), stories.model(serving=False)
    one, other = answer(), answer()
    assert not versions.has_read_everything(new)
    for row in (one, other):
        stories.classified(row, version, price=0.9)
    stories.classified(one, new, price=0.9)
    assert not versions.has_read_everything(new)
    stories.classified(other, new, price=0.9)
    assert versions.has_read_everything(new)
    assert versions.count_read(new) == 2


def test_what_an_erased_person_wrote_must_be_taken_over_first() -> None:
    version, new = stories.model(), stories.model(serving=False)
    erased = answer(masked_words=None, words=None, has_words=True)
    assert versions.has_read_everything(new), "nobody read it, and nobody can"
    stories.classified(erased, version, price=0.9)
    assert not versions.has_read_everything(new)


def read(words: str = WORDS) -> Response:
    row = stories.response(words)
    db.session.commit()
    return row


def served() -> tuple[ModelVersion, Path]:
    """A model serves and has read an answer, and is forgotten by this process."""
    version = versions.register(trained("price", "rude_staff"), versions.Made("trained"))
    versions.serve(version)
    read()
    classify.run()
    versions._loaded.cache_clear()
    return version, versions.file_of(version)


@cache
def trained(*reasons: str) -> classifying.Classifier:
    """A model of these two reasons, from a few sentences."""
    from analysis import train

    places = ("balie", "kassa", "werkplaats", "telefoon", "garage", "winkel", "receptie", "showroom", "chat", "baas")
    said = [(f"Onbeschofte man bij de {place}, snauwde mij af.", reasons[1:]) for place in places]
    said += [(f"De rekening van de {place} is veel te duur.", reasons[:1]) for place in places]
    said += [(f"De {place} was prima.", ()) for place in places]
    texts, labels = [list(column) for column in zip(*said, strict=True)]
    return classifying.Classifier(train(texts, labels, reasons=reasons, seed=1).model)


class Mark:
    """What a pickle that is loaded would call."""

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return (Path.touch, (Path("/nowhere/executed"),))


def flipped(whole: bytes) -> bytes:
    middle = len(whole) // 2
    return whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]


DAMAGES: dict[str, Callable[[bytes], bytes | None]] = {
    "missing": lambda whole: None,
    "empty": lambda whole: b"",
    "truncated": lambda whole: whole[: len(whole) // 3],
    "flipped": flipped,
    "foreign": lambda whole: b"\x89PNG\r\n\x1a\n" + whole[:100],
    "wrong version": lambda whole: whole.replace(b"reason model 1", b"reason model 9", 1),
    "pickle": lambda whole: pickle.dumps(Mark()),
    "zip of a pickle": lambda whole: whole[: whole.index(b"\n", 30) + 1] + pickle.dumps(Mark()),
}


def damage(path: Path, how: str) -> None:
    content = DAMAGES[how](path.read_bytes())
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)


@pytest.mark.parametrize("how", DAMAGES)
def test_a_bad_file_keeps_answers_waiting_until_it_is_back(how: str) -> None:
    """F31: the pages go on, new answers are stored and wait, one sentence says why, and all is read in the end."""
    version, path = served()
    whole = path.read_bytes()
    damage(path, how)
    waits = read()
    with pytest.raises(versions.ModelFileError) as told:
        classify.run()
    assert path.name in str(told.value)
    assert "backup" in str(told.value)
    db.session.rollback()
    assert versions.serving() == version
    assert versions.file_problem(version) in ("missing", "altered")
    theirs = select(func.count(Classification.id)).where(Classification.response_id == waits.id)
    assert db.session.scalar(theirs) == 0
    path.write_bytes(whole)
    assert versions.file_problem(version) == ""
    assert classify.run() == {"read": 1}
    assert db.session.scalar(theirs) == 1


def test_a_file_of_another_model_is_not_taken_for_this_one() -> None:
    version, path = served()
    trained("price", "errors").save(path)
    read()
    with pytest.raises(versions.ModelFileError, match="holds another model"):
        classify.run()
    db.session.rollback()
    assert versions.file_problem(version) == "other"


def test_the_job_gives_up_after_some_attempts_and_people_are_told() -> None:
    _, path = served()
    path.unlink()
    read()
    job = enqueue("classify", "classify:now")
    db.session.commit()
    for _ in range(MAX_ATTEMPTS):
        db.session.execute(Job.__table__.update().where(Job.id == job.id).values(due_at=stories.MOMENT))
        db.session.commit()
        held = claim("worker")
        assert held is not None
        run(held)
    assert [notice.key for notice in standing()] == ["job-failed:classify"]
    assert path.name in standing()[0].sentence


def test_a_bad_candidate_leaves_the_serving_version_alone() -> None:
    version, _ = served()
    candidate = versions.register(trained("price", "errors"), versions.Made("trained"))
    db.session.commit()
    versions.file_of(candidate).write_bytes(b"")
    versions._loaded.cache_clear()
    with pytest.raises(versions.ModelFileError):
        reclassify.read_everything(candidate)
    db.session.rollback()
    read()
    assert classify.run() == {"read": 1}
    assert db.session.scalar(select(ServingModel.model_version_id)) == version.id
