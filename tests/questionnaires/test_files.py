"""A questionnaire as a file: there and back, every kind of business, and files that are no good."""

import json
from typing import Any

import pytest

from survey.questionnaires import files
from survey.questionnaires.content import TEXT_OF, untranslated, whole
from survey.questionnaires.files import FileRefused
from survey.questionnaires.placeholders import fault_in
from survey.questionnaires.versions import Version
from survey.taxonomy.queries import active_reasons

pytestmark = [pytest.mark.sqlite, pytest.mark.usefixtures("context")]

GOOD: dict[str, Any] = {
    "whyleft": "questionnaire 1",
    "name": {"nl": "Test", "en": "Test"},
    "texts": {"nl": {"title": "Waarom?"}, "en": {"title": "Why?", "intro": "From {since} to {until}."}},
    "reasons": [{"code": "price", "nl": "Te duur", "en": "Too dear"}],
    "questions": [
        {
            "key": "who", "kind": "one", "nl": "Met wie?", "en": "With whom?", "after": "price",
            "choices": [{"code": "a", "nl": "A", "en": "A"}, {"code": "b", "nl": "B", "en": "B", "pinned_last": True}],
        },
        {"key": "ten", "kind": "number", "nl": "Hoe vaak?", "en": "How often?", "measures": "wallet"},
    ],
}  # fmt: skip


def refused(raw: bytes | dict[str, Any]) -> list[str]:
    with pytest.raises(FileRefused) as caught:
        files.read(raw if isinstance(raw, bytes) else json.dumps(raw).encode())
    return caught.value.problems


def changed(**parts: Any) -> dict[str, Any]:
    return json.loads(json.dumps(GOOD)) | parts


def test_what_is_written_is_read_again() -> None:
    content = whole(files.read(json.dumps(GOOD).encode()).content, active_reasons(), {})
    again = files.read(files.written("Test", content).encode())
    assert whole(again.content, active_reasons(), {}) == content
    assert files.read(b"\xef\xbb\xbf" + json.dumps(GOOD).encode()).names["nl"] == "Test"


def test_at_least_ten_kinds_of_business_can_be_published_at_once() -> None:
    known = files.businesses()
    assert len(set(known) - {files.ANY}) >= 10
    reasons = {reason.code for reason in active_reasons()}
    for name, file in known.items():
        content, left_out = file.without_unknown(reasons)
        assert left_out == [], name
        assert untranslated(whole(content, active_reasons(), {})) == [], name
        after = [question["after"] for question in content["questions"]]
        # one further question that fits the reason, none that everybody has to read
        assert len(after) == len(set(after)) >= 5, name
        assert "" not in after, name
        assert not any(question["required"] for question in content["questions"]), name
        shown = Version.of(whole(content, active_reasons(), {}))
        assert all(not q.choices or q.choices[-1].pinned_last for q in shown.questions), name
        assert {text for text in TEXT_OF if content["texts"]["en"].get(text)} == set(TEXT_OF), name


def test_reasons_that_are_not_in_use_here_are_left_out_and_told() -> None:
    content, left_out = files.read(json.dumps(GOOD).encode()).without_unknown({"errors"})
    assert left_out == ["Met wie?"]
    assert [question["key"] for question in content["questions"]] == ["ten"]
    assert content["options"] == []


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "Line 1, place 1"),
        (b'{\n "whyleft": "questionnaire 1",\n "name": }', "Line 3, place 10"),
        (b"\xff\xfe", "UTF-8"),
        (b"[" * 100_000, "nested"),
        (b'{"a": ' + b"9" * 10_000 + b"}", "too long"),
        (b'{"a": NaN}', "NaN"),
        (b'{"whyleft": 1, "whyleft": 2}', "“whyleft” stands twice"),
        (b"x" * 200_001, "larger than 200 kB"),
        (b"[]", "The whole file: has to be a part between { and }."),
        (b"null", "The whole file"),
    ],
)
def test_what_is_no_such_file_is_refused(raw: bytes, said: str) -> None:
    assert said in refused(raw)[0]


