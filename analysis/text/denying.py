"""Which words of a clause a negator reaches: forwards, backwards to what stands in front, or all that follows "I can't
say that". By rule, and rather too little than too much: what is taken for denied is not given as a reason."""

from collections.abc import Sequence
from itertools import pairwise

from analysis.text.words import Word

#: a negator denies what stands among so many words behind it
_BEHIND = {"nl": 8, "en": 6}  # a Dutch verb comes last
#: it reaches back to praise only from the end of a phrase: so few words may follow it
_LAST = 2
_SUCH = frozenset(["so", "such", "zo", "zulke", "zulk", "better", "beter", "worse", "erger", "mind", "stand", "wonder"])
_NO_DENIAL = frozenset(
    [("don't", "mind"), ("can't", "stand"), ("no", "better"), ("nooit", "meer"), ("never", "again"), ("in", "geen"),
     ("niet", "normaal")]
)  # fmt: skip
_NEVER = frozenset(["nooit", "niemand", "never", "nobody"])
#: "could not have been more helpful", "kon niet vriendelijker"
_COULD = frozenset(["could", "couldn't", "couldnt", "kon", "konden", "kan", "had", "hadden", "gekund"])
#: "I would not say that ...": behind these a negator denies the rest of the clause
_SAYING = frozenset(["zeggen", "beweren", "say", "claim", "pretend"])
_COMPLAINING = frozenset(["klagen", "complain"])
#: the same where "that" follows ("it is not true that"); alone it says that somebody lied
_TRUE = frozenset(["zo", "waar", "sprake", "klopt", "meegemaakt", "true", "case", "found"])
_THAT = frozenset(["that", "dat", "van"])
_HAVING_TO = frozenset(["hoef", "hoefde", "hoeft", "hoeven", "hoefden", "have", "had"])
#: "at no point", "not once": the whole clause too, for what it says of complaints
_TIMES = frozenset(["point", "time", "once", "moment", "keer", "occasion"])
#: with these another thought begins
_TURNS = {
    "nl": frozenset(
        [
            "en",
            "maar",
            "want",
            "dus",
            "die",
            "dat",
            "omdat",
            "doordat",
            "sinds",
            "toen",
            "nu",
            "als",
            "terwijl",
            "nadat",
        ]
    ),
    "en": frozenset(
        ["and", "but", "so", "yet", "that", "which", "who", "because", "since", "when", "after", "if", "while", "now"]
    ),
}
#: these and "and" are one thought: "go and eat elsewhere"
_GO = frozenset(["go", "went", "come", "came", "try", "tried"])
#: what may stand before a complaint at the head of a clause ("Te duur was het niet")
_BEFORE_HEAD = frozenset(
    ["een", "van", "te", "veel", "erg", "heel", "echt", "ronduit", "too", "very", "really", "of", "or", "noch", "nor"]
)  # fmt: skip
#: of a complaint these verbs deny nothing: "uitschrijven helpt niet"
_FAILING = frozenset(["helpt", "hielp", "lukt", "lukte", "werkt", "werkte", "gaat", "ging"])
_PRONOUNS = frozenset(
    ["i", "you", "he", "she", "it", "we", "they", "ik", "je", "jij", "hij", "ze", "zij", "het", "er", "wij", "jullie"]
)
#: a Dutch verb stands before its negator: "de verkoper drong me niets op"
_VERBS = frozenset(
    ["drong", "drongen", "dringen", "loog", "logen", "liegt", "liegen", "rook", "stonk", "stonken", "stinkt", "snauwde",
     "snauwden", "duurde", "duurt", "steeg", "stegen", "stijgen", "bedroog", "bedriegen", "mankeert", "mankeerde"]
)  # fmt: skip
_NEAR_VERB = 3
_ARTICLES = frozenset(
    ["de", "het", "een", "die", "deze", "dat", "dit", "mijn", "hun", "jullie", "zijn", "geen", "the", "a", "my", "your",
     "our", "their"]
)  # fmt: skip
_WITHOUT = frozenset(["zonder", "without"])
_WANTING = frozenset(
    ["wil", "wilde", "willen", "wilden", "wou", "zin", "accepteer", "accepteren", "pik", "want", "wanted", "accept",
     "tolerate", "take", "handle", "stand"]
)  # fmt: skip
_MYSELF = frozenset(["ik", "wij", "we", "i"])

#: where something stands in a clause: from word, up to word
Span = tuple[int, int]


