"""Edits of a questionnaire. They go into its draft, which nobody but its writers sees until it is published.

Every edit names the number of edits that its maker had seen (`seen`); where somebody else edited meanwhile it is
refused, so that nothing is overwritten unseen. Everything flushes; whoever calls commits.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import delete, select

from survey.clock import now
from survey.extensions import db
from survey.questionnaires import content as contents
from survey.questionnaires.content import MOST_QUESTIONS, Content
from survey.questionnaires.models import Questionnaire, QuestionnaireVersion, TargetingRule
from survey.questionnaires.publishing import (
    add_version,
    as_of_today,
    newest_of,
    publish,
    published,
    standing,
    versions_of,
)
from survey.questionnaires.targeting_words import title
from survey.questionnaires.versions import WALLET
from survey.taxonomy.changing import code_for
from survey.web import LANGUAGES

#: longest key of a question and code of a choice, as the table of answers holds them
LONGEST_KEY = 40
UP, DOWN = "up", "down"


class ChangedMeanwhile(Exception):
    """Somebody else edited the questionnaire since the page was shown."""


class CannotEdit(ValueError):
    """The edit may not be made; the message says why and what to do, in words."""


@dataclass(frozen=True)
class Asking:
    """A further question as somebody writes it. Choices: code (empty: new), then {language: text, "pinned_last"}."""

    kind: str
    texts: Mapping[str, str]
    choices: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    shuffled: bool = False
    after: str = ""
    most: int = 10
    required: bool = False
    measures: str = ""


def claim(questionnaire_id: int, seen: int) -> Questionnaire:
    """The questionnaire, held until the transaction ends. Raises ChangedMeanwhile, LookupError."""
    query = select(Questionnaire).where(Questionnaire.id == questionnaire_id).with_for_update()
    row = db.session.scalar(query.execution_options(populate_existing=True))
    if row is None:
        raise LookupError(questionnaire_id)
    if row.draft_edits != seen:
        raise ChangedMeanwhile
    return row


def save_texts(row: Questionnaire, texts: Mapping[str, Mapping[str, str]]) -> bool:
    """Put these texts (language -> name -> text) in the draft; False where they stand there already."""
    return _edit(row, lambda content: {**content, "texts": {lang: dict(texts[lang]) for lang in LANGUAGES}})


def save_wordings(row: Questionnaire, wordings: Mapping[str, Mapping[str, str]]) -> bool:
    """How the form puts each reason (code -> language -> text); reasons that are not named stay as they are."""

    def put(content: Content) -> Content:
        options = [option | dict(wordings.get(option["code"], {})) for option in content["options"]]
        return {**content, "options": options}

    return _edit(row, put)


def add_question(row: Questionnaire, asking: Asking) -> str:
    """A further question, the last of those asked at the same place; its key. Raises CannotEdit."""
    content = standing(row)
    if len(content["questions"]) >= MOST_QUESTIONS:
        raise CannotEdit(_("%(most)s further questions is the most. Remove one first.", most=MOST_QUESTIONS))
    if any(_same_question(question, asking) for question in content["questions"]):
        raise CannotEdit(_("This question is there already."))
    _refuse_second_wallet(content, asking, "")
    used = contents.keys_of([content, *(version.content for version in versions_of(row.id))])
    key = _short_code(asking.texts, used)
    made = _stored(asking, key, set())
    _edit(row, lambda old: {**old, "questions": [*old["questions"], made]})
    return key


def save_question(row: Questionnaire, key: str, asking: Asking) -> bool:
    """Put the question otherwise; its key and kind stay, so that answers stay comparable. Raises CannotEdit."""
    content = standing(row)
    question = contents.question_of(content, key)
    if question is None:
        raise CannotEdit(_("This question was removed meanwhile."))
    _refuse_second_wallet(content, asking, key)
    ever = [contents.question_of(version.content, key) or {} for version in versions_of(row.id)]
    used = {choice["code"] for one in (question, *ever) for choice in one.get("choices", ())}
    stored = _stored(asking, key, used) | {"kind": question["kind"]}
    return _edit(row, lambda old: _with_questions(old, [stored if q["key"] == key else q for q in old["questions"]]))


def remove_question(row: Questionnaire, key: str) -> bool:
    """Ask it no longer. What was answered stays; its key is never given again."""
    return _edit(row, lambda old: _with_questions(old, [q for q in old["questions"] if q["key"] != key]))


def move_question(row: Questionnaire, key: str, way: str) -> bool:
    """One place up or down among those that are asked at the same place; False at the end of the way."""

    def moved(content: Content) -> Content:
        questions = list(content["questions"])
        mine = next((q for q in questions if q["key"] == key), None)
        if mine is None:
            return content
        beside = [n for n, q in enumerate(questions) if q.get("after", "") == mine.get("after", "")]
        at = beside.index(questions.index(mine))
        to = at - 1 if way == UP else at + 1
        if 0 <= to < len(beside):
            here, there = beside[at], beside[to]
            questions[here], questions[there] = questions[there], questions[here]
        return _with_questions(content, questions)

    return _edit(row, moved)


def discard(row: Questionnaire) -> None:
    """Throw the draft away: what was published last is what stands. What was never published goes altogether."""
    if newest_of(row.id) is None:
        db.session.execute(delete(TargetingRule).where(TargetingRule.questionnaire_id == row.id))
        db.session.delete(row)
        db.session.flush()
        return
    row.draft = None
    row.draft_edits += 1
    row.draft_changed_at = now()
    db.session.flush()


def start(name: str, content: Mapping[str, Any]) -> Questionnaire:
    """A new questionnaire with this draft; nobody is asked by it before it is published. Raises CannotEdit."""
    _refuse_taken_name(name, None)
    row = Questionnaire(name=name, active=True, draft_changed_at=now(), draft_edits=1)
    db.session.add(row)
    db.session.flush()
    row.draft = as_of_today(row, content)
    db.session.flush()
    return row


def rename(row: Questionnaire, name: str) -> bool:
    """Another name; people who are asked never see it. Raises CannotEdit."""
    if row.name == name:
        return False
    _refuse_taken_name(name, row)
    row.name = name
    db.session.flush()
    return True


def publish_draft(row: Questionnaire) -> QuestionnaireVersion | None:
    """Make the draft the newest version; None where it says what is published already.

    Call `changing.lock` before `claim`, so that the reasons stay as they are. Raises CannotEdit while something is
    missing.
    """
    return _publish(row, standing(row))


def publish_again(row: Questionnaire, version: QuestionnaireVersion) -> QuestionnaireVersion | None:
    """Publish what an old version said, with the reasons of today; None where that is what is published already."""
    return _publish(row, as_of_today(row, version.content))


def retire(row: Questionnaire) -> None:
    """Ask nobody by it any more. Links that are out keep working. Raises CannotEdit."""
    others = select(QuestionnaireVersion.id).join(Questionnaire)
    if not db.session.scalar(others.where(Questionnaire.active, Questionnaire.id != row.id).limit(1)):
        raise CannotEdit(_("It is the only questionnaire in use, so nobody could be asked. Publish another one first."))
    rules = db.session.scalars(
        select(TargetingRule.name).where(TargetingRule.questionnaire_id == row.id, TargetingRule.active)
    ).all()
    if rules:
        raise CannotEdit(
            _("Rules still ask people by it: %(rules)s. Give them another questionnaire or switch them off first.",
              rules=", ".join(map(title, rules)))
        )  # fmt: skip
    row.active = False
    db.session.flush()


def restore(row: Questionnaire) -> None:
    """Use it again, with the reasons as they are now. Call `changing.lock` before `claim`."""
    row.active = True
    db.session.flush()
    publish()


def _edit(row: Questionnaire, change: Callable[[Content], Content]) -> bool:
    """Put the changed content in the draft and count the edit; False where nothing changes."""
    before = standing(row)
    after = change(before)
    if after == before:
        return False
    row.draft = None if after == published(row) else after
    row.draft_edits += 1
    row.draft_changed_at = now()
    db.session.flush()
    return True


def _publish(row: Questionnaire, content: Content) -> QuestionnaireVersion | None:
    if missing := contents.untranslated(content):
        raise CannotEdit(
            ngettext("One text is missing in a language.", "%(num)d texts are missing in a language.", len(missing))
        )
    newest = newest_of(row.id)
    row.draft = None
    if newest is not None and published(row, newest) == content:
        db.session.flush()
        return None
    row.draft_edits += 1
    row.draft_changed_at = now()
    return add_version(row, _without_empty(content))


def _without_empty(content: Content) -> Content:
    """Texts that may be left out and say nothing are not stored."""
    texts = {lang: {name: text for name, text in words.items() if text} for lang, words in content["texts"].items()}
    return content | {"texts": texts}


def _with_questions(content: Content, questions: list[Content]) -> Content:
    return {**content, "questions": questions}


def _stored(asking: Asking, key: str, used: set[str]) -> Content:
    """The question in the form in which it is stored; what does not matter for its kind is left out."""
    stored: Content = {"key": key, "kind": asking.kind, **{lang: asking.texts[lang] for lang in LANGUAGES}}
    if contents.has_choices(stored):
        stored["choices"] = _choices(asking.choices, used)
        stored["shuffled"] = asking.shuffled
    if asking.kind == "number":
        stored["most"] = asking.most
        stored["measures"] = asking.measures
    return stored | {"after": asking.after, "required": asking.required}


def _choices(choices: Sequence[Mapping[str, Any]], used: set[str]) -> list[Content]:
    """Each choice with its code: the one that it had, else a new one that this question never had."""
    taken, stored = set(used), list[Content]()
    for choice in choices:
        words = {language: choice[language] for language in LANGUAGES}
        known = choice["code"] in used and choice["code"] not in {one["code"] for one in stored}
        code = choice["code"] if known else _short_code(words, taken)
        taken.add(code)
        stored.append({"code": code, **words, "pinned_last": bool(choice["pinned_last"])})
    return stored


def _short_code(words: Mapping[str, str], used: set[str]) -> str:
    """A code of a to z, 0 to 9 and _ made of the English words, else of the Dutch, that was never used before."""
    label = words["en"] or words["nl"]
    return code_for(label[: LONGEST_KEY - 5], used)[:LONGEST_KEY]


def _same_question(question: Mapping[str, Any], asking: Asking) -> bool:
    texts = all(question[language] == asking.texts[language] for language in LANGUAGES)
    return bool(texts and question["kind"] == asking.kind and question.get("after", "") == asking.after)


def _refuse_second_wallet(content: Content, asking: Asking, but: str) -> None:
    others = [q for q in content["questions"] if q.get("measures") == WALLET and q["key"] != but]
    if asking.measures == WALLET and others:
        raise CannotEdit(_("Another question measures how many of their visits come to you already. One can do that."))


def _refuse_taken_name(name: str, but: Questionnaire | None) -> None:
    others = select(Questionnaire).where(Questionnaire.id != (but.id if but else 0))
    if any(row.name.casefold() == name.casefold() for row in db.session.scalars(others)):
        raise CannotEdit(_("There is another questionnaire called “%(name)s”. Choose another name.", name=name))
