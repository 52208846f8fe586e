"""What the pages say of versions of the model, in sentences."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from survey import formats
from survey.clock import local
from survey.reasons.model_words import hundred
from survey.reasons.models import ModelVersion
from survey.reasons.versions import Turn
from survey.reasons.working import Work
from survey.taxonomy import queries as taxonomy
from survey.web import language


def origin(version: ModelVersion) -> str:
    """Where a version comes from."""
    if version.origin == "starter":
        return str(_("came with the software"))
    answers = version.report.get("answers")
    if answers is None:
        return str(_("taught from what people found"))
    return str(ngettext("taught from %(num)d reviewed answer", "taught from %(num)d reviewed answers", int(answers)))


def verdict(version: ModelVersion, labels: dict[str, str]) -> str:
    """What the gate said of a version. `labels`: of the reasons, by code."""
    kind = version.report.get("verdict")
    if kind == "refused" or not version.passed_gate:
        worse = dict.fromkeys(labels.get(each["reason"], each["reason"]) for each in version.report.get("why", ()))
        if not worse:
            return str(_("Refused: it reads worse."))
        return str(_("Refused: it reads worse for %(reasons)s.", reasons=", ".join(worse)))
    if kind == "passed":
        return str(_("Passed: it reads no reason worse."))
    if kind == "nothing_to_compare":
        return str(_("Not compared: too few answers were reviewed to hold it against another model."))
    return str(_("Needs no check: it was checked when it was made."))


def why_refused(each: dict[str, Any], labels: dict[str, str]) -> str:
    """One reason for which a version was refused."""
    against = _("the serving model") if each.get("against") == "serving" else _("a plain word count")
    where = {"nl": _("in Dutch answers"), "en": _("in English answers")}.get(
        each.get("language", ""), _("in all answers")
    )
    return str(
        _(
            "“%(reason)s” %(where)s: %(candidate)s of 100, where %(against)s reaches %(other)s, on %(cases)s answers "
            "that give it.",
            reason=labels.get(each["reason"], each["reason"]),
            where=where,
            candidate=hundred(each.get("candidate")),
            against=against,
            other=hundred(each.get("other")),
            cases=formats.count(each.get("cases", 0)),
        )
    )


def turn(found: Turn) -> str:
    """One time that a version served."""
    since = formats.short_day(local(found.since).date())
    who = f" ({found.user})" if found.user else ""
    if found.until is None:
        return str(_("serves since %(day)s%(who)s", day=since, who=who))
    until = formats.short_day(local(found.until).date())
    return str(_("served from %(first)s to %(last)s%(who)s", first=since, last=until, who=who))


def work(found: Work) -> str:
    """What is under way."""
    if found.version is None:
        return str(_("A new model is being taught from what people found."))
    if found.publish:
        return str(_("Model %(number)s reads all answers; then the pages show what it reads.", number=found.version))
    return str(_("Model %(number)s reads all answers, to see what would change.", number=found.version))


def problem(version: ModelVersion, found: str) -> str:
    """What is wrong with the file of a version, and what to do."""
    words = {
        "missing": _("The file of model %(number)s is not there.", number=version.id),
        "altered": _("The file of model %(number)s is cut short, altered, or not a model.", number=version.id),
        "other": _("The file of model %(number)s holds another model.", number=version.id),
    }
    return str(words[found])


def labels_by_code() -> dict[str, str]:
    """What every reason there ever was is called."""
    return {reason.code: reason.label(language()) for reason in taxonomy.all_reasons()}


def compared_rows(version: ModelVersion, labels: dict[str, str]) -> list[dict[str, Any]]:
    """For the picture: per reason what the version, the serving one and the plain word count reached (F1)."""
    found = [each for each in version.report.get("reasons", ()) if not each.get("language")]
    return [
        {"label": labels.get(each["code"], each["code"])}
        | {name: (each.get(name) or {}).get("f1") for name in ("candidate", "serving", "baseline")}
        for each in sorted(found, key=lambda each: -((each.get("candidate") or {}).get("f1") or 0.0))
    ]


def comparison_title(version: ModelVersion) -> str:
    """What the picture of a comparison shows."""
    overall = version.report.get("overall") or {}
    candidate, serving = overall.get("candidate") or {}, overall.get("serving") or {}
    if candidate.get("micro") is None:
        return str(_("What model %(number)s reaches", number=version.id))
    if serving.get("micro") is None:
        return str(
            _(
                "Over all reasons model %(number)s reaches %(own)s of 100",
                number=version.id,
                own=hundred(candidate["micro"]),
            )
        )
    return str(
        _(
            "Over all reasons model %(number)s reaches %(own)s of 100, the model that served then %(other)s",
            number=version.id,
            own=hundred(candidate["micro"]),
            other=hundred(serving["micro"]),
        )
    )


def check_sentence(version: ModelVersion) -> str:
    """On what the gate compared."""
    by_language = version.report.get("languages") or {}
    return str(
        _(
            "Compared on %(answers)s answers that people reviewed and that this model had not learnt from: %(dutch)s "
            "in Dutch, %(english)s in English.",
            answers=formats.count(version.report.get("answers", 0)),
            dutch=formats.count(by_language.get("nl", 0)),
            english=formats.count(by_language.get("en", 0)),
        )
    )
