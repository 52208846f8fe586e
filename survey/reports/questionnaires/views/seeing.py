"""The form as a customer would see it, made for somebody who does not exist."""

from dataclasses import dataclass
from datetime import timedelta

from flask import abort, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from werkzeug.datastructures import MultiDict

from survey import web
from survey.accounts.access import allow
from survey.clock import today
from survey.customers.keeping import days_of
from survey.questionnaires.content import Content, words_in
from survey.questionnaires.publishing import standing, versions_of, with_all_texts
from survey.questionnaires.relation import Spell, relation_sentence
from survey.questionnaires.versions import Version
from survey.reports.questionnaires.views.room import WRITERS, blueprint, found
from survey.responses.forms import AnswerForm
from survey.web import LANGUAGES

#: stands where nothing was written yet in any language
NOTHING_YET = "…"
#: the made-up person came for two years, until two months ago; every month, where the text speaks of that
CAME, GONE = timedelta(days=790), timedelta(days=60)
#: only a page of our own may show it in a frame, and it can run and load nothing
FRAME_POLICY = (
    "default-src 'none'; style-src 'nonce-{nonce}'; img-src data:; form-action 'none'; frame-ancestors 'self'"
)


@dataclass(frozen=True)
class MadeUp:
    """Somebody to show the form to."""

    version: Version
    order_seed: int


@blueprint.get("/<int:questionnaire_id>/look")
@allow(*WRITERS)
def look(questionnaire_id: int) -> ResponseReturnValue:
    """Both languages in a phone's frame; the order is rolled by a link."""
    row, version = found(questionnaire_id), _number("version", 0) or None
    page = render_template("questionnaires/look.html", row=row, seed=_number("seed", 1), version=version)
    response = make_response(page)
    usual = web.CONTENT_SECURITY_POLICY.format(styles="'self'")
    response.headers["Content-Security-Policy"] = f"{usual}; frame-src 'self'"
    return response


@blueprint.get("/<int:questionnaire_id>/preview")
@allow(*WRITERS)
def preview(questionnaire_id: int) -> ResponseReturnValue:
    """The inside of the frame: the form itself. Nothing can be sent from it."""
    row = found(questionnaire_id)
    content, number = standing(row), _number("version", 0)
    if number:
        one = next((version for version in versions_of(row.id) if version.version == number), None)
        content = with_all_texts(one.content) if one else abort(404)
    person = MadeUp(Version.of(_filled(content)), _number("seed", 1))
    language = request.args.get("in", web.language())
    if language not in LANGUAGES:
        abort(404)
    with force_locale(language):
        page = _form(person, language)
    response = make_response(page)
    response.headers["Content-Security-Policy"] = FRAME_POLICY.format(nonce=web.page_nonce())
    return response


def _form(person: MadeUp, language: str) -> str:
    intro = person.version.text(language, "intro")
    regular = any(name in intro for name in ("{rhythm}", "{times}"))
    known = Spell(today() - CAME, today() - GONE, "month" if regular else "", 24 if regular else 0)
    return render_template(
        "responses/form.html",
        version=person.version,
        answers=AnswerForm(person, MultiDict(), language, may_decline=True),
        intro=relation_sentence(person.version, language, known, today()),
        fault="",
        kept=True,  # hides the link to the other language, which stands in the other frame
        saved_at=None,
        shown_at="",
        stop_token="",
        keep_words_days=days_of("words"),
        privacy_contact=web.settings().privacy_contact,
    )


def _filled(content: Content) -> Content:
    """With the words of the other language where one is missing, so that every part can be seen."""
    texts = {
        language: {
            name: text or next((content["texts"][other][name] for other in LANGUAGES if content["texts"][other][name]),
                               "" if name == "intro_once" else NOTHING_YET)
            for name, text in content["texts"][language].items()
        }
        for language in LANGUAGES
    }  # fmt: skip
    questions = [
        _in_all_languages(question) | {"choices": [_in_all_languages(c) for c in question.get("choices", ())]}
        for question in content["questions"]
    ]
    return {"texts": texts, "options": [_in_all_languages(o) for o in content["options"]], "questions": questions}


def _in_all_languages(words: Content) -> Content:
    return words | {language: words_in(words, language) or NOTHING_YET for language in LANGUAGES}


def _number(name: str, otherwise: int) -> int:
    given = request.args.get(name, "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else otherwise
