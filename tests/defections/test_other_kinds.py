"""Kinds that lean on more than visits: contracts, answers, services, a fitted model; alone and together."""

import hashlib
from decimal import Decimal

import pytest
from sqlalchemy import select

from analysis.defection.buying.pareto import ParetoNBD
from survey import notices
from survey.clock import now
from survey.customers import histories
from survey.customers.models import Customer, Transaction
from survey.database import committed
from survey.defections import definitions, detection
from survey.defections.definitions import Draft
from survey.defections.models import BuyingModel, Defection, WalletAnswer
from survey.defections.previewing import preview
from survey.extensions import db
from survey.jobs.tasks import detect
from tests import stories
from tests.defections import shop
from tests.defections.shop import day

pytestmark = pytest.mark.usefixtures("context")


def define(kind, parameters, segment=""):
    made = definitions.revise(Draft(segment or "Standard", kind, parameters, segment), None)
    db.session.commit()
    return made


def buy(keys, service, *bought):
    """Purchases of a service: (customer, day)."""
    for name, number in bought:
        digest = hashlib.blake2b(f"{name} {number} {service}".encode(), digest_size=16).digest()
        db.session.add(
            Transaction(
                customer_id=keys[name], occurred_on=day(number), amount=Decimal("5"), service=service, identity=digest
            )
        )
    histories.mark(keys[name] for name, _ in bought)
    db.session.commit()
    while committed(db.session, histories.refresh_some):
        pass


def found():
    return {row[0]: row[3:] for row in shop.stored_episodes()}


def test_a_contract_that_ended_and_one_that_was_renewed():
    keys = shop.open_shop(
        {"anna": [(0, 10)], "bert": [(0, 10)], "none": [(0, 10)], "paper": []},
        anna={"contract_from": day(0), "contract_until": day(99)},
        bert={"contract_from": day(0), "contract_until": day(150)},
        paper={"contract_from": day(10), "contract_until": day(50), "yearly_value": Decimal("600")},
    )
    define("contract_ended", {"grace_days": 10})
    shop.detect(day(140))
    assert found() == {"anna": (day(110), None), "paper": (day(61), None)}
    lost = db.session.scalar(select(Defection).where(Defection.customer_id == keys["paper"]))
    assert (lost.last_visit_on, lost.yearly_spend) == (day(10), Decimal("600"))
    anna = db.session.get_one(Customer, keys["anna"])
    anna.contract_until = day(400)
    stories.sign(anna)
    db.session.commit()
    shop.detect(day(170))
    # A renewal that a file tells late held from its first day, so nobody was ever gone; bert is.
    assert found() == {"anna": (day(110), day(110)), "paper": (day(61), None), "bert": (day(161), None)}


def test_cancelled_according_to_the_file():
    shop.open_shop(
        {"anna": [(0, 10)], "bert": [(0, 10)]},
        anna={"contract_from": day(0), "contract_until": day(300), "cancelled_on": day(120)},
        bert={"contract_from": day(0), "contract_until": day(300)},
    )
    define("cancelled", {})
    shop.detect(day(119))
    assert found() == {}
    shop.detect(day(121))
    assert found() == {"anna": (day(120), None)}


def test_share_of_wallet_and_coming_back():
    keys = shop.open_shop({"anna": [(0, 10)], "bert": [(0, 10)]})
    db.session.add(WalletAnswer(customer_id=keys["anna"], answered_on=day(50), with_us=3, out_of=10))
    db.session.add(WalletAnswer(customer_id=keys["bert"], answered_on=day(50), with_us=5, out_of=10))
    define("wallet", {"share": 0.5})
    shop.detect(day(60))
    assert found() == {"anna": (day(50), None)}
    db.session.add(WalletAnswer(customer_id=keys["anna"], answered_on=day(70), with_us=8, out_of=10))
    db.session.commit()
    shop.detect(day(80))
    assert found() == {"anna": (day(50), day(70))}


def test_a_service_dropped_while_still_coming():
    keys = shop.open_shop({name: [(number, 10) for number in range(0, 200, 20)] for name in ("anna", "bert", "carl")})
    buy(keys, "wash", ("anna", 0), ("anna", 30), ("bert", 100), ("bert", 180))
    rule = ("dropped_service", {"service": "wash", "days": 90})
    assert preview(Draft("Standard", *rule)).gone.count == 1  # from the purchases, before anybody keeps histories
    define(*rule)
    while committed(db.session, histories.refresh_some):
        pass
    shop.detect(day(199))
    assert found() == {"anna": (day(120), None)}
    buy(keys, "wash", ("anna", 198))
    define("lapse", {"days": 900})
    shop.detect(day(205))
    assert found() == {"anna": (day(120), day(198))}  # by the rule that labelled, though another one holds


