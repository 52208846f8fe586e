"""The rows that every installation starts with: roles, reasons, a questionnaire, a definition, the schedule."""

from datetime import datetime, timezone

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ROLES = ("administrator", "manager", "analyst", "interviewer")

# code, Dutch, English, P, influence, pinned last; then how the form puts it, Dutch and English
REASONS = (
    ("price", "Prijs", "Price", "price", "yes", False, "De prijs", "The price"),
    ("rude_staff", "Onvriendelijk personeel", "Rude staff", "personnel", "yes", False,
     "Hoe ik behandeld werd", "How I was treated"),
    ("broken_promises", "Beloftes niet nagekomen", "Broken promises", "process", "yes", False,
     "Wat beloofd was, gebeurde niet", "What was promised was not done"),
    ("pushy_sales", "Opdringerige verkoop", "Pushy sales", "promotion", "yes", False,
     "Ik voelde me onder druk gezet om te kopen", "I felt pressed to buy"),
    ("slow_service", "Wachten en geen gehoor", "Waiting and no follow-up", "process", "yes", False,
     "Lang wachten of geen antwoord krijgen", "Long waits or no answer"),
    ("poor_quality", "Kwaliteit van de dienst", "Quality of the service", "product", "yes", False,
     "De kwaliteit viel tegen", "The quality was not good enough"),
    ("errors", "Fouten en rekeningen", "Errors and billing", "process", "yes", False,
     "Fouten, bijvoorbeeld op de rekening", "Mistakes, for example on the bill"),
    ("competitor", "Beter aanbod elders", "Better offer elsewhere", "product", "yes", False,
     "Ik vond elders iets beters", "I found something better elsewhere"),
    ("inconvenience", "Onhandig of te ver", "Inconvenient or too far", "place", "partly", False,
     "Te ver weg of te onhandig", "Too far away or too inconvenient"),
    ("premises", "Ruimte en sfeer", "Premises and atmosphere", "place", "yes", False,
     "De ruimte of de sfeer", "The place or its atmosphere"),
    ("circumstances", "Verhuisd of niet meer nodig", "Moved or no longer needed", "", "no", True,
     "Verhuisd, of ik heb het niet meer nodig", "I moved, or no longer need it"),
    ("other", "Anders", "Other", "", "", True, "Iets anders", "Something else"),
)

TEXTS = {
    "nl": {
        "title": "Waarom kwam u niet meer?",
        "intro": "U was klant bij ons van {since} tot {until}. We willen graag leren waarom u bent gestopt.",
        "main": "Wat was de belangrijkste reden?",
        "also": "Speelde er nog meer mee?",
        "words": "Wat is er gebeurd? Vertel het in uw eigen woorden.",
        "contact": "U mag hierover contact met mij opnemen.",
        "send": "Versturen",
        "thanks": "Dank u wel. Uw antwoord wordt gelezen door de mensen die er iets aan kunnen doen.",
    },
    "en": {
        "title": "What made you stop coming?",
        "intro": "You came to us from {since} to {until}. We would like to learn why you stopped.",
        "main": "What was the main reason?",
        "also": "Was there anything else?",
        "words": "What happened? Tell us in your own words.",
        "contact": "You may contact me about this.",
        "send": "Send",
        "thanks": "Thank you. Your answer is read by the people who can do something about it.",
    },
}

# kind, every so many minutes, or daily at
SCHEDULE = (
    ("detect", None, "05:00"),
    ("invite", 10, None),
    ("remind", None, "09:30"),
    ("classify", 5, None),
    ("reclassify", None, "03:00"),
    ("forget", None, "02:00"),
    ("digest", None, "07:00"),
)


# name of the table and the columns that are not plain text or numbers
SPECIAL = {
    "questionnaire_version": {"content": sa.JSON, "published_at": sa.DateTime(timezone=True)},
    "definition": {"parameters": sa.JSON, "created_at": sa.DateTime(timezone=True)},
}


def _add(table: str, key: str, rows: list[dict[str, object]]) -> None:
    """Add the rows whose key is not there yet, so that a way down and up again doubles nothing."""
    kinds = SPECIAL.get(table, {})
    target = sa.table(table, *(sa.column(name, kinds.get(name)) for name in rows[0]))
    there = set(op.get_bind().scalars(sa.select(target.c[key])))
    missing = [row for row in rows if row[key] not in there]
    if missing:
        op.bulk_insert(target, missing)


def upgrade() -> None:
    now = datetime.now(timezone.utc)
    _add("role", "name", [{"name": name} for name in ROLES])
    keys = ("code", "label_nl", "label_en", "p", "influence", "pinned_last")
    reasons = [dict(zip(keys, row), position=i, active=True) for i, row in enumerate(REASONS, 1)]
    _add("reason", "code", reasons)
    _add("questionnaire", "name", [{"name": "Exit", "active": True}])
    options = [{"code": r[0], "nl": r[6], "en": r[7], "pinned_last": r[5]} for r in REASONS]
    exit_id = op.get_bind().scalar(sa.text("SELECT id FROM questionnaire WHERE name = 'Exit'"))
    version = {
        "questionnaire_id": exit_id, "version": 1, "content": {"texts": TEXTS, "options": options},
        "published_at": now,
    }
    _add("questionnaire_version", "questionnaire_id", [version])
    definition = {
        "name": "Standard", "version": 1, "kind": "lapse", "segment": "", "active": True,
        "parameters": {"days": 180}, "created_at": now,
    }
    _add("definition", "name", [definition])
    schedule = [{"kind": k, "every_minutes": m, "daily_at": d, "enabled": True} for k, m, d in SCHEDULE]
    _add("schedule", "kind", schedule)


def downgrade() -> None:
    """Nothing: answers and definitions refer to these rows, and they go with their tables."""
