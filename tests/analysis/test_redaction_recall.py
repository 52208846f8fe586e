"""How much personal data is found: a planted set in both languages, and sentences of which none may change."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from analysis.text.redaction import Redacted, Staff, redact

HERE = Path(__file__).parent
NAMES = ("Marieke van den Oever", "José Peeters")
NUMBERS = ("CARD-9987", "K-4711")
EMPLOYEES = (
    "Ronald Kuiper", "Sandra Jansen-de Boer", "Jan de Vries", "Jan-Willem van den Berg", "Roos van Dam", "Wil Smit",
    "Bill Gates", "Joy O'Brien", "Mark Baker", "Raúl Peña", "April Jones", "Priya Patel", "Peter de Wit",
    "Peter de Wit-Bos", "Max Prins", "Ben Post", "Will Turner", "Grace Hall", "Bas Kok", "Ton Groen",
)  # fmt: skip
STAFF = Staff.of(tuple(enumerate(EMPLOYEES, 1)), lambda name: "abcd")
SENTENCES = (
    "Ik heb {} doorgegeven en nooit meer iets gehoord.",
    "Jullie hadden {} genoteerd",
    "{} staat nog steeds fout in het systeem!",
    "I gave them {} twice, and nothing happened.",
    "Please use {} (again).",
    "my details: {}, thank you",
)
PLANTED = {
    "E-MAIL": ["j.jansen@example.nl", "Info@Bedrijf-X.be", "anna_b+werk@mail.co.uk", "piet [at] example.com",
               "piet(apenstaart)example.nl", "J.JANSEN@EXAMPLE.NL", "a@b.co", "jan @ example.nl"],
    "URL": ["https://example.nl/klacht?id=9", "www.example.be/a/b", "mijnbedrijf.nl", "http://intranet/x",
            "WWW.EXAMPLE.NL"],
    "IBAN": ["NL91ABNA0417164300", "NL91 ABNA 0417 1643 00", "be68 5390 0754 7034", "GB82 WEST 1234 5698 7654 32",
             "nl91abna0417164300", "NL91.ABNA.0417.1643.00"],
    "PHONE": ["06-12345678", "0612345678", "+31 6 12 34 56 78", "010 - 123 45 67", "+32 470 12 34 56", "0470/12.34.56",
              "020 7946 0958", "+44 20 7946 0958", "0031 612345678", "07700 900123", "(010) 1234567", "06.12.34.56.78"],
    "BSN": ["111222333", "123456782", "1112.22.333", "111.222.333", "111 222 333"],
    "DATE": ["12-03-1980", "3/4/75", "1980-03-12", "12 maart 1980", "March 3, 1975", "3rd of April 1975", "1.2.2003"],
    "POSTCODE": ["1234 AB 12", "1017XX", "9712cd", "3511 LN, 4", "SW1A 1AA", "M1 1AE", "EC2A 4NE", "1234 ab"],
    "PLATE": ["12-ABC-3", "G-123-BB", "xx-12-yz", "1-ABC-123", "AB12 CDE", "99-99-XX"],
    "NAME": ["Marieke", "mevrouw Oever", "Marieke van den Oever", "OEVER", "Jose Peeters", "marieke", "José's"],
    "ADDRESS": ["Dorpsstraat 8", "Oude Gracht 118 bis", "Van der Helstplein 2", "dorpsstraat 8c",
                "Nieuwe Laan 3, 3011 AB"],
}  # fmt: skip
# parts of names and addresses that say nothing about anybody
SMALL = frozenset("mevrouw van den der de of the at la no nr huisnummer in te s v d ab bus".split())  # noqa: SIM905


@dataclass(frozen=True)
class Case:
    """A sentence, what must be hidden in it, and what must stand there instead."""

    placeholder: str
    secrets: tuple[str, ...]
    text: str

    @property
    def kind(self) -> str:
        known = self.placeholder.startswith("STAFF") and self.placeholder != "STAFF-x"
        return "STAFF" if known else self.placeholder

    def is_masked(self) -> bool:
        found = redact(self.text, NAMES, NUMBERS, STAFF)
        rest = self.text
        for secret in self.secrets:
            rest = rest.replace(secret, " ", 1)
        secret_words = _words(" ".join(self.secrets)) - SMALL - _words(rest)
        wanted = "[STAFF-xabcd]" if self.placeholder == "STAFF-x" else f"[{self.placeholder}]"
        return wanted in found.text and not secret_words & _words(re.sub(r"\[[^][]*\]", " ", found.text))


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


def lines(name: str) -> list[str]:
    return [line for line in (HERE / name).read_text("utf-8").splitlines() if line and not line.startswith("#")]


def cases() -> Iterator[Case]:
    for kind, secrets in PLANTED.items():
        yield from (Case(kind, (secret,), text.format(secret)) for secret in secrets for text in SENTENCES)
    for line in lines("planted.txt"):
        placeholder, _, marked = line.split(" | ", 2)
        yield Case(placeholder, tuple(re.findall(r"\{(.*?)\}", marked)), re.sub(r"[{}]", "", marked))


CASES = list(cases())
KINDS = sorted({case.kind for case in CASES})


def test_the_planted_set_is_large_and_bilingual() -> None:
    assert len(CASES) >= 500
    languages = [line.split(" | ")[1] for line in lines("planted.txt")]
    assert min(languages.count("nl"), languages.count("en")) >= 120
    assert all(sum(case.kind == kind for case in CASES) >= 20 for kind in KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_recall_of_each_kind_is_at_least_98_percent(kind: str) -> None:
    of_kind = [case for case in CASES if case.kind == kind]
    missed = [case.text for case in of_kind if not case.is_masked()]
    assert len(missed) <= 0.02 * len(of_kind), missed


def test_every_case_says_something_without_masking() -> None:
    """Guards the measure itself: an empty list of secrets would count as found."""
    assert all(case.secrets and all(secret in case.text for secret in case.secrets) for case in CASES)


@pytest.mark.parametrize("text", lines("ordinary_sentences.txt"))
def test_ordinary_words_and_numbers_survive(text: str) -> None:
    assert redact(text, ("An de Vries",), NUMBERS, STAFF) == Redacted(text, ())
