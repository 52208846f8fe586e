"""Changes of the reasons, one by one: what they store, and what they refuse."""

import pytest

from survey.extensions import db
from survey.taxonomy import changing, queries
from survey.taxonomy.changing import CannotChange, NewReason, code_for
from survey.taxonomy.models import Reason, TaxonomyChange

pytestmark = pytest.mark.usefixtures("context")

LOYALTY = NewReason("Spaaractie voorbij", "Loyalty scheme ended", "promotion", "yes")


def reason(code: str) -> Reason:
    return next(r for r in queries.all_reasons() if r.code == code)


def codes() -> list[str]:
    return [r.code for r in queries.active_reasons()]


def changes() -> list[tuple[str, str, list[str]]]:
    return [(c.kind, c.code, c.into) for c in db.session.query(TaxonomyChange).order_by(TaxonomyChange.id)]


def test_a_new_reason_comes_before_the_pinned_ones() -> None:
    made = changing.add(LOYALTY, None)
    assert (made.code, made.label_nl, made.p, made.influence) == (
        "loyalty_scheme_ended", "Spaaractie voorbij", "promotion", "yes",
    )  # fmt: skip
    assert codes()[-3:] == ["loyalty_scheme_ended", "circumstances", "other"]
    assert changes() == [("add", "loyalty_scheme_ended", [])]


@pytest.mark.parametrize(
    ("label", "code"),
    [
        ("Opening hours", "opening_hours"),
        ("  Café: too loud!  ", "cafe_too_loud"),
        ("Price", "price_2"),
        ("Unsure", "unsure_2"),
        ("No answer", "no_answer_2"),
        ("价格", "reason"),
        ("24/7", "24_7"),
        ("x" * 100, "x" * 45),
    ],
)
def test_codes_are_made_of_the_english_name(label: str, code: str) -> None:
    assert code_for(label, {"price"}) == code
    assert len(code_for(label, {code})) <= changing.LONGEST_CODE


def test_a_code_is_never_given_twice() -> None:
    first = changing.add(LOYALTY, None)
    changing.retire(first, None)
    second = changing.add(LOYALTY, None)
    assert (first.code, second.code) == ("loyalty_scheme_ended", "loyalty_scheme_ended_2")


def test_renaming_keeps_the_code() -> None:
    price = reason("price")
    new = NewReason("Waar voor uw geld", "Value for money", "product", "partly")
    assert changing.rename(price, new, after=reason("errors").id, user_id=None)
    assert (price.code, price.label_nl, price.p, price.influence) == ("price", "Waar voor uw geld", "product", "partly")
    assert codes()[codes().index("errors") + 1] == "price"
    assert queries.meaning()["price"] == ("price",)
    assert changes() == [("rename", "price", [])]


def test_the_same_again_is_no_change() -> None:
    price = reason("price")
    assert not changing.rename(price, NewReason("Prijs", "Price", "price", "yes"), 0, None)
    assert changes() == []


@pytest.mark.parametrize(
    ("code", "after"), [("price", "circumstances"), ("price", "other"), ("circumstances", "errors"), ("other", "price")]
)
def test_pinned_reasons_stay_last(code: str, after: str) -> None:
    one = reason(code)
    with pytest.raises(CannotChange):
        changing.rename(one, NewReason("x", "x"), reason(after).id, None)
    assert one.label_en != "x"


def test_parts_of_a_split_stand_where_it_stood() -> None:
    moved = reason("circumstances")
    parts = changing.split(
        moved, [NewReason("Verhuisd", "Moved"), NewReason("Niet meer nodig", "No longer needed")], None
    )
    assert [p.code for p in parts] == ["moved", "no_longer_needed"]
    assert all(p.pinned_last for p in parts)
    assert codes()[-3:] == ["moved", "no_longer_needed", "other"]
    assert changes() == [("split", "circumstances", ["moved", "no_longer_needed"])]


@pytest.mark.parametrize("number", [0, 1, 6])
def test_a_split_has_two_to_five_parts(number: int) -> None:
    with pytest.raises(CannotChange):
        changing.split(reason("price"), [NewReason(f"{n}", f"{n}") for n in range(number)], None)
    assert changes() == []


def test_other_stays_what_it_is() -> None:
    other, price = reason("other"), reason("price")
    for change in (
        lambda: changing.retire(other, None),
        lambda: changing.merge(other, price, None),
        lambda: changing.merge(price, other, None),
        lambda: changing.split(other, [NewReason("a", "a"), NewReason("b", "b")], None),
    ):
        with pytest.raises(CannotChange):
            change()
    assert changing.possible(other) == ["rename"]
    assert changes() == []


def test_two_reasons_to_choose_from_stay() -> None:
    for code in codes()[:-3]:
        changing.retire(reason(code), None)
    assert codes() == ["premises", "circumstances", "other"]
    premises, circumstances = reason("premises"), reason("circumstances")
    with pytest.raises(CannotChange):
        changing.retire(premises, None)
    with pytest.raises(CannotChange):
        changing.merge(premises, circumstances, None)
    assert changing.possible(premises) == ["rename", "split"]


def test_only_what_is_in_use_can_be_changed_or_merged_into() -> None:
    price, errors = reason("price"), reason("errors")
    changing.retire(price, None)
    for change in (
        lambda: changing.retire(price, None),
        lambda: changing.merge(price, errors, None),
        lambda: changing.merge(errors, price, None),
        lambda: changing.merge(errors, errors, None),
        lambda: changing.rename(price, LOYALTY, 0, None),
        lambda: changing.restore(errors, None),
    ):
        with pytest.raises(CannotChange):
            change()
    assert [kind for kind, *_ in changes()] == ["retire"]


def test_two_reasons_in_use_never_have_one_name() -> None:
    with pytest.raises(CannotChange, match="PRICE"):
        changing.add(NewReason("Iets nieuws", "PRICE"), None)
    with pytest.raises(CannotChange, match="prijs"):
        changing.rename(reason("errors"), NewReason("prijs", "Errors"), 0, None)
    with pytest.raises(CannotChange):
        changing.split(reason("errors"), [NewReason("a", "a"), NewReason("A", "b")], None)
    price = reason("price")
    changing.retire(price, None)
    changing.add(NewReason("Prijs", "Price"), None)
    with pytest.raises(CannotChange):
        changing.restore(price, None)
