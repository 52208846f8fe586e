"""Answers about things that no reason of ours is about, beside ordinary ones; written for these tests."""

from datetime import timedelta

from sqlalchemy import insert

from survey.clock import now
from survey.customers.models import Branch
from survey.extensions import db
from survey.reasons.models import ModelVersion, Theme, ThemeAnswer
from survey.responses.models import Response
from tests import stories

#: people who do not want to be followed: the same said by many, in two languages
TRACKER = {
    "nl": (
        "Ik wil geen kastje in mijn auto dat mij volgt.",
        "Jullie hingen een kastje in mijn auto dat bijhoudt waar ik rijd.",
        "Dat kastje in mijn auto houdt al mijn ritten bij.",
        "Een kastje in de auto dat mij overal volgt gaat mij te ver.",
        "Ik laat me niet volgen door een kastje in mijn eigen auto.",
        "Via dat kastje in mijn auto zien jullie waar ik rijd.",
        "Mijn auto kreeg een kastje en nu word ik overal gevolgd.",
        "Ik word niet graag gevolgd door een kastje in de auto.",
    ),
    "en": (
        "I do not want a tracker in my car that follows me.",
        "You put a tracker in my car that keeps where I drive.",
        "That tracker in my car keeps all my trips.",
        "I will not be followed by a tracker in my own car.",
        "Through that tracker in my car you see where I drive.",
        "My car got a tracker and now I am followed everywhere.",
    ),
}
ORDINARY = {
    "nl": (
        "Veel te duur, de prijs ging elk jaar omhoog.",
        "De prijs is te hoog voor wat je krijgt.",
        "De medewerker aan de balie was onbeschoft.",
        "Onvriendelijk personeel, ik werd afgesnauwd.",
        "Ik moest een uur wachten en niemand belde terug.",
        "De rekening klopte niet en werd twee keer afgeschreven.",
        "Ik ben verhuisd naar de andere kant van het land.",
        "Het was er vies en het stonk in de wachtruimte.",
    ),
    "en": (
        "Far too expensive, the price went up every year.",
        "The staff were rude and unfriendly.",
        "I had to wait for an hour and nobody called back.",
        "The bill was wrong and I was charged twice.",
        "I moved to another city.",
    ),
}


def answer(words: str, language: str = "nl", main: str = "other", days_ago: int = 20, **customer: object) -> Response:
    """An answer that came in so many days ago."""
    who = stories.customer(language=language, **customer)
    row = stories.response(words, main, asked=stories.invitation(stories.defection(who)))
    row.created_at = now() - timedelta(days=days_ago)
    db.session.flush()
    return row


def two_languages() -> list[int]:
    """The tracker told by fourteen people, and ordinary answers; gives the ids of the first."""
    about_it = [answer(words, language) for language, said in TRACKER.items() for words in said]
    ordinary()
    return [row.id for row in about_it]


def ordinary(times: int = 5) -> None:
    """What is said all the time, by so many people each: what the words of a group are held against."""
    for language, said in ORDINARY.items():
        for words in said * times:
            answer(words, language, "price")


def theme(version: ModelVersion, answers: list[Response], *words: str, **given: object) -> Theme:
    """A group as the job stores one; its answers are masked as they stand and read as unsure."""
    scored = [[word, 3.0 - at / 10] for at, word in enumerate(words or ("kastje", "volgt"))]
    defaults = {"model_version_id": version.id, "found_at": now(), "words": scored, "size": len(answers)}
    row = Theme(**{**defaults, **given})
    db.session.add(row)
    db.session.flush()
    for response in answers:
        response.masked_words = response.words
        stories.classified(response, version)
    places = [{"theme_id": row.id, "response_id": r.id, "place": at} for at, r in enumerate(answers)]
    db.session.execute(insert(ThemeAnswer), places)
    db.session.flush()
    return row


def about_trackers(branch: Branch | None = None) -> list[Response]:
    """Answers about the tracker, all by customers of this branch."""
    key = branch.id if branch else None
    return [answer(w, lang, branch_id=key) for lang, said in TRACKER.items() for w in said]
