"""How far ticks, the model and people agree, in words that somebody understands who has never heard of kappa."""

from collections.abc import Sequence

from flask_babel import gettext as _

from survey import formats
from survey.analyst.sharing import Agreement, Kappa
from survey.reports.findings import Findings

#: J. R. Landis and G. G. Koch (1977), Biometrics 33, 159-174, table on page 165: slight, fair, moderate, substantial,
#: almost perfect
SCALE = (0.2, 0.4, 0.6, 0.8)
#: reasons named in a sentence
NAMED = 3


def in_words(found: Kappa) -> str:
    """How far two sources agree beyond chance; a figure that rests on too few answers is not told."""
    if found is None or found[1] is None:
        return str(_("too few to say"))
    words = (_("hardly"), _("somewhat"), _("fairly"), _("largely"), _("almost always"))
    return str(words[sum(found[0] >= step for step in SCALE)])


def figure(found: Kappa) -> str:
    """Kappa with its interval, for who knows it; empty where it is not told."""
    if found is None or found[1] is None or found[2] is None:
        return ""
    return f"{formats.decimal(found[0], 2)} ({formats.decimal(found[1], 2)} – {formats.decimal(found[2], 2)})"  # noqa: RUF001


def tick_sentence(found: Findings, language: str) -> str:
    """For which reasons a tick says what was written, and for which it does not; empty where too few were read."""
    known = [k for k, row in enumerate(found.agreement) if row.tick is not None and row.tick[1] is not None]
    good = [k for k in known if _of(found.agreement[k]) >= SCALE[2]]
    poor = [k for k in known if _of(found.agreement[k]) < SCALE[1]]
    said = []
    if good:
        said.append(_("Ticks say what customers write for %(reasons)s.", reasons=_labels(found, good, language)))
    if poor:
        said.append(
            _(
                "For %(reasons)s they often do not: who ticks it writes of something else, or who writes of it ticks "
                "something else.",
                reasons=_labels(found, poor, language),
            )
        )
    return " ".join(map(str, said))


def _of(row: Agreement) -> float:
    return row.tick[0] if row.tick else 0.0


def _labels(found: Findings, places: Sequence[int], language: str) -> str:
    ranked = [k for k in found.ranked() if k in places][:NAMED]
    return ", ".join(f"“{found.shares.reasons[k].label(language)}”" for k in ranked)
