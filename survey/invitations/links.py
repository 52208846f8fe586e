"""The links that are mailed: an invitation's number, signed for one purpose.

A token can be written in several ways that all verify (padding, spare bits of its last character), so the number
it holds is the key to everything, never the token as a string.
"""

import hashlib
from functools import lru_cache

from itsdangerous import BadData, URLSafeSerializer

from survey.web import settings

ANSWER = "answer"
OPT_OUT = "opt-out"
MY_DATA = "my-data"

#: the largest number a key column holds
_LARGEST = 2**31 - 1


def answer_link(invitation_id: int) -> str:
    """The full address at which this invitation is answered; built from the settings, never from a request."""
    return f"{settings().base_url}/a/{token_for(ANSWER, invitation_id)}"


def opt_out_link(invitation_id: int) -> str:
    """The full address at which this person says never to be asked again."""
    return f"{settings().base_url}/stop/{token_for(OPT_OUT, invitation_id)}"


def my_data_link(invitation_id: int) -> str:
    """The full address at which this person sees what is held, and may be forgotten."""
    return f"{settings().base_url}/my-data/{token_for(MY_DATA, invitation_id)}"


def privacy_link(language: str) -> str:
    """The full address of the page that tells what happens with people's data."""
    return f"{settings().base_url}/privacy?lang={language}"


def token_for(purpose: str, invitation_id: int) -> str:
    token = _serializer(purpose, _keys()).dumps(invitation_id)
    return token if isinstance(token, str) else token.decode()


def invitation_of(purpose: str, token: str) -> int | None:
    """The number of the invitation that this token was made for; None where it was not made by us for this purpose."""
    try:
        number = _serializer(purpose, _keys()).loads(token)
    except (BadData, UnicodeError):
        return None
    return number if type(number) is int and 0 < number <= _LARGEST else None


def _keys() -> tuple[str, ...]:
    """Oldest first: the last one signs, all of them verify."""
    return (*reversed(settings().old_secret_keys), settings().secret_key)


@lru_cache(maxsize=8)
def _serializer(purpose: str, keys: tuple[str, ...]) -> URLSafeSerializer:
    return URLSafeSerializer(list(keys), salt=f"whyleft.{purpose}", signer_kwargs={"digest_method": hashlib.sha256})