class Clause:
    """The words of a clause with what its negators do, worked out word by word."""

    def __init__(self, words: Sequence[Word], folded: Sequence[str], language: str) -> None:
        self.words, self.folded, self.language = words, folded, language

    def frames(self, at: int) -> bool:
        """Whether the negator at `at` denies the whole clause, whatever that says: "I can't say that ..."."""
        near = self.folded[at + 1 : at + 4]
        i_say = any(word in _MYSELF for word in self.folded[max(at - 3, 0) : at + 2])
        for i, word in enumerate(near):
            after = self.folded[at + 2 + i : at + 4 + i]
            if i_say and (word in _COMPLAINING or (word in _SAYING and (not after or _THAT & {*after}))):
                return True
            if word in _TRUE and _THAT & {*after[:1]}:
                return True
        if at > 0 and self.folded[at - 1] in _TRUE and near[:1] and near[0] in _THAT:  # "het klopt niet dat"
            return True
        return self._need_not(at)

    def _need_not(self, at: int) -> bool:
        """ "Ik hoefde niets te regelen", "I never had to wait"; "ik hoef het niet meer" is another thing."""
        if self.language == "nl":
            having = _HAVING_TO & {*self.folded[max(at - 4, 0) : at]}
            return bool(having) and "te" in self.folded[at:] and "meer" not in self.folded[at:]
        after = self.folded[at + 1 : at + 3]
        return len(after) == 2 and after[0] in _HAVING_TO and after[1] == "to"

    def reached(self, at: int, spans: Sequence[Span], complains: Sequence[bool]) -> list[int]:
        """Which of the spans (in order) the negator at `at` denies; `complains` tells which of them complain."""
        framed = self.frames(at) or any(word in _TIMES for word in self.folded[at + 1 : at + 3])
        behind = [i for i, span in enumerate(spans) if span[0] > at]
        if not framed:
            behind = [i for i in behind if self._is_near(at, spans[i]) and self._same_phrase(at, spans[i][0])]
            behind = self._one_breath(at, behind, spans)
        if self.folded[at] in _WITHOUT:
            behind = [i for i in behind if self._directly(at, spans[i][0])]
        found = behind if self.frames(at) else [i for i in behind if not self._strengthens(at, spans[i])]
        if self.folded[at] in ("noch", "nor"):  # "koud noch somber"
            found += [i for i, span in enumerate(spans) if span[1] == at]
        if not behind and framed:  # "That they were rude I can't say"
            found = list(range(len(spans)))
        elif not behind and self.folded[at] not in _WITHOUT:
            found = self._at_the_head(at, spans) or self._praise_before(at, spans, complains)
        if found and all(complains[i] for i in found):
            found = [i for i, span in enumerate(spans) if complains[i] and self._is_subject(at, span)] + found
        return [i for i in found if not (complains[i] and (self._unwanted(at, spans[i]) or self._twice(at, spans[i])))]

    def _is_near(self, at: int, span: Span) -> bool:
        return span[0] <= at + _BEHIND[self.language]

    def _same_phrase(self, at: int, other: int) -> bool:
        return self.words[at].phrase == self.words[other].phrase

    def _one_breath(self, at: int, behind: list[int], spans: Sequence[Span]) -> list[int]:
        """Those before another thought begins ("no surgery, and I work out"); "and" alone joins two ("not dirty and
        cold")."""
        reached: list[int] = []
        end = at + 1
        for i in behind:
            between = self.folded[end : spans[i][0]]
            turns = self._turns(end, spans[i][0])
            # "nothing that", "niet dat ze traag waren": right behind the negator it only opens what is denied
            if turns and not (reached and len(between) == 1) and not (not reached and self._opens(between)):
                break
            reached.append(i)
            end = spans[i][1]
        return reached

    def _turns(self, start: int, end: int) -> bool:
        found = [i for i in range(start, end) if self.folded[i] in _TURNS[self.language]]
        return any(self.folded[i] != "and" or self.folded[i - 1] not in _GO for i in found)

    def _opens(self, between: Sequence[str]) -> bool:
        return between[0] in ("that", "dat") and not any(word in _TURNS[self.language] for word in between[1:])

    def _strengthens(self, at: int, span: Span) -> bool:
        """ "Never been treated so badly" and "nooit zo slecht gegeten" complain all the more; "could not have been
        friendlier" praises."""
        folded = self.folded[max(at - 1, 0) : span[1]]
        between = self.folded[at + 1 : span[0]]
        if self.folded[at] in _NEVER and {"zo", "such"} & {*self.folded}:  # "zo ben ik nog nooit uitgescholden"
            return True
        if any(word in _SUCH for word in between) or any(pair in _NO_DENIAL for pair in pairwise(folded)):
            return True
        could = any(word in _COULD for word in self.folded[max(at - 1, 0) : at + 1])
        return could and ("more" in between or self.folded[span[1] - 1].endswith("er"))

    def _directly(self, at: int, start: int) -> bool:
        """Whether "without" at `at` reaches so far: its own noun, or what somebody does in "without ...ing"."""
        between = self.folded[at + 1 : start]
        if len(between) <= 1 or between[0] in ("dat", "te"):
            return True
        return any(word.endswith("ing") for word in self.folded[at + 1 : start + 1])

    def _at_the_head(self, at: int, spans: Sequence[Span]) -> list[int]:
        """What the clause begins with, and then denies: "duur was het niet", "crowded it never was"."""
        same = [i for i, span in enumerate(spans) if span[1] <= at and self._same_phrase(at, span[0])]
        head = [i for i in same if self._is_head(spans[i][0]) and not self._denies_itself(spans[i])]
        if not head:
            return [i for i in same[-1:] if self._is_verb(at, spans[i])]
        head += [i for i in same if i == head[-1] + 1 and spans[i][0] - spans[head[-1]][1] <= 1]
        between = self.folded[spans[head[-1]][1] : at]
        first = spans[head[0]][0]
        if first > 0 and self.folded[first - 1] == "een" and not _PRONOUNS & {*between[:2]}:
            return []
        if not between or between[0] in _FAILING or any(word in _TURNS[self.language] for word in between):
            return []
        last = at >= len(self.words) - 2
        inverted = self.language == "nl" or (last and any(word in _PRONOUNS for word in between[-2:]))
        return head if inverted else []

    def _is_verb(self, at: int, span: Span) -> bool:
        """Whether it is a verb before its negator: "de verkoper drong me niets op", "they offered nothing"."""
        first, between = span[0], self.folded[span[1] : at]
        if not between and self.folded[first].endswith("ed") and self.folded[at] in ("nothing", "nobody"):
            return True
        if self.language != "nl" or len(between) > _NEAR_VERB or any(word in _TURNS["nl"] for word in between):
            return False
        plural = self.folded[first].endswith(("den", "ten")) and at == len(self.words) - 1
        return self.folded[first] in _VERBS or (plural and first > 0 and self.folded[first - 1] not in _ARTICLES)

    def _is_subject(self, at: int, span: Span) -> bool:
        """ "The wait was not long": what is denied of it is denied of the whole."""
        return span[0] == 1 and span[1] <= at and self.folded[0] in _ARTICLES and self._same_phrase(0, at)

    def _denies_itself(self, span: Span) -> bool:
        return any(word.negates for word in self.words[span[0] : span[1]])

    def _praise_before(self, at: int, spans: Sequence[Span], complains: Sequence[bool]) -> list[int]:
        """ "The bill was correct, it was not", "de nota klopt hoegenaamd niet": the nearest praise before the end."""
        if sum(self._same_phrase(at, i) for i in range(at + 1, len(self.words))) > _LAST:
            return []
        since = at - _BEHIND[self.language]
        near = [i for i, span in enumerate(spans) if since <= span[1] <= at and self._same_phrase(at, span[0])]
        return near[-1:] if near and not complains[near[-1]] else []

    def _is_head(self, start: int) -> bool:
        before = [i for i in range(start) if self._same_phrase(i, start)]
        return all(self.folded[i] in _BEFORE_HEAD for i in before)

    def _unwanted(self, at: int, span: Span) -> bool:
        """Who wants no more of a complaint has it: "I don't want to wait", "ik wil niet meer wachten"."""
        wanting = [i for i in range(span[0]) if self.folded[i] in _WANTING and self._same_phrase(i, at)]
        return any(_MYSELF & {*self.folded[max(i - 2, 0) : i + 2]} for i in wanting)

    def _twice(self, at: int, span: Span) -> bool:
        """ "You can't leave without being pestered" denies nothing."""
        if self.folded[at] not in _WITHOUT and not any(word in _WITHOUT for word in self.folded[at : span[0]]):
            return False
        others = [i for i in range(span[0]) if i != at and self.words[i].negates and self._same_phrase(i, at)]
        return bool(others)
