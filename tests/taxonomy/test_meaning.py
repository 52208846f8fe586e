"""What a code counts as, after any sequence of changes that the rules allow."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from survey.extensions import db
from survey.taxonomy import changing, queries
from survey.taxonomy.changing import NewReason
from survey.taxonomy.models import Reason, TaxonomyChange

pytestmark = pytest.mark.usefixtures("context")

KINDS = ("add", "rename", "merge", "split", "retire", "restore")
#: what to do, to which reason, and a number for whatever else has to be chosen
STEPS = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 999), st.integers(0, 999)), max_size=25)


class Told:
    """What was done, kept as simply as can be: where each code went last."""

    def __init__(self) -> None:
        self.went: dict[str, tuple[str, ...] | None] = {r.code: (r.code,) for r in queries.all_reasons()}

    def meaning(self, code: str) -> tuple[str, ...] | None:
        into = self.went[code]
        if not into or into == (code,):
            return into
        return self.meaning(into[0])


def named(number: int, word: str) -> NewReason:
    return NewReason(f"{word} nl {number}", f"{word} {number}")


def step(told: Told, kind: str, pick: int, number: int) -> None:
    """One change, if the rules allow it to the reason picked."""
    free = f"{kind} {queries.version()}"
    if kind == "add":
        code = changing.add(named(number, free), None).code
        told.went[code] = (code,)
        return
    known = queries.all_reasons()
    reason = known[pick % len(known)]
    if kind not in changing.possible(reason):
        return
    if kind == "rename":
        places = [0, *(r.id for r in changing.neighbours_of(reason, known))]
        after = places[number % len(places)] if reason.code != "other" else 0
        changing.rename(reason, named(number, free), after, None)
    elif kind == "merge":
        targets = changing.targets_for(reason)
        into = targets[number % len(targets)]
        changing.merge(reason, into, None)
        told.went[reason.code] = (into.code,)
    elif kind == "split":
        for part in changing.split(reason, [named(n, free) for n in range(2 + number % 3)], None):
            told.went[part.code] = (part.code,)
        told.went[reason.code] = None
    elif kind == "retire":
        changing.retire(reason, None)
        told.went[reason.code] = ()
    else:
        changing.restore(reason, None)
        told.went[reason.code] = (reason.code,)


def check(told: Told) -> None:
    known, meaning = queries.all_reasons(), queries.meaning()
    active = [r.code for r in known if r.active]
    assert meaning == {code: told.meaning(code) for code in told.went}
    assert {code for means in meaning.values() for code in means or ()} == set(active)
    assert [meaning[code] for code in active] == [(code,) for code in active]
    assert len(set(active) - {"other"}) >= 2
    assert [r.position for r in known] == list(range(1, len(known) + 1))
    assert [r.pinned_last for r in known] == sorted(r.pinned_last for r in known)
    assert known[-1].code == "other"
    assert known[-1].active


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
@pytest.mark.sqlite
def test_every_code_has_a_meaning_whatever_was_done(steps: list[tuple[str, int, int]]) -> None:
    told = Told()
    for one in steps:
        step(told, *one)
        check(told)
    db.session.rollback()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS, st.sampled_from(("merge", "split", "retire")), st.integers(0, 999))
@pytest.mark.sqlite
def test_restoring_undoes(steps: list[tuple[str, int, int]], kind: str, number: int) -> None:
    told = Told()
    for one in steps:
        step(told, *one)
    before = queries.meaning()
    reason = next((r for r in queries.active_reasons() if kind in changing.possible(r)), None)
    if reason is not None:
        step(told, kind, queries.all_reasons().index(reason), number)
        assert queries.meaning() != before
        changing.restore(reason, None)
        after = queries.meaning()
        assert {code: after[code] for code in before} == before
    db.session.rollback()


def reason(code: str) -> Reason:
    return next(r for r in queries.all_reasons() if r.code == code)


def test_chains_of_changes() -> None:
    price, errors, premises = reason("price"), reason("errors"), reason("premises")
    changing.merge(price, errors, None)
    changing.merge(errors, premises, None)
    meaning = queries.meaning()
    assert (meaning["price"], meaning["errors"], meaning["premises"]) == (("premises",),) * 3
    assert queries.counted_as() == {price.id: premises.id, errors.id: premises.id}
    changing.retire(premises, None)
    meaning = queries.meaning()
    assert (meaning["price"], meaning["premises"]) == ((), ())
    # what was ticked stays history under the name that it had last
    assert queries.counted_as()[price.id] == premises.id
    changing.restore(errors, None)
    meaning = queries.meaning()
    assert (meaning["price"], meaning["errors"], meaning["premises"]) == (("errors",), ("errors",), ())
    assert queries.keys_counted_as(errors) == [price.id, errors.id]
    changing.split(errors, [NewReason("a", "a"), NewReason("b", "b")], None)
    assert queries.meaning()["price"] is None
    assert queries.meaning()["a"] == ("a",)


def test_the_version_is_the_number_of_the_last_change() -> None:
    assert queries.version() == 0
    assert queries.counted_as() == {}
    changing.retire(reason("price"), None)
    assert queries.version() == db.session.query(TaxonomyChange).one().id
    assert "price" not in [r.code for r in queries.active_reasons()]


def test_a_reason_out_of_use_without_a_change_is_retired() -> None:
    reason("price").active = False
    db.session.flush()
    assert queries.meaning()["price"] == ()


def test_rows_that_go_round_in_a_circle_are_found_out() -> None:
    fates = {"a": queries.Fate("merge", ("b",)), "b": queries.Fate("merge", ("a",))}
    with pytest.raises(ValueError, match="circle"):
        queries.way_of("a", fates)
