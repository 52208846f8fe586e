"""Many answers at once, in a handful of statements: for draws and for pages that must stay fast."""

from array import array
from datetime import date
from itertools import count

from sqlalchemy import func, insert, select

from survey.customers.models import Customer
from survey.defections.models import Defection, Definition
from survey.extensions import db
from survey.invitations.models import Invitation
from survey.questionnaires.models import QuestionnaireVersion
from survey.reasons.answers import chance
from survey.reasons.models import Classification, ModelVersion, Reading
from survey.responses.models import Response, ResponseReason
from survey.taxonomy.models import Reason
from tests.stories import MOMENT

_batches = count(1)


def crowd(size: int, ticked: str = "price", words: str = "Te duur.") -> list[int]:
    """So many answers with words, masked and read; gives their ids. Commits."""
    name, tables = f"crowd-{next(_batches)}", (Customer, Defection, Invitation, Response)
    first = max(db.session.scalar(select(func.max(table.id))) or 0 for table in tables) + 1
    keys = range(first, first + size)
    definition, form = db.session.scalar(select(Definition.id)), db.session.scalar(select(QuestionnaireVersion.id))
    reason = db.session.scalar(select(Reason.id).where(Reason.code == ticked))
    day = date(2026, 5, 20)
    gone = {
        "definition_id": definition, "episode": 1, "last_visit_on": day, "defected_on": day, "noticed_on": day,
        "yearly_spend": 400, "remaining_years": 5.0, "lost_value": 2000, "value_method": "own_spend",
        "created_at": MOMENT,
    }  # fmt: skip
    asked = {
        "questionnaire_version_id": form, "language": "nl", "order_seed": 7, "state": "answered",
        "created_at": MOMENT, "expires_at": MOMENT,
    }  # fmt: skip
    said = {
        "language": "nl", "shown_order": [], "words": words, "masked_words": words, "has_words": True,
        "reason_count": 1, "created_at": MOMENT,
    }  # fmt: skip
    read = {"encoder_id": "characters-1", "preprocessing": "terms-3", "language": "nl", "content": b"", "terms": "duur"}
    rows: list[tuple[type, list[dict[str, object]]]] = [
        (Customer, [{"id": k, "external_id": f"{name}-{k}", "language": "nl"} for k in keys]),
        (Defection, [gone | {"id": k, "customer_id": k} for k in keys]),
        (Invitation, [asked | {"id": k, "defection_id": k, "customer_id": k} for k in keys]),
        (Response, [said | {"id": k, "invitation_id": k} for k in keys]),
        (ResponseReason, [{"response_id": k, "reason_id": reason, "main": True, "position": 1} for k in keys]),
        (Reading, [read | {"response_id": k, "chance": chance(k)} for k in keys]),
    ]
    for table, values in rows:
        db.session.execute(insert(table), values)
    db.session.commit()
    return list(keys)


def classify(keys: list[int], version: ModelVersion, *scores: list[float]) -> None:
    """What a version makes of these answers: these scores in turn; a reason is given from one half on. Commits."""
    packed = [(array("f", row).tobytes(), "given" if max(row) >= 0.5 else "unsure") for row in scores]
    values = [
        {
            "response_id": key,
            "model_version_id": version.id,
            "state": packed[i % len(packed)][1],
            "scores": packed[i % len(packed)][0],
            "created_at": MOMENT,
        }
        for i, key in enumerate(keys)
    ]
    db.session.execute(insert(Classification), values)
    db.session.commit()
