"""What the doctor says of the sender's domain, asked of a real name server on this machine."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset
import pytest
from flask import Flask

from survey.checks import mail_domain

SPF = "v=spf1 mx -all"
DMARC = "v=DMARC1; p=quarantine; rua=mailto:dmarc@shop.example"
KEY = "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQ"
ALL = {"shop.example.": [SPF], "k1._domainkey.shop.example.": [KEY], "_dmarc.shop.example.": [DMARC]}

pytestmark = pytest.mark.sqlite


@contextmanager
def name_server(texts: dict[str, list[str]]) -> Iterator[None]:
    """Answers for TXT records over UDP; every question here goes to it."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                raw, caller = server.recvfrom(4096)
            except OSError:
                return
            if not raw:
                return
            server.sendto(answer(dns.message.from_wire(raw), texts).to_wire(), caller)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], server.getsockname()[1]
    before, dns.resolver.default_resolver = dns.resolver.default_resolver, resolver
    try:
        yield
    finally:
        dns.resolver.default_resolver = before
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", server.getsockname())
        thread.join(5)
        server.close()


def answer(question: dns.message.Message, texts: dict[str, list[str]]) -> dns.message.Message:
    said = dns.message.make_response(question)
    name = question.question[0].name
    found = texts.get(str(name))
    if found is None:
        said.set_rcode(dns.rcode.NXDOMAIN)
    elif found:
        said.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", *(f'"{text}"' for text in found)))
    return said


@pytest.fixture
def sending(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An installation that sends mail as ask@shop.example, signed with the key k1."""
    for name, value in (
        ("mail_url", "smtp://mail.shop.example"), ("mail_from", "Shop <ask@shop.example>"), ("dkim_selector", "k1"),
    ):  # fmt: skip
        monkeypatch.setattr(app.settings, name, value)  # type: ignore[attr-defined]
    with app.test_request_context("/?lang=en"):
        yield


def found(texts: dict[str, list[str]]) -> tuple[str, str, str]:
    with name_server(texts):
        finding = mail_domain.sender_check()
    return finding.level, finding.sentence, finding.advice


def test_a_domain_that_publishes_all_three_is_in_order(sending: None) -> None:
    assert found(ALL)[:2] == ("ok", "shop.example publishes SPF, DKIM and DMARC.")


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"shop.example.": []}, "does not say which servers may send its mail (SPF)"),
        ({"shop.example.": [SPF, "v=spf1 a -all"]}, "has 2 SPF records"),
        ({"shop.example.": ["v=spf1 mx +all"]}, "lets anybody send in its name"),
        ({"k1._domainkey.shop.example.": ["v=DKIM1; p="]}, "no DKIM key at k1._domainkey.shop.example"),
        ({"_dmarc.shop.example.": ["v=DMARC1"]}, "has no DMARC policy"),
    ],
)
def test_what_is_missing_is_said_with_the_line_that_mends_it(
    sending: None, changed: dict[str, list[str]], sentence: str
) -> None:
    level, said, advice = found(ALL | changed)
    assert level == "warning"
    assert sentence in said
    assert advice


def test_without_the_name_of_the_key_it_says_so(app: Flask, sending: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.settings, "dkim_selector", "")  # type: ignore[attr-defined]
    assert "WHYLEFT_DKIM_SELECTOR" in found(ALL)[2]


def test_bounces_of_another_domain_need_its_spf(app: Flask, sending: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.settings, "mail_bounces_to", "bounce@mailer.example")  # type: ignore[attr-defined]
    assert "mailer.example does not say" in found(ALL)[1]
    assert found(ALL | {"mailer.example.": [SPF]})[0] == "ok"


def test_a_name_server_that_is_silent_is_no_finding_about_the_domain(
    sending: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], 9
    monkeypatch.setattr(dns.resolver, "default_resolver", resolver)
    monkeypatch.setattr(mail_domain, "LOOKUP_SECONDS", 0.2)
    finding = mail_domain.sender_check()
    assert (finding.level, "could not be looked up" in finding.sentence) == ("warning", True)


def test_mail_that_stays_here_needs_no_domain(app: Flask) -> None:
    with app.test_request_context("/?lang=en"):
        assert mail_domain.sender_check().level == "ok"
