"""A questionnaire as a file: JSON of ours, written and read. What is read becomes a draft; nothing in it is ever run.

The kinds of business that come with Whyleft are files of the same form, in `business/`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

from flask_babel import gettext as _
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from survey.questionnaires.content import (
    FEWEST_CHOICES,
    LONGEST_NAME,
    LONGEST_OPTION,
    LONGEST_QUESTION,
    MOST_CHOICES,
    MOST_NUMBER,
    MOST_QUESTIONS,
    TEXT_OF,
    Content,
)
from survey.questionnaires.placeholders import fault_in
from survey.questionnaires.versions import WALLET, WITH_CHOICES
from survey.web import LANGUAGES

#: what the file says it is; goes up when files of before can no longer be read
FORMAT = "questionnaire 1"
MOST_BYTES = 200_000
#: problems that are told at once
MOST_PROBLEMS = 20
BUSINESS = Path(__file__).parent / "business"
#: the file of it that fits any service
ANY = "any"

Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,40}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,50}$")]
Option = Annotated[str, StringConstraints(max_length=LONGEST_OPTION)]
Asked = Annotated[str, StringConstraints(max_length=LONGEST_QUESTION)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_NAME)]


class FileRefused(ValueError):
    """The file cannot be taken; `problems` says where and why, a sentence each."""

    def __init__(self, *problems: str) -> None:
        super().__init__(*problems)
        self.problems = list(problems)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Names(_Part):
    nl: Name
    en: Name


class _Reason(_Part):
    code: Code
    nl: Option = ""
    en: Option = ""


class _Choice(_Part):
    code: Key
    nl: Option = ""
    en: Option = ""
    pinned_last: bool = False


class _Question(_Part):
    key: Key
    kind: Literal["one", "many", "scale", "number", "short", "long"]
    nl: Asked = ""
    en: Asked = ""
    choices: Annotated[list[_Choice], Field(max_length=MOST_CHOICES)] = Field(default_factory=list)
    shuffled: bool = False
    after: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{0,50}$")] = ""
    most: Annotated[int, Field(ge=1, le=MOST_NUMBER)] = 10
    required: bool = False
    measures: Literal["", "wallet"] = ""


class _File(_Part):
    whyleft: Literal["questionnaire 1"]
    name: _Names
    texts: dict[Literal["nl", "en"], dict[str, str]]
    reasons: Annotated[list[_Reason], Field(max_length=100)] = Field(default_factory=list)
    questions: Annotated[list[_Question], Field(max_length=MOST_QUESTIONS)] = Field(default_factory=list)


@dataclass(frozen=True)
class Read:
    """What stands in a file. Options are the reasons that it words; they are checked against the list later."""

    names: Mapping[str, str]
    content: Content

    def without_unknown(self, codes: set[str]) -> tuple[Content, list[str]]:
        """The content for an organisation with these reasons, and the questions left out because theirs is unknown."""
        kept = [q for q in self.content["questions"] if q["after"] in codes | {""}]
        left_out = [q["nl"] or q["en"] for q in self.content["questions"] if q["after"] not in codes | {""}]
        options = [option for option in self.content["options"] if option["code"] in codes]
        return self.content | {"options": options, "questions": kept}, left_out


def written(name: str, content: Content) -> str:
    """The file of a content."""
    questions = [_Question.model_validate(_known_fields(question)) for question in content["questions"]]
    whole = {
        "whyleft": FORMAT,
        "name": dict.fromkeys(LANGUAGES, name),
        "texts": {lang: {key: text for key, text in content["texts"][lang].items() if text} for lang in LANGUAGES},
        "reasons": [{key: option[key] for key in ("code", *LANGUAGES)} for option in content["options"]],
        "questions": [question.model_dump(exclude_defaults=True) for question in questions],
    }
    return json.dumps(whole, ensure_ascii=False, indent=2) + "\n"


def read(raw: bytes) -> Read:
    """What stands in the file. Raises FileRefused with every problem, where it is and what to do."""
    found = _parsed(raw)
    try:
        file = _File.model_validate(found)
    except ValidationError as error:
        raise FileRefused(*_problems(error)) from error
    if problems := _wrong(file):
        raise FileRefused(*problems[:MOST_PROBLEMS])
    texts: dict[str, dict[str, str]] = {str(language): words for language, words in file.texts.items()}
    questions = [question.model_dump() for question in file.questions]
    content = {
        "texts": {language: dict(texts.get(language, {})) for language in LANGUAGES},
        "options": [reason.model_dump() for reason in file.reasons],
        "questions": [_for_kind(question) for question in questions],
    }
    return Read(file.name.model_dump(), content)


@cache
def businesses() -> dict[str, Read]:
    """The kinds of business that come with Whyleft, by the name of their file; the one for any service first."""
    paths = sorted(BUSINESS.glob("*.json"), key=lambda path: (path.stem != ANY, path.stem))
    return {path.stem: read(path.read_bytes()) for path in paths}


def _parsed(raw: bytes) -> Any:
    if len(raw) > MOST_BYTES:
        raise FileRefused(_("The file is larger than %(most)s kB: it is no questionnaire.", most=MOST_BYTES // 1000))
    try:
        return json.loads(raw.decode("utf-8-sig"), object_pairs_hook=_without_doubles, parse_constant=_no_number)
    except UnicodeDecodeError as error:
        raise FileRefused(_("The file is not in UTF-8. Save it as UTF-8 and try again.")) from error
    except json.JSONDecodeError as error:
        said = _("Line %(line)s, place %(place)s: this is not JSON. Check commas, quotes and brackets there.",
                 line=error.lineno, place=error.colno)  # fmt: skip
        raise FileRefused(said) from error
    except RecursionError as error:
        raise FileRefused(_("The file is nested too deeply: it is no questionnaire.")) from error
    except ValueError as error:  # a number of more digits than Python reads
        raise (
            error if isinstance(error, FileRefused) else FileRefused(_("A number in the file is too long."))
        ) from error


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _value in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise FileRefused(_("“%(field)s” stands twice in one place. Take one of them out.", field=twice[:50]))
    return found


def _no_number(text: str) -> NoReturn:
    raise FileRefused(_("%(text)s is no number that a questionnaire can hold.", text=text))


def _problems(error: ValidationError) -> list[str]:
    found = error.errors(include_url=False)
    return [f"{_where(one['loc'])}: {_why(one)}" for one in found[:MOST_PROBLEMS]]


def _where(place: tuple[int | str, ...]) -> str:
    """Where in the file, such as `questions 3, choices 1, nl`; numbers count from 1."""
    words: list[str] = []
    for part in place:
        if isinstance(part, int) and words:
            words[-1] += f" {part + 1}"
        else:
            words.append(str(part)[:50])
    return ", ".join(words) or str(_("The whole file"))


def _why(one: Any) -> str:
    limits = one.get("ctx", {})
    said = {
        "missing": _("is missing. Add it."),
        "extra_forbidden": _("is not known here. Take it out."),
        "string_type": _("has to be text between quotes."),
        "bool_type": _("has to be true or false."),
        "int_type": _("has to be a whole number."),
        "dict_type": _("has to be a part between { and }."),
        "model_type": _("has to be a part between { and }."),
        "list_type": _("has to be a list between [ and ]."),
        "string_too_short": _("is empty. Fill it in."),
    }
    if one["type"] in said:
        return str(said[one["type"]])
    if one["type"] == "literal_error":
        return str(_("has to be one of %(values)s.", values=limits["expected"].replace(" or ", ", ")))
    if one["type"] in ("string_too_long", "too_long"):
        return str(_("is too long: at most %(most)s.", most=limits["max_length"]))
    if one["type"] == "string_pattern_mismatch":
        return str(_("may have small letters a to z, digits and _ only."))
    return str(_("is out of its bounds."))


def _wrong(file: _File) -> list[str]:
    """What the shape alone cannot tell."""
    problems = []
    for language, texts in file.texts.items():
        for name, text in texts.items():
            problems += [f"texts, {language}, {name[:50]}: {why}" for why in _wrong_text(name, text)]
    for number, question in enumerate(file.questions, 1):
        problems += [f"questions {number}: {why}" for why in _wrong_question(question)]
    keys = [question.key for question in file.questions]
    problems += [_("The key “%(key)s” stands twice.", key=key) for key in sorted(_twice(keys))]
    if sum(question.measures == WALLET for question in file.questions) > 1:
        problems.append(_("Only one question can measure “wallet”."))
    return problems


def _wrong_text(name: str, text: str) -> list[str]:
    if name not in TEXT_OF:
        return [_("is not known here. Take it out.")]
    if len(text) > TEXT_OF[name].longest:
        return [_("is too long: at most %(most)s.", most=TEXT_OF[name].longest)]
    return _wrong_words(name, text)


def _wrong_words(name: str, text: str) -> list[str]:
    if not text.isprintable():
        return [_("has signs in it that cannot be shown. Type it again by hand.")]
    return [fault] if (fault := fault_in(name, text)) else []


def _wrong_question(question: _Question) -> list[str]:
    words = [question.nl, question.en, *(word for choice in question.choices for word in (choice.nl, choice.en))]
    problems = [why for text in words for why in _wrong_words("", text)]
    if question.choices and question.kind not in WITH_CHOICES:
        problems.append(_("a question of this kind has no choices. Take them out."))
    if len(question.choices) < FEWEST_CHOICES and question.kind in WITH_CHOICES:
        problems.append(_("give it two choices at least."))
    if question.measures and question.kind != "number":
        problems.append(_("only a question of the kind “number” can measure “wallet”."))
    if twice := _twice([choice.code for choice in question.choices]):
        problems.append(_("the code “%(code)s” stands twice among its choices.", code=min(twice)))
    return problems


def _twice(names: list[str]) -> set[str]:
    seen: set[str] = set()
    return {name for name in names if name in seen or seen.add(name)}  # type: ignore[func-returns-value]


def _for_kind(question: Content) -> Content:
    """Without what does not matter for its kind, as `editing` stores it."""
    kept = {"key", "kind", *LANGUAGES, "after", "required"}
    kept |= {"choices", "shuffled"} if question["kind"] in WITH_CHOICES else set()
    kept |= {"most", "measures"} if question["kind"] == "number" else set()
    return {name: value for name, value in question.items() if name in kept}


def _known_fields(question: Mapping[str, Any]) -> Content:
    return {name: value for name, value in question.items() if name in _Question.model_fields}
