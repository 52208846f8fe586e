"""What changed between two contents of a questionnaire, in words."""

from collections.abc import Iterator, Mapping

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from survey.questionnaires.content import TEXTS, Content, has_choices, question_of, words_in
from survey.web import LANGUAGES

#: what each kind of question is called
KINDS = {
    "one": _l("One choice"), "many": _l("Several choices"), "scale": _l("0 to 10"), "number": _l("A number"),
    "short": _l("A line of text"), "long": _l("A box of text"),
}  # fmt: skip
LANGUAGE_NAMES = {"nl": _l("Dutch"), "en": _l("English")}


def changes(before: Content, after: Content, language: str) -> list[str]:
    """Everything that differs, a sentence each; both have every text named (see `content.whole`)."""
    return [
        *_texts(before, after),
        *_options(before, after, language),
        *_questions(before, after, language),
    ]


def _texts(before: Content, after: Content) -> Iterator[str]:
    for text in TEXTS:
        words = ({lang: content["texts"][lang][text.name] for lang in LANGUAGES} for content in (before, after))
        yield from _reworded(str(text.label), next(words), next(words))


def _reworded(what: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for language in LANGUAGES:
        if old[language] == new[language]:
            continue
        name = str(LANGUAGE_NAMES[language])
        if not new[language]:
            yield _("%(what)s, %(language)s: “%(old)s” was taken out.", what=what, language=name, old=old[language])
        elif not old[language]:
            yield _("%(what)s, %(language)s: now says “%(new)s”.", what=what, language=name, new=new[language])
        else:
            yield _("%(what)s, %(language)s: “%(old)s” became “%(new)s”.",
                    what=what, language=name, old=old[language], new=new[language])  # fmt: skip


def _options(before: Content, after: Content, language: str) -> Iterator[str]:
    old, new = ({option["code"]: option for option in content["options"]} for content in (before, after))
    for code, option in new.items():
        if code not in old:
            yield _("The reason “%(reason)s” is offered.", reason=words_in(option, language))
        else:
            yield from _reworded(_("Reason"), old[code], option)
            if old[code]["pinned_last"] != option["pinned_last"]:
                yield _pinned(option, language)
    for code, option in old.items():
        if code not in new:
            yield _("The reason “%(reason)s” is no longer offered.", reason=words_in(option, language))
    if _order_changed(list(old), list(new)):
        yield _("The reasons stand in another order.")


def _questions(before: Content, after: Content, language: str) -> Iterator[str]:
    old, new = ([question["key"] for question in content["questions"]] for content in (before, after))
    for question in after["questions"]:
        standing = question_of(before, question["key"])
        if standing is None:
            yield _added(question, after, language)
        else:
            yield from _question(standing, question, language)
    for question in before["questions"]:
        if question["key"] not in new:
            yield _("The question “%(question)s” is no longer asked.", question=words_in(question, language))
    if _order_changed(old, new):
        yield _("The further questions stand in another order.")


def _added(question: Content, content: Content, language: str) -> str:
    reason = next((o for o in content["options"] if o["code"] == question.get("after")), None)
    words, kind = words_in(question, language), str(KINDS[question["kind"]])
    if reason is None:
        return str(_("New question: “%(question)s” (%(kind)s).", question=words, kind=kind))
    return str(_("New question after “%(reason)s”: “%(question)s” (%(kind)s).",
                 reason=words_in(reason, language), question=words, kind=kind))  # fmt: skip


def _question(old: Content, new: Content, language: str) -> Iterator[str]:
    words = words_in(new, language)
    yield from _reworded(_("Question"), old, new)
    if has_choices(new):
        yield from _choices(old, new, language)
    if old.get("after", "") != new.get("after", ""):
        yield _("“%(question)s” is asked at another place.", question=words)
    if old.get("required", False) != new.get("required", False):
        if new.get("required"):
            yield _("“%(question)s” has to be answered.", question=words)
        else:
            yield _("“%(question)s” may be left open.", question=words)
    if old.get("shuffled", False) != new.get("shuffled", False):
        if new.get("shuffled"):
            yield _("The choices of “%(question)s” stand in another order for everybody.", question=words)
        else:
            yield _("The choices of “%(question)s” stand in the same order for everybody.", question=words)
    if old.get("most") != new.get("most"):
        yield _("The highest number of “%(question)s” is %(most)s.", question=words, most=new.get("most"))
    if old.get("measures", "") != new.get("measures", ""):
        yield _("What “%(question)s” measures is another thing.", question=words)


def _choices(old: Content, new: Content, language: str) -> Iterator[str]:
    question = words_in(new, language)
    before, after = ({choice["code"]: choice for choice in one.get("choices", ())} for one in (old, new))
    for code, choice in after.items():
        if code not in before:
            yield _("“%(question)s” offers “%(choice)s”.", question=question, choice=words_in(choice, language))
        else:
            yield from _reworded(_("Choice of “%(question)s”", question=question), before[code], choice)
            if before[code].get("pinned_last", False) != choice.get("pinned_last", False):
                yield _pinned(choice, language)
    for code, choice in before.items():
        if code not in after:
            yield _("“%(question)s” no longer offers “%(choice)s”.",
                    question=question, choice=words_in(choice, language))  # fmt: skip
    if _order_changed(list(before), list(after)):
        yield _("The choices of “%(question)s” were put in another order.", question=question)


def _pinned(option: Content, language: str) -> str:
    words = words_in(option, language)
    if option.get("pinned_last"):
        return str(_("“%(choice)s” always stands last.", choice=words))
    return str(_("“%(choice)s” no longer stands last.", choice=words))


def _order_changed(old: list[str], new: list[str]) -> bool:
    return [one for one in old if one in new] != [one for one in new if one in old]