def test_expected_visits_by_the_model_in_use():
    shop.open_shop({"anna": [(number, 10) for number in range(0, 400, 10)], "bert": [(0, 10), (10, 10), (20, 10)]})
    model = ParetoNBD().restore({"r": 0.55, "alpha": 10.58, "s": 0.61, "beta": 11.67}, -9595.0, 2357)
    db.session.add(
        BuyingModel(
            as_of=day(390), name="ParetoNBD", customers=2357, parameters=model.as_dict() | {"unit_days": 7},
            figures={}, chosen=True, created_at=now(),
        )
    )  # fmt: skip
    define("expected", {"measure": "alive", "below": 0.1})
    shop.detect(day(399))
    assert list(found()) == ["bert"]
    assert day(40) < found()["bert"][0] < day(399)


def test_who_first_came_in_a_year_with_a_model_of_its_own_is_judged_by_it():
    """Of those who came in 2024 a model of their own expects much, whatever that of all says."""
    shop.open_shop({"anna": [(0, 10), (10, 10), (20, 10)], "bert": [(380, 10), (390, 10), (400, 10)]})
    pooled = ParetoNBD().restore({"r": 0.55, "alpha": 10.58, "s": 0.61, "beta": 11.67}, -9595.0, 2357)
    loyal = ParetoNBD().restore({"r": 0.55, "alpha": 10.58, "s": 0.001, "beta": 1000.0}, -9595.0, 2357)
    for cohort, model in (("", pooled), ("2024", loyal)):
        db.session.add(
            BuyingModel(
                as_of=day(390), cohort=cohort, name="ParetoNBD", customers=2357,
                parameters=model.as_dict() | {"unit_days": 7}, figures={}, chosen=True, created_at=now(),
            )
        )  # fmt: skip
    define("expected", {"measure": "alive", "below": 0.1})
    shop.detect(day(800))
    assert list(found()) == ["bert"]


def test_without_a_model_the_other_rules_detect_and_it_is_told():
    shop.open_shop({"anna": [(0, 10)], "bert": [(0, 10)]}, anna={"segment": "gym"})
    define("lapse", {"days": 100})
    define("expected", {"measure": "alive", "below": 0.1}, segment="gym")
    detect.detect(detect.Question(day(200), invite=False))
    assert list(found()) == ["bert"]
    told = [notice.sentence for notice in notices.standing()]
    assert [sentence for sentence in told if "there is no model to ask" in sentence]
    definitions.revise(Draft("Gym", "lapse", {"days": 100}, "gym"), None)
    db.session.commit()
    detect.detect(detect.Question(day(201), invite=False))
    assert set(found()) == {"anna", "bert"}
    assert not [notice for notice in notices.standing() if notice.key == "no_model"]


def test_a_rule_that_needs_a_model_says_that_there_is_none():
    shop.open_shop({"anna": [(0, 10)]})
    db.session.add(
        BuyingModel(
            as_of=day(0), name="recency", customers=1, parameters={}, figures={}, chosen=True, created_at=now()
        )
    )  # fmt: skip
    db.session.commit()
    with pytest.raises(ValueError, match="no model"):
        preview(Draft("Standard", "expected", {"measure": "alive", "below": 0.1}))


@pytest.mark.parametrize(("kind", "gone"), [("any_of", {"anna", "bert", "carl"}), ("all_of", {"anna"})])
def test_rules_together(kind, gone):
    shop.open_shop(
        {"anna": [(0, 10)], "bert": [(0, 10)], "carl": [(190, 10)]},
        anna={"contract_from": day(0), "contract_until": day(99)},
        carl={"contract_from": day(0), "contract_until": day(99)},
    )
    rules = [{"kind": "lapse", "parameters": {"days": 60}}, {"kind": "contract_ended", "parameters": {}}]
    define(kind, {"rules": rules})
    shop.detect(day(200))
    assert set(found()) == gone


def test_facts_of_other_segments_are_left_out():
    contract = {"contract_from": day(0), "contract_until": day(50)}
    shop.open_shop({"anna": [(0, 10)], "bert": [(0, 10)]}, anna={"segment": "gym", **contract}, bert=contract)
    define("contract_ended", {}, segment="gym")
    shop.detect(day(100))
    assert set(found()) == {"anna"}


def test_batches_agree_about_services_and_contracts(monkeypatch):
    keys = shop.open_shop(
        shop.random_purchases(seed=3, customers=40, days=300),
        **{f"c{n:04}": {"contract_from": day(0), "contract_until": day(100 + n)} for n in range(0, 40, 3)},
    )
    buy(keys, "wash", *((name, number) for n, name in enumerate(keys) for number in (n, 60 + n, 90 + 2 * n)))
    wash = {"kind": "dropped_service", "parameters": {"service": "wash", "times_usual": 2}}
    define("any_of", {"rules": [wash, {"kind": "contract_ended", "parameters": {}}]})
    while committed(db.session, histories.refresh_some):
        pass
    shop.detect(day(290))
    whole = shop.stored_episodes()
    db.session.execute(db.text("DELETE FROM defection"))
    db.session.commit()
    monkeypatch.setattr(detection, "BATCH", 7)
    shop.detect(day(290))
    assert len(whole) > 20
    assert shop.stored_episodes() == whole
