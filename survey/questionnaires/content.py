"""What a questionnaire says, as it is written and stored: its texts, its reasons and its further questions.

The shape is that of `QuestionnaireVersion.content`. A draft has the same shape and may have holes in it: an empty text
is one that nobody has written or translated yet.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _

from survey.questionnaires.versions import WITH_CHOICES
from survey.taxonomy.models import Reason
from survey.web import LANGUAGES

Content = dict[str, Any]


@dataclass(frozen=True)
class Text:
    """A text that every questionnaire has."""

    name: str
    label: Any
    #: what it is for, and what may stand in it
    hint: Any
    longest: int
    required: bool = True


TEXTS = (
    Text("title", _("Title"), _("Past tense, about what happened: “What made you stop coming?”"), 100),
    Text(
        "intro",
        _("First sentence"),
        _(
            "Names the relation. Filled in for each person: {since}, {until}, {last}, {rhythm} (“every month”), "
            "{times}. Who lacks one of them reads a sentence of our own."
        ),
        400,
    ),
    Text(
        "intro_once",
        _("First sentence for who came in one month only"),
        _("{when} is filled in. Empty in both languages: a sentence of our own."),
        400,
        required=False,
    ),
    Text("main", _("Question about the main reason"), _("The one question that has to be answered."), 200),
    Text("also", _("Question about further reasons"), "", 200),
    Text("words", _("Question for their own words"), _("“What happened?” gets more than “Any remarks?”"), 200),
    Text("contact", _("Consent to be contacted"), _("Nobody is called or written to about it without this tick."), 200),
    Text("send", _("Button that sends it"), "", 30),
    Text("thanks", _("Thanks"), _("What happens with the answer, and nothing else: no offer."), 500),
)
TEXT_OF = {text.name: text for text in TEXTS}
LONGEST_OPTION = 200
LONGEST_QUESTION = 300
LONGEST_NAME = 100
#: further questions of a questionnaire, follow-ups included
MOST_QUESTIONS = 40
MOST_CHOICES = 20
FEWEST_CHOICES = 2
#: largest number that a number question may ask for
MOST_NUMBER = 1000
#: more further questions than this to one person cost answers (see the page)
MANY_QUESTIONS = 3


@dataclass(frozen=True)
class Place:
    """One text of a questionnaire, in all languages."""

    #: text, option, question or choice
    part: str
    #: name of the text, code of the reason, key of the question
    name: str
    #: code of the choice; else empty
    choice: str
    words: Mapping[str, str]

    @property
    def missing(self) -> tuple[str, ...]:
        """The languages in which it says nothing."""
        return tuple(language for language in LANGUAGES if not self.words[language])


def blank() -> Content:
    return {"texts": {language: {} for language in LANGUAGES}, "options": [], "questions": []}


def whole(content: Mapping[str, Any], reasons: Sequence[Reason], said: Mapping[str, Mapping[str, str]]) -> Content:
    """The content with every text named, and with the reasons as they are now in the order of the list of reasons.

    A reason is put as in the content; else as in `said` (code -> language -> text); else by its labels.
    """
    own = {option["code"]: option for option in content.get("options", ())}
    texts = {
        language: {text.name: content["texts"].get(language, {}).get(text.name, "") for text in TEXTS}
        for language in LANGUAGES
    }
    options = []
    for reason in reasons:
        words = own.get(reason.code) or said.get(reason.code) or {"nl": reason.label_nl, "en": reason.label_en}
        options.append({"code": reason.code, "nl": words["nl"], "en": words["en"], "pinned_last": reason.pinned_last})
    return {"texts": texts, "options": options, "questions": [dict(q) for q in content.get("questions", ())]}


def places(content: Mapping[str, Any]) -> Iterator[Place]:
    """Every text of a content that `whole` gave, in the order of the form."""
    for text in TEXTS:
        yield Place("text", text.name, "", {lang: content["texts"][lang][text.name] for lang in LANGUAGES})
    for option in content["options"]:
        yield Place("option", option["code"], "", _words(option))
    for question in content["questions"]:
        yield Place("question", question["key"], "", _words(question))
        for choice in question.get("choices", ()):
            yield Place("choice", question["key"], choice["code"], _words(choice))


def untranslated(content: Mapping[str, Any]) -> list[Place]:
    """What is missing in a language. A text that may be left out is missing only where another language has it."""
    return [
        place
        for place in places(content)
        if place.missing and (_is_required(place) or len(place.missing) < len(LANGUAGES))
    ]


def followups(content: Mapping[str, Any], code: str) -> list[Content]:
    """The questions that are asked of those who choose this reason; '' for those that are asked of everybody."""
    return [question for question in content["questions"] if question.get("after", "") == code]


def lost_followups(content: Mapping[str, Any]) -> list[Content]:
    """The questions that follow a reason that is not offered any more: nobody sees them."""
    offered = {"", *(option["code"] for option in content["options"])}
    return [question for question in content["questions"] if question.get("after", "") not in offered]


def most_asked(content: Mapping[str, Any]) -> int:
    """How many further questions one person can be asked at most."""
    after = [len(followups(content, option["code"])) for option in content["options"]]
    return len(followups(content, "")) + max(after, default=0)


def question_of(content: Mapping[str, Any], key: str) -> Content | None:
    return next((question for question in content.get("questions", ()) if question["key"] == key), None)


def words_in(words: Mapping[str, str], language: str) -> str:
    """The text in a language, or in another one where it is not translated yet."""
    return words.get(language) or next((words[other] for other in LANGUAGES if words.get(other)), "")


def has_choices(question: Mapping[str, Any]) -> bool:
    return question["kind"] in WITH_CHOICES


def keys_of(contents: Iterable[Mapping[str, Any]]) -> set[str]:
    """The keys of all questions that ever stood in these."""
    return {question["key"] for content in contents for question in content.get("questions", ())}


def _words(stored: Mapping[str, Any]) -> dict[str, str]:
    return {language: stored[language] for language in LANGUAGES}


def _is_required(place: Place) -> bool:
    return place.part != "text" or TEXT_OF[place.name].required
