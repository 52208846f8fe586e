"""Signed links: what opens, what does not."""

import hashlib
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import URLSafeSerializer

from survey import create_app
from survey.invitations.links import ANSWER, OPT_OUT, answer_link, invitation_of, opt_out_link, token_for
from tests.engines import SECRET, settings_for

OLD = "the first secret of this test; it is long enough"
NEW = "another secret of this test; it is long enough too"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("links")


def opened(folder: Path, purpose: str, token: str, **settings: str) -> int | None:
    with create_app(settings_for(folder, f"sqlite:///{folder / 'none.db'}", **settings)).app_context():
        return invitation_of(purpose, token)


def made(folder: Path, purpose: str = ANSWER, number: int = 42, **settings: str) -> str:
    with create_app(settings_for(folder, f"sqlite:///{folder / 'none.db'}", **settings)).app_context():
        return token_for(purpose, number)


def test_a_token_opens_for_its_own_purpose(folder: Path) -> None:
    assert opened(folder, ANSWER, made(folder, ANSWER)) == 42
    assert opened(folder, OPT_OUT, made(folder, OPT_OUT)) == 42
    assert opened(folder, ANSWER, made(folder, OPT_OUT)) is None
    assert opened(folder, OPT_OUT, made(folder, ANSWER)) is None


def test_other_ways_of_writing_a_token_give_the_same_number_or_nothing(folder: Path) -> None:
    token = made(folder)
    letters = string.ascii_letters + string.digits + "-_"
    with create_app(settings_for(folder, f"sqlite:///{folder / 'none.db'}")).app_context():
        found = {invitation_of(ANSWER, token[:-1] + letter) for letter in letters}
        padded = {invitation_of(ANSWER, token + padding) for padding in ("=", "==", "A", "A=")}
        flipped = {invitation_of(ANSWER, letter + token[1:]) for letter in letters if letter != token[0]}
    assert found == {42, None}
    assert padded <= {42, None}
    assert flipped == {None}


@pytest.mark.parametrize("payload", [0, -1, 2**31, 10**40, True, 1.0, "1", None, [1], {"a": 1}])
def test_only_the_number_of_an_invitation_is_taken(folder: Path, payload: object) -> None:
    signer = URLSafeSerializer(SECRET, salt="whyleft.answer", signer_kwargs={"digest_method": hashlib.sha256})
    assert opened(folder, ANSWER, str(signer.dumps(payload))) is None


def test_anything_else_opens_nothing(folder: Path) -> None:
    app = create_app(settings_for(folder, f"sqlite:///{folder / 'none.db'}"))

    @given(st.text(max_size=200))
    def opens_nothing(text: str) -> None:
        with app.app_context():
            assert invitation_of(ANSWER, text) is None

    opens_nothing()


def test_old_keys_open_until_they_are_retired(folder: Path) -> None:
    token = made(folder, secret_key=OLD)
    assert opened(folder, ANSWER, token, secret_key=NEW, old_secret_keys=OLD) == 42
    assert opened(folder, ANSWER, token, secret_key=NEW, old_secret_keys=f"not {OLD},{OLD}") == 42
    assert opened(folder, ANSWER, token, secret_key=NEW) is None
    assert opened(folder, ANSWER, made(folder, secret_key=NEW, old_secret_keys=OLD), secret_key=NEW) == 42


def test_links_are_built_from_the_settings_whatever_the_host_header(folder: Path) -> None:
    app = create_app(
        settings_for(folder, f"sqlite:///{folder / 'none.db'}", base_url="https://ask.example.org/x/", hosts="evil.org")
    )
    with app.test_request_context("/", base_url="http://evil.org"):
        assert answer_link(1).startswith("https://ask.example.org/x/a/")
        assert opt_out_link(1).startswith("https://ask.example.org/x/stop/")
