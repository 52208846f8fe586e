"""Work out what every customer is worth, what was lost with every departure, and who may be expected back."""

from datetime import date
from functools import partial
from typing import Any

from survey.clock import today
from survey.database import committed, reading
from survey.defections import forecasts, valuing
from survey.extensions import db
from survey.jobs.models import Job
from survey.reports.value import cards


def run(job: Job | None = None) -> dict[str, Any]:
    """Gives how many customers and departures were valued, of how many departures the figure changed, and of how many
    customers it is foretold whether they come back."""
    as_of = today()
    done = _value(as_of)
    # The values are written anew, so what was foretold beside them must be as well.
    return done | {"foretold": _foretell(as_of)} if done["customers"] else done


def _value(as_of: date) -> dict[str, Any]:
    with reading():
        worked = valuing.work_out(as_of)
        made = cards.of(worked) if worked else {}
        db.session.rollback()
    if worked is None:
        return {"customers": 0, "departures": 0, "changed": 0}
    changed = 0
    for customers in valuing.batches(worked):
        changed += committed(db.session, partial(valuing.store, worked, customers))
    committed(db.session, partial(cards.keep, made, worked.as_of))
    there, gone = worked.values.there.customer, worked.values.departures.customer
    return {"customers": len(there), "departures": len(gone), "changed": changed}


def _foretell(as_of: date) -> int:
    with reading():
        chosen = forecasts.choose(as_of)
        db.session.rollback()
    if chosen is None:
        return 0
    foretold, risks = 0, []
    waiting = forecasts.pieces(chosen)
    while True:
        with reading():
            told = next(waiting, None)
            db.session.rollback()
        if told is None:
            break
        for rows in forecasts.batches(told):
            foretold += committed(db.session, partial(forecasts.store_foretold, told, rows))
        risks.append(told.figures)
    committed(db.session, partial(forecasts.store_models, chosen, risks))
    return foretold
