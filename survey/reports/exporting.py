"""The page as a file: the same figures, from the same query, in rows whose sums are those of the page."""

from collections.abc import Sequence

from flask_babel import gettext as _

from survey.clock import local
from survey.csv_file import Cell, csv_bytes
from survey.reports.breakdown import NO_MAIN_REASON, Breakdown, OtherRow, ReasonRow
from survey.reports.counting import NO_ANSWER, NOT_ASKED
from survey.reports.findings import Findings
from survey.reports.telling import ordered
from survey.reports.words import Words
from survey.taxonomy.models import Reason


def other_label(kind: str) -> str:
    """How a row without a reason is called, on the page and in the file."""
    names = {
        NO_MAIN_REASON: _("Answered, no main reason"),
        NO_ANSWER: _("Asked, no answer yet"),
        NOT_ASKED: _("Not asked"),
    }
    return str(names[kind])


def breakdown_csv(found: Breakdown, reasons: Sequence[ReasonRow], language: str) -> bytes:
    """Every departure in one row, by the main reason ticked. What the shares of all who left are: `estimates_csv`."""
    header = (
        _("from"), _("to"), _("code"), _("reason"), _("departures"), _("share of answers"), _("share from"),
        _("share to"), _("lost value"),
    )  # fmt: skip
    period = (found.lens.period.first, found.lens.period.last)
    rows: list[Sequence[Cell]] = [(*period, *_reason_cells(row, language)) for row in reasons]
    rows += [(*period, *_other_cells(row)) for row in found.others]
    return csv_bytes(header, rows, language)


def _reason_cells(row: ReasonRow, language: str) -> tuple[Cell, ...]:
    share = row.share
    return (
        row.reason.code, row.reason.label(language), row.count, share.estimate, share.low, share.high,
        row.lost_value,
    )  # fmt: skip


def _other_cells(row: OtherRow) -> tuple[Cell, ...]:
    return (row.kind, other_label(row.kind), row.count, None, None, None, row.lost_value)


def estimates_csv(found: Findings | None, order: str, language: str) -> bytes:
    """The estimates of the page: per reason the share of all who left and what was lost, with their intervals."""
    header = (
        _("from"), _("to"), _("code"), _("reason"), _("source"), _("method"), _("share of those who left"),
        _("share from"), _("share to"), _("share unweighted"), _("widest from"), _("widest to"), _("lost value"),
        _("lost from"), _("lost to"), _("model version"), _("answers"), _("read by people"),
    )  # fmt: skip
    rows = [_estimate_cells(found, k, language) for k in ordered(found, order)] if found else []
    return csv_bytes(header, rows, language)


def _estimate_cells(found: Findings, k: int, language: str) -> Sequence[Cell]:
    shares, period = found.shares, found.shares.lens.period
    each, lost = shares.best[k], found.lost.each[k] if found.lost else None
    amounts = (round(lost.estimate), round(lost.low), round(lost.high)) if lost else (None, None, None)
    return (
        period.first, period.last, shares.reasons[k].code, shares.reasons[k].label(language), shares.basis,
        each.method, each.estimate, each.low, each.high, shares.raw[k].estimate, *shares.widest[k],
        *amounts, shares.version_id, shares.answers, shares.reviewed,
    )  # fmt: skip


def months_csv(found: Breakdown, language: str) -> bytes:
    """The rate by month."""
    header = (_("from"), _("to"), _("left"), _("customers at risk"), _("rate"), _("rate from"), _("rate to"))
    rows = [
        (m.period.first, m.period.last, m.left, m.at_risk, share.estimate, share.low, share.high)
        for m, share in ((month.rate, month.share) for month in found.months)
    ]
    return csv_bytes(header, rows, language)


def words_csv(found: Sequence[Words], language: str) -> bytes:
    """What customers wrote, masked; nobody is named."""
    header = (_("date"), _("branch"), _("main reason"), _("other reasons"), _("read by the model"), _("words"))
    rows = [
        (
            local(words.at).date(),
            words.branch,
            words.main.label(language) if words.main else None,
            _labels(words.also, language),
            _labels(words.read, language),
            words.text,
        )
        for words in found
    ]
    return csv_bytes(header, rows, language)


def _labels(reasons: Sequence[Reason], language: str) -> str:
    return " · ".join(reason.label(language) for reason in reasons)
