"""Where a text presents somebody: "mevrouw X", "monteur X", "X van de balie", "a lady called X", "ene X"."""

from collections.abc import Sequence

from analysis.text.redaction.words import (
    Token,
    is_shouted,
    listed,
    name_end,
    name_like,
    skip_particles,
)

_CALLED = frozenset(["called", "named", "genaamd", "geheten"])
_CERTAIN = frozenset([("een", "zekere"), ("a", "certain"), ("met", "naam")])
_NAMED_SO = frozenset(
    [("de", "naam"), ("the", "name"), ("name", "of"), ("name", "is"), ("naam", "is"), ("name", "was"), ("naam", "was")]
)
_OWN = frozenset(["mijn", "my", "m'n"])
_IS_CALLED = frozenset(["heet", "heette", "heten", "heetten"])
_PRONOUNS = frozenset(["hij", "zij", "ze", "die", "he", "she", "they", "who", "is", "was"])
_OF = frozenset(["van", "from", "at", "in", "of", "on", "bij", "op", "aan", "achter", "behind"])
_THE = frozenset(["de", "het", "jullie", "uw", "the", "your", "our", "customer", "den", "t"])
_PLACES = frozenset(["in", "te", "bij", "uit", "at", "near", "op"])


def introduced_names(text: str, tokens: Sequence[Token]) -> dict[int, tuple[int, int]]:
    """Where names begin, each with its begin and end; the end equals the begin where only a list of known names can
    tell whether it is one ("meneer jansen")."""
    found: dict[int, tuple[int, int]] = {}
    for place, token in enumerate(tokens):
        if place + 1 < len(tokens) and (end := _name_behind(text, tokens, place)) is not None:
            found[place + 1] = (place + 1, end)
        elif place not in found and _works_at(tokens, place):
            found[place] = (place, name_end(tokens, place))
        elif token.folded in _IS_CALLED and place and _is_called(tokens, place):
            found[place - 1] = (place - 1, place)
    return found


def _name_behind(text: str, tokens: Sequence[Token], place: int) -> int | None:
    """The end of the name that begins behind `place`; None where no name is to be expected there."""
    token = tokens[place]
    if _is_title(token):
        return _behind_title(tokens, place) if tokens[place + 1].joined else None
    if token.folded in listed("roles"):
        return _behind_role(text, tokens, place)
    if tokens[place + 1].joined and _presents(tokens, place):
        return _given_name_end(tokens, place + 1)
    return None


def _is_title(token: Token) -> bool:
    return token.folded in listed("titles") and (token.folded != "miss" or token.text[0].isupper())


def _behind_title(tokens: Sequence[Token], place: int) -> int:
    """Initials and particles, then a surname with its capital; the place itself where there is none."""
    start = skip_particles(tokens, place + 1)
    if start == len(tokens) or not tokens[start].joined:
        return place + 1
    name = tokens[start]
    loud = is_shouted(name) and not is_shouted(tokens[place]) and name.text.isalpha() and len(name.text) > 2
    return name_end(tokens, start) if name_like(name) or loud else place + 1


def _behind_role(text: str, tokens: Sequence[Token], place: int) -> int | None:
    """ "monteur Kees", "de monteur (Kees)", "our adviser, Tom, said"."""
    name = tokens[place + 1]
    if name.joined:
        return _given_name_end(tokens, place + 1)
    if text[tokens[place].end : name.start] not in {", ", " ("} or not name_like(name):
        return None
    end = name_end(tokens, place + 1)
    closed = text[tokens[end - 1].end : tokens[end - 1].end + 1] in {",", ")", ".", ""}
    return end if closed or name.folded in listed("first_names") else None


def _given_name_end(tokens: Sequence[Token], start: int) -> int:
    name = tokens[start]
    if name_like(name):
        return name_end(tokens, start)
    common = name.folded in listed("first_names") and name.folded not in listed("also_words")
    if common and not is_shouted(name):
        return name_end(tokens, start)
    after = skip_particles(tokens, start)  # "monteur De Vries", "adviseur J. Bakker"
    if start < after < len(tokens) and tokens[after].joined and name_like(tokens[after]) and name.text[0].isupper():
        return name_end(tokens, after)
    return start


def _presents(tokens: Sequence[Token], place: int) -> bool:
    """ "ene", "a certain", "a lady called", "met de naam", "her name was", "hij heet"."""
    word = tokens[place].folded
    before = tokens[place - 1].folded if place else ""
    if word in _CALLED:
        return before in listed("persons") or before in listed("roles") or before in _PRONOUNS
    if (before, word) in _NAMED_SO:
        return place < 2 or tokens[place - 2].folded not in _OWN
    if word in _IS_CALLED:
        return before in _PRONOUNS or before in listed("persons") or before in listed("roles")
    return word == "ene" or (before, word) in _CERTAIN


def _is_called(tokens: Sequence[Token], place: int) -> bool:
    """ "een dame die Priya heet"."""
    return place > 1 and tokens[place - 2].folded == "die" and name_like(tokens[place - 1])


def _works_at(tokens: Sequence[Token], place: int) -> bool:
    """ "Sandra van de balie": at the head of a sentence, or behind "in" and "at", only a name that is known as one."""
    token = tokens[place]
    if not name_like(token) or not _department_follows(tokens, name_end(tokens, place)):
        return False
    doubtful = token.opens or tokens[place - 1].folded in _PLACES
    return not doubtful or token.folded in listed("first_names") or token.folded in listed("also_words")


def _department_follows(tokens: Sequence[Token], at: int) -> bool:
    if at >= len(tokens) or tokens[at].folded not in _OF:
        return False
    for token in tokens[at + 1 : at + 4]:
        if token.folded in listed("departments"):
            return tokens[at].folded != "in" or token.folded in {"sales", "billing", "accounts", "support", "claims"}
        if token.folded not in _THE and token.folded != "front":
            return False
    return False
