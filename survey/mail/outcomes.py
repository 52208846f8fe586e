"""What can come of sending a mail, apart from its being sent."""

import re

_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"]+@[^\s<>()\[\],;:\"]+")
_LONGEST = 500


class NotSent(Exception):
    """The mail was not sent, or may not have been. `answer` is what the server said, without addresses."""

    def __init__(self, answer: str) -> None:
        super().__init__(answer)
        self.answer = without_addresses(answer)


class Deferred(NotSent):
    """Not sent; try this mail again later."""


class ServerAway(Deferred):
    """Not sent, and no other mail will be now: the server cannot be reached, is closing, or does not take ours."""


class Refused(NotSent):
    """Not sent, and never will be. `suppress`: it is the address that does not work."""

    def __init__(self, answer: str, *, suppress: bool = False) -> None:
        super().__init__(answer)
        self.suppress = suppress


class Unknown(NotSent):
    """The server had begun to take the mail when we lost it: it may have arrived, so it must not be sent again."""


def without_addresses(answer: str) -> str:
    """A server's answer in one line, short, with every address taken out."""
    line = " ".join("".join(char if char.isprintable() else " " for char in answer).split())
    return _ADDRESS.sub("(address)", line)[:_LONGEST]
