"""What is said of the ways to foretell, for an owner who never heard of them; and their picture."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from markupsafe import Markup

from survey import charts, formats
from survey.charts import CONFIG, INK, LOSS, PAPER, QUIET
from survey.defections.models import BuyingModel
from survey.reports.value.choice import OWN_PACE, RECENCY, Choice, auc

NAMES = {
    RECENCY: _l("who was here longest ago"),
    OWN_PACE: _l("everyone goes on as so far"),
    "NBD": "NBD",
    "BGNBD": "BG/NBD",
    "MBGNBD": "MBG/NBD",
    "ParetoNBD": "Pareto/NBD",
}
#: what each takes to be so
SUPPOSES = {
    RECENCY: _l("no model: the longer ago the last visit, the less likely the next"),
    OWN_PACE: _l("no model: the own number of visits a year, without an end"),
    "NBD": _l("everybody comes at a pace of their own, and nobody ever leaves"),
    "BGNBD": _l("everybody comes at a pace of their own, and may leave after each visit but the first"),
    "MBGNBD": _l("everybody comes at a pace of their own, and may leave after each visit, the first included"),
    "ParetoNBD": _l("everybody comes at a pace of their own, and may leave at any moment"),
}
#: what a history needs before a model can be fitted
NEEDED_WEEKS, NEEDED_CUSTOMERS, NEEDED_BACK = 24, 30, 5
#: pairs ranked right by tossing a coin
CHANCE = 50


def name_of(way: BuyingModel) -> str:
    return str(NAMES.get(way.name, way.name))


def supposes(way: BuyingModel) -> str:
    return str(SUPPOSES.get(way.name, ""))


def left_out(way: BuyingModel) -> str:
    """Why it was not tried."""
    if "No parameters" in way.figures["left_out"]:
        return str(_("left out: very different figures explain this history equally well, so none can be trusted"))
    return str(_("too thin: it could not be fitted to this history"))


def in_hundred(share: float | None) -> str:
    """Pairs ranked right, of a hundred."""
    return formats.UNKNOWN if share is None else str(_("%(right)s of 100", right=round(share * 100)))


def headline(choice: Choice) -> str:
    """The answer to the question of the page."""
    if choice.used is None:
        return str(_("There is too little history yet to foretell who will come back"))
    return str(_("To foretell who will come back we use the model %(name)s", name=name_of(choice.used)))


def sentences(choice: Choice) -> list[str]:
    """Why that one, and how right it was."""
    if choice.used is None:
        return _thin(choice)
    told = [_right(choice), _plain(choice)]
    error, bias = choice.used.figures.get("mae"), choice.used.figures.get("bias")
    if error is not None:
        told.append(_exact(choice, formats.decimal(error)))
    if bias is not None:
        told.append(bias_sentence(bias))
    if choice.used.parameters.get("held"):
        told.append(
            _(
                "Your history alone does not tell all of its figures apart, so they were held near usual ones; what it "
                "foretells hardly depends on that."
            )
        )
    return told


def _exact(choice: Choice, error: str) -> str:
    """How well the model in use counts visits."""
    days = choice.trial["horizon_days"]
    if choice.is_most_exact:
        return str(
            _(
                "Of the models that rank about equally well it counts visits best: it is %(error)s visits off per "
                "customer in %(days)s days.",
                error=error, days=days,
            )
        )  # fmt: skip
    return str(_("It is %(error)s visits off per customer in %(days)s days.", error=error, days=days))


def bias_sentence(bias: float) -> str:
    """Whether the visits of all together were foretold too many or too few."""
    size = formats.percent(abs(bias), 0)
    if abs(bias) < 0.005:
        return str(_("All together, it foretold as many visits as were made."))
    if bias > 0:
        return str(_("All together, it foretold %(size)s more visits than were made.", size=size))
    return str(_("All together, it foretold %(size)s fewer visits than were made.", size=size))


def _right(choice: Choice) -> str:
    """How well the model in use ranks, in words."""
    used = choice.used
    supposed = supposes(used) if used else ""
    share = auc(used) if used else None
    right = round(share * 100) if share is not None else None
    if right is None:
        return str(_("It takes it that %(supposed)s.", supposed=supposed))
    return str(
        _(
            "It takes it that %(supposed)s. Of two customers, one who came back and one who did not, it picks the "
            "right one in %(right)s of 100 cases; a coin would in 50.",
            supposed=supposed, right=right,
        )
    )  # fmt: skip


def _plain(choice: Choice) -> str:
    """The plain rule beside it."""
    share = auc(choice.recency)
    if share is None:
        return str(_("In the time looked at all customers came, or none: no rule can be told from another."))
    right = round(share * 100)
    if choice.trial["ranked_by"] == RECENCY:
        return str(
            _(
                "The plain rule “who was here longest ago” ranks at least as well, in %(right)s of 100: to see who is "
                "leaving you need no model. It cannot say how many visits are still to come; that is what the model "
                "is for.",
                right=right,
            )
        )  # fmt: skip
    if choice.is_close:
        return str(
            _("The plain rule “who was here longest ago” comes close: %(right)s of 100.", right=right)
        )  # fmt: skip
    return str(_("The plain rule “who was here longest ago” does worse: %(right)s of 100.", right=right))


def _thin(choice: Choice) -> list[str]:
    """What is there, and what is needed."""
    trial = choice.trial
    told = [
        _(
            "A model needs %(weeks)s weeks of visits and %(customers)s customers, of whom %(back)s came back.",
            weeks=NEEDED_WEEKS, customers=NEEDED_CUSTOMERS, back=NEEDED_BACK,
        ),
        ngettext(
            "There is %(customers)s customer with visits; %(back)s came back.",
            "There are %(customers)s customers with visits; %(back)s came back.",
            trial["customers"], customers=formats.count(trial["customers"]), back=formats.count(trial["came_back"]),
        ),
    ]  # fmt: skip
    if trial["why"] == "too_short":
        told.append(_("The history is too short to keep a part of it apart and see which forecast proves right."))
    told.append(_("Until then the plain rule holds: who was here longest ago is the most likely to have left."))
    return told


def how(choice: Choice) -> list[str]:
    """How the ways were compared."""
    trial = choice.trial
    told = [
        _(
            "Each way was tried %(rounds)s times on your own history: it was shown everything up to a day and had to "
            "foretell the %(days)s days after it, which we know by now. The figures are the means of those times.",
            rounds=trial["rounds"], days=trial["horizon_days"],
        ),
        _(
            "Customers are ranked by the visits a model expects, never by its probability of being alive: the "
            "BG/NBD takes everyone who came once for a customer for ever."
        ),
    ]  # fmt: skip
    if trial["step"] > 1:
        told.append(
            _(
                "With %(customers)s customers, the comparison was made on one in %(step)s of them; what is foretold "
                "is foretold for all.",
                customers=formats.count(trial["customers"]), step=trial["step"],
            )
        )  # fmt: skip
    if choice.cohorts:
        years = ", ".join(way.cohort for way in choice.cohorts)
        told.append(
            _(
                "Customers who first came in different years behave so differently that each of these years has its "
                "own version of the model: %(years)s.",
                years=years,
            )
        )  # fmt: skip
    elif choice.used is not None:
        told.append(
            _("Separate models by the year of the first visit would not pay: one for everybody explains as much.")
        )
    return told


def picture_title(choice: Choice) -> str:
    """What the picture shows."""
    best = choice.tried[0]
    return str(_("%(name)s ranks best: right in %(right)s", name=_capital(name_of(best)), right=in_hundred(auc(best))))


def picture_sentence() -> str:
    return str(
        _("Of 100 pairs, one who came back and one who did not: in how many it picks the right one. 50 is a coin.")
    )


def picture(choice: Choice, language: str) -> Markup:
    """A dot for each way; the one in use is filled."""
    values = [
        {
            "name": name_of(way),
            "right": round((auc(way) or 0) * 100, 1),
            "used": way.chosen,
            "row": place,
            "coin": CHANCE,
        }
        for place, way in enumerate(choice.tried)
    ]
    return charts.svg(_spec(values), f"{picture_title(choice)}. {picture_sentence()}", language)


def _spec(values: list[dict[str, Any]]) -> dict[str, Any]:
    low = min(CHANCE, *(each["right"] for each in values))
    axis = {"tickCount": 5, "title": str(_("right in so many of 100")), "titlePadding": 8}
    x = {"field": "right", "type": "quantitative", "scale": {"domain": [low, 100]}, "axis": axis}
    y = {"field": "row", "type": "ordinal", "axis": None}
    fill = {"condition": {"test": "datum.used", "value": LOSS}, "value": PAPER}
    point = {"type": "point", "size": 110, "strokeWidth": 2, "stroke": LOSS, "opacity": 1}
    words = {"type": "text", "align": "left", "dy": -14, "fontSize": 14, "color": INK, "limit": 300}
    coin = {"type": "rule", "stroke": QUIET, "strokeWidth": 1}
    layers = [
        {"data": {"values": [{"at": CHANCE}]}, "mark": coin, "encoding": {"x": x | {"field": "at"}}},
        {"mark": {"type": "rule", "stroke": LOSS, "strokeWidth": 2},
         "encoding": {"x": x | {"field": "coin"}, "x2": {"field": "right"}, "y": y}},
        {"mark": point, "encoding": {"x": x, "y": y, "fill": fill}},
        {"mark": words, "encoding": {"x": {"value": 6}, "y": y, "text": {"field": "name", "type": "nominal"}}},
    ]  # fmt: skip
    return {
        "width": 300, "height": {"step": 44}, "data": {"values": values}, "layer": layers, "config": CONFIG,
        "padding": {"left": 6, "right": 12, "top": 6, "bottom": 4},
    }  # fmt: skip


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