def question(**parts: Any) -> dict[str, Any]:
    return changed(questions=[GOOD["questions"][0] | parts])


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (changed(whyleft="questionnaire 2"), "whyleft: has to be one of 'questionnaire 1'."),
        (changed(script="x"), "script: is not known here. Take it out."),
        ({"whyleft": "questionnaire 1"}, "name: is missing. Add it."),
        (changed(name={"nl": "", "en": "x"}), "name, nl: is empty. Fill it in."),
        (changed(texts={"fr": {}}), "texts, fr, [key]: has to be one of 'nl', 'en'."),
        (changed(texts={"nl": {"titel": "x"}}), "texts, nl, titel: is not known here. Take it out."),
        (changed(texts={"nl": {"title": "x" * 101}}), "texts, nl, title: is too long: at most 100."),
        (changed(texts={"nl": {"title": "{since}"}}), "texts, nl, title: Nothing is filled in here"),
        (changed(texts={"nl": {"intro": "{name}"}}), "texts, nl, intro: {name} is not known here. Write {since}"),
        (changed(texts={"nl": {"intro": "\u202e"}}), "texts, nl, intro: has signs in it that cannot be shown"),
        (question(kind="matrix"), "questions 1, kind: has to be one of 'one', 'many'"),
        (question(key="Who?"), "questions 1, key: may have small letters"),
        (question(required="yes"), "questions 1, required: has to be true or false."),
        (question(nl=5), "questions 1, nl: has to be text between quotes."),
        (question(most=1001), "questions 1, most: is out of its bounds."),
        (question(nl="{{ ''.__class__ }}"), "questions 1: Nothing is filled in here"),
        (question(kind="long"), "questions 1: a question of this kind has no choices."),
        (question(choices=[]), "questions 1: give it two choices at least."),
        (question(measures="wallet"), "questions 1: only a question of the kind “number”"),
        (question(choices=[{"code": "a"}] * 2), "questions 1: the code “a” stands twice"),
        (question(choices=[{"code": "a", "link": "x"}]), "questions 1, choices 1, link: is not known here."),
        (changed(questions=[GOOD["questions"][1]] * 2), "The key “ten” stands twice."),
        (changed(questions=[GOOD["questions"][1]] * 41), "questions: is too long: at most 40."),
    ],
)  # fmt: skip
def test_every_fault_is_told_with_its_place(raw: dict[str, Any], said: str) -> None:
    assert refused(raw)[0].startswith(said)


def test_a_file_with_many_faults_tells_the_first_twenty() -> None:
    assert len(refused(changed(**{f"x{number}": 1 for number in range(50)}))) == 20


@pytest.mark.parametrize(
    ("name", "text", "fine"),
    [
        ("intro", "From {since} to {until}.", True),
        ("intro", "No dates at all.", True),
        ("intro_once", "In {when}.", True),
        ("title", "Why?", True),
        ("intro", "{when}", False),
        ("intro_once", "{since}", False),
        ("intro", "{since", False),
        ("intro", "until}", False),
        ("intro", "{}", False),
        ("intro", "{0}", False),
        ("intro", "{since.__class__}", False),
        ("intro", "{since!r}", False),
        ("intro", "{since:>99999999}", False),
        ("intro", "{since[0]}", False),
        ("intro", "{{since}}", False),
        ("intro", "{{ ''.__class__ }}", False),
        ("intro", "{% raw %}", False),
        ("intro", "${7*7}", False),
        ("title", "{since}", False),
        ("", "{since}", False),
    ],
)
def test_only_plain_placeholders_may_stand(name: str, text: str, fine: bool) -> None:
    assert (fault_in(name, text) == "") is fine
    if fine:
        values = {"since": "1", "until": "2", "when": "3"}
        assert "{" not in text.format(**values)
