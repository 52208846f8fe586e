"""Every way in which sending over SMTP ends, against real servers."""

import socket
import ssl
import subprocess
import time
from email.message import EmailMessage
from pathlib import Path

import pytest

from survey.mail.outcomes import Deferred, NotSent, Refused, ServerAway, Unknown
from survey.mail.smtp import SmtpMailer
from survey.mail.written import Written
from tests.mail.sink import free_port, raw_server, sink_at_work


def letter(to: str = "jan@example.org", text: str = "Hello.\n.\n..dots\n") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "De Linde <linde@example.org>"
    message["To"] = to
    message["Subject"] = "One question"
    message["Message-ID"] = "<1@example.org>"
    message.set_content(text)
    return message


def outcome(url: str, to: str = "jan@example.org", **seconds: float) -> NotSent:
    """How sending one letter fails."""
    with SmtpMailer(url, "localhost", **seconds) as mailer, pytest.raises(NotSent) as caught:
        mailer.send(Written.of(letter(to)))
    return caught.value


def test_messages_arrive_whole_over_one_connection() -> None:
    with sink_at_work() as (sink, url), SmtpMailer(url, "ask.example.org") as mailer:
        for _ in range(3):
            mailer.send(Written.of(letter()))

    assert sink.sessions == 1
    assert [message.get_content().replace("\r\n", "\n") for message in sink.messages] == ["Hello.\n.\n..dots\n"] * 3
    assert sink.recipients == ["jan@example.org"] * 3


def test_a_refused_recipient_is_to_be_suppressed_and_the_connection_goes_on() -> None:
    with sink_at_work() as (sink, url), SmtpMailer(url, "localhost") as mailer:
        with pytest.raises(Refused) as caught:
            mailer.send(Written.of(letter("gone@example.org")))
        mailer.send(Written.of(letter()))

    assert caught.value.suppress
    assert caught.value.answer == "550 5.1.1 no such user <(address)>"
    assert len(sink.taken) == 1
    assert sink.sessions == 1


@pytest.mark.parametrize("to", ["full@example.org", "policy@example.org", "bad@example.org"])
def test_other_refusals_do_not_blame_the_address(to: str) -> None:
    with sink_at_work() as (_, url):
        error = outcome(url, to)
    assert isinstance(error, Refused)
    assert not error.suppress


@pytest.mark.parametrize("to", ["later@example.org", "slowly@example.org"])
def test_a_server_that_says_later_defers(to: str) -> None:
    with sink_at_work() as (_, url):
        error = outcome(url, to)
    assert isinstance(error, Deferred)
    assert not isinstance(error, ServerAway)


def test_a_server_that_is_closing_is_away() -> None:
    with sink_at_work() as (_, url):
        assert isinstance(outcome(url, "busy@example.org"), ServerAway)


def test_a_sender_that_is_refused_is_ours_to_mend() -> None:
    with sink_at_work() as (sink, url):
        sink.sender_says = "550 5.7.1 not allowed to send"
        assert isinstance(outcome(url), ServerAway)


@pytest.mark.parametrize(
    "url", ["smtp://127.0.0.1:{port}", "smtp://no-such-host.invalid:25", "smtps://127.0.0.1:{port}"]
)
def test_a_server_that_cannot_be_reached_is_away(url: str) -> None:
    assert isinstance(outcome(url.format(port=free_port())), ServerAway)


def test_silence_after_the_message_is_unknown() -> None:
    with sink_at_work() as (sink, url):
        assert isinstance(outcome(url, "hang@example.org", step_seconds=0.5), Unknown)
    assert len(sink.taken) == 1


def test_a_connection_dropped_in_the_message_is_unknown() -> None:
    def drop(caller: socket.socket) -> None:
        caller.sendall(b"220 hi\r\n")
        for said in (b"250 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go on\r\n"):
            caller.recv(4096)
            caller.sendall(said)
        caller.recv(100)

    with raw_server(drop) as url:
        assert isinstance(outcome(url), Unknown)


def test_a_connection_dropped_before_the_message_is_away() -> None:
    def drop(caller: socket.socket) -> None:
        caller.sendall(b"220 hi\r\n")
        caller.recv(4096)
        caller.sendall(b"250 hi\r\n")
        caller.recv(4096)

    with raw_server(drop) as url:
        assert isinstance(outcome(url), ServerAway)


def test_a_server_that_trickles_does_not_hold_the_queue() -> None:
    def trickle(caller: socket.socket) -> None:
        for byte in b"220-" + b"x" * 1000:
            caller.sendall(bytes([byte]))
            time.sleep(0.1)

    with raw_server(trickle) as url:
        begun = time.monotonic()
        assert isinstance(outcome(url, step_seconds=0.5, message_seconds=1.0), ServerAway)
        assert time.monotonic() - begun < 5


def test_a_connection_the_server_ended_meanwhile_is_opened_again() -> None:
    with sink_at_work(timeout=0.3) as (sink, url), SmtpMailer(url, "localhost") as mailer:
        mailer.send(Written.of(letter()))
        time.sleep(0.8)
        mailer.send(Written.of(letter()))
    assert len(sink.taken) == 2
    assert sink.sessions == 2


def test_a_connection_that_takes_one_message_only_is_opened_again_for_the_next() -> None:
    heard: list[bytes] = []

    def take_one(caller: socket.socket) -> None:
        for said in (b"220 hi", b"250 hi", b"250 ok", b"250 ok", b"354 go on", b"250 taken", b"421 that is enough"):
            caller.sendall(said + b"\r\n")
            heard.append(caller.recv(4096).split(b" ")[0].strip())

    with raw_server(take_one) as url, SmtpMailer(url, "localhost") as mailer:
        for _ in range(3):
            mailer.send(Written.of(letter()))
    assert heard.count(b"mail") == 5, "the first of each connection, and two that were told to come again"
    assert heard.count(b"data") == 3


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost that nobody has signed, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    return certificate, key


def test_tls_that_fails_is_not_tried_without(certificate: tuple[Path, Path]) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    with sink_at_work(tls_context=context) as (sink, url):
        error = outcome(url)
    assert isinstance(error, ServerAway)
    assert "certificate" in error.answer.lower()
    assert sink.taken == []


def test_tls_with_a_known_certificate_is_used(certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    with (
        sink_at_work(tls_context=context, require_starttls=True) as (sink, url),
        SmtpMailer(url, "localhost") as mailer,
    ):
        mailer.send(Written.of(letter()))
    assert len(sink.taken) == 1


def test_tls_from_the_start_is_used(certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    with (
        sink_at_work(ssl_context=context) as (sink, url),
        SmtpMailer(url.replace("smtp:", "smtps:"), "localhost") as mailer,
    ):
        mailer.send(Written.of(letter()))
    assert len(sink.taken) == 1


def test_a_password_is_not_sent_without_tls() -> None:
    with sink_at_work() as (sink, url):
        error = outcome(url.replace("//", "//jan:secret@"))
    assert isinstance(error, ServerAway)
    assert "no TLS" in error.answer
    assert sink.taken == []
