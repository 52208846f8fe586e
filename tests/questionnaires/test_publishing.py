"""New versions of the questionnaires: the options follow the reasons, and what people were shown stays."""

import pytest
from sqlalchemy import select

from survey.clock import now
from survey.extensions import db
from survey.questionnaires.models import Questionnaire, QuestionnaireVersion
from survey.questionnaires.publishing import Wording, publish, wording_of
from survey.taxonomy import changing, queries
from survey.taxonomy.changing import NewReason
from survey.taxonomy.models import Reason

pytestmark = pytest.mark.usefixtures("context")

LOYALTY = NewReason("Spaaractie voorbij", "Loyalty scheme ended")


def reason(code: str) -> Reason:
    return db.session.scalars(select(Reason).where(Reason.code == code)).one()


def options(version: QuestionnaireVersion) -> dict[str, tuple[str, str]]:
    return {o["code"]: (o["nl"], o["en"]) for o in version.content["options"]}


def versions() -> list[QuestionnaireVersion]:
    return list(db.session.scalars(select(QuestionnaireVersion).order_by(QuestionnaireVersion.id)))


def another(active: bool = True) -> Questionnaire:
    content = versions()[0].content
    own = [o | {"en": f"Own {o['code']}"} for o in content["options"]]
    made = Questionnaire(name="Business customers", active=active)
    db.session.add(made)
    db.session.flush()
    version = QuestionnaireVersion(
        questionnaire_id=made.id, version=1, content=content | {"options": own}, published_at=now()
    )
    db.session.add(version)
    db.session.flush()
    return made


def test_nothing_changed_nothing_published() -> None:
    assert publish() == []
    assert len(versions()) == 1


def test_a_new_reason_is_offered_under_its_names() -> None:
    first = versions()[0]
    before = dict(first.content)
    changing.add(LOYALTY, None)
    (made,) = publish()
    assert (made.questionnaire_id, made.version) == (first.questionnaire_id, 2)
    assert options(made)["loyalty_scheme_ended"] == ("Spaaractie voorbij", "Loyalty scheme ended")
    assert made.content["texts"] == before["texts"]
    assert [o["code"] for o in made.content["options"]] == [r.code for r in queries.active_reasons()]
    assert [o["pinned_last"] for o in made.content["options"][-3:]] == [False, True, True]
    db.session.refresh(first)
    assert first.content == before


def test_the_form_may_put_it_in_its_own_words() -> None:
    code = changing.add(LOYALTY, None).code
    (made,) = publish({code: Wording("Sparen kon niet meer", "I could no longer save points")})
    assert options(made)[code] == ("Sparen kon niet meer", "I could no longer save points")
    assert wording_of(reason(code)) == Wording("Sparen kon niet meer", "I could no longer save points")


def test_what_the_form_said_stays_when_a_reason_is_renamed() -> None:
    changing.rename(reason("price"), NewReason("Waar voor uw geld", "Value for money"), 0, None)
    assert publish() == []
    (made,) = publish({"price": Wording("Te weinig voor mijn geld", "Too little for my money")})
    assert options(made)["price"] == ("Te weinig voor mijn geld", "Too little for my money")


@pytest.mark.parametrize("kind", ["merge", "split", "retire"])
def test_what_is_no_longer_offered_drops_out_and_comes_back_as_it_was(kind: str) -> None:
    price = reason("price")
    if kind == "merge":
        changing.merge(price, reason("errors"), None)
    elif kind == "split":
        changing.split(price, [NewReason("a", "a"), NewReason("b", "b")], None)
    else:
        changing.retire(price, None)
    (made,) = publish()
    assert "price" not in options(made)
    assert ("a" in options(made)) is (kind == "split")
    changing.restore(price, None)
    (again,) = publish()
    assert (again.version, options(again)["price"]) == (3, ("De prijs", "The price"))


def test_every_questionnaire_in_use_and_no_other() -> None:
    second = another()
    changing.retire(reason("price"), None)
    assert [(v.questionnaire_id, v.version) for v in publish()] == [(1, 2), (second.id, 2)]
    assert options(versions()[-1])["errors"][1] == "Own errors"
    second.active = False
    changing.restore(reason("price"), None)
    assert [(v.questionnaire_id, v.version) for v in publish()] == [(1, 3)]


def test_without_a_questionnaire_there_is_nothing_to_publish() -> None:
    db.session.query(Questionnaire).update({"active": False})
    changing.retire(reason("price"), None)
    assert publish() == []
    assert wording_of(reason("errors")) is None
