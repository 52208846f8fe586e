"""The drawn pictures of the pages of the model, in the language of the moment."""

from collections.abc import Sequence

from markupsafe import Markup

from survey import charts
from survey.reasons import model_words, pictures, version_words
from survey.reasons.models import ModelVersion
from survey.reasons.quality import ModelQuality
from survey.reasons.watching import MEASURES, Line
from survey.taxonomy import queries as taxonomy
from survey.web import language

LAYOUTS = (("narrow", pictures.NARROW), ("wide", pictures.WIDE))


def of_quality(quality: ModelQuality) -> dict[str, Markup]:
    """Of the reasons that enough audited answers give, the best found first; nothing where there is none."""
    rows = sorted(
        (each for each in quality.all.reasons if each.is_enough), key=lambda each: -(each.quality.f1.value or 0)
    )
    if not rows:
        return {}
    label, now = model_words.quality_title(rows), language()
    return {name: charts.svg(pictures.quality_picture(rows, now, layout), label, now) for name, layout in LAYOUTS}


def of_report(version: ModelVersion) -> dict[str, Markup]:
    """Of what the gate compared; nothing where it compared nothing."""
    rows = version_words.compared_rows(version, version_words.labels_by_code())
    if not rows:
        return {}
    label, now = version_words.comparison_title(version), language()
    return {name: charts.svg(pictures.comparison_picture(rows, layout), label, now) for name, layout in LAYOUTS}


def of_lines(lines: Sequence[Line]) -> list[tuple[Line, Markup]]:
    """Of each measure those that have left their band, at most three, or else the one nearest to its edge."""
    chosen: list[Line] = []
    for name in MEASURES:
        of_measure = [line for line in lines if line.measure == name]
        chosen += [line for line in of_measure if line.latest.is_outside][:3] or of_measure[:1]
    reasons = {reason.code: reason for reason in taxonomy.all_reasons()} if chosen else {}
    now = language()
    return [
        (
            line,
            charts.svg(
                pictures.line_picture(line),
                f"{model_words.measure(line, reasons)}: {model_words.state_of(line.latest)}",
                now,
            ),
        )
        for line in chosen
    ]
