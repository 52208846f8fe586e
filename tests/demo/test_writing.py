"""The files on disk: Dutch style, byte for byte the same, the truth beside them."""

import csv
import json
import re
from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from survey.demo.customers import ContractRow
from survey.demo.generating import DemoBusiness, generate
from tests.demo.conftest import UNTIL

CUSTOMER_COLUMNS = (
    "customer_id;card_id;name;email;phone;language;branch;segment;joined_on;acquired_via;contract_from;"
    "contract_until;cancelled_on;yearly_value;do_not_contact;call_consent"
)
CONTRACT_COLUMNS = "customer_id;contract_from;contract_until;cancelled_on;yearly_value"
TRANSACTION_COLUMNS = "customer_id;occurred_on;amount;branch;employee;service;transaction_id"


@pytest.fixture(scope="module")
def folder(small: DemoBusiness, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("demo") / "files"
    small.write(path)
    return path


def table(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, delimiter=";", strict=True)
        rows = list(reader)
    return list(reader.fieldnames or []), rows


def test_the_same_seed_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    generate(3, UNTIL, customers=300).write(tmp_path)
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["contracts.csv", "customers.csv", "transactions.csv", "truth.json"]
    assert all((folder / name).read_bytes() == (tmp_path / name).read_bytes() for name in names)


def test_columns_are_those_of_the_import_files(folder: Path) -> None:
    assert ";".join(table(folder / "customers.csv")[0]) == CUSTOMER_COLUMNS
    assert ";".join(table(folder / "contracts.csv")[0]) == CONTRACT_COLUMNS
    assert ";".join(table(folder / "transactions.csv")[0]) == TRANSACTION_COLUMNS


def test_the_customer_file_says_what_the_rows_say(folder: Path, small: DemoBusiness) -> None:
    _, written = table(folder / "customers.csv")
    for line, row in zip(written, small.customers, strict=True):
        assert line["customer_id"] == row.customer_id
        assert datetime.strptime(line["joined_on"], "%d-%m-%Y").date() == row.joined_on
        assert (line["do_not_contact"], line["call_consent"]) == tuple(
            "ja" if value else "nee" for value in (row.do_not_contact, row.call_consent)
        )
        assert line["email"] == (row.email or "")


def test_the_transaction_file_adds_up_to_the_rows(folder: Path, small: DemoBusiness) -> None:
    _, written = table(folder / "transactions.csv")
    assert len(written) == len(small.transactions)
    assert all(re.fullmatch(r"\d+,\d\d", line["amount"]) for line in written)
    assert sum(Decimal(line["amount"].replace(",", ".")) for line in written) == sum(
        row.amount for row in small.transactions
    )
    assert len({line["transaction_id"] for line in written}) == len(written)


def test_the_truth_can_be_read_back(folder: Path, small: DemoBusiness) -> None:
    truth = json.loads((folder / "truth.json").read_text("utf-8"))
    assert len(truth["customers"]) == 300
    assert [one["hits"] for one in truth["investments"]] == [True, False]
    assert truth["parameters"]["story"]["until"] == UNTIL.isoformat()
    left = {one["customer_id"]: one["left_on"] for one in truth["customers"] if one["left_on"]}
    assert left == {one.customer_id: one.left_on.isoformat() for one in small.truth.customers if one.left_on}


def test_nobody_in_the_file_can_be_reached(business: DemoBusiness) -> None:
    emails = [row.email for row in business.customers if row.email]
    assert len(set(emails)) == len(emails) > 4500
    assert all(re.fullmatch(r"[a-z.]+\.\d+@example\.org", email) and ".." not in email for email in emails)
    assert all(re.fullmatch(r"06 0000 \d{4}", row.phone) for row in business.customers if row.phone)


def test_contracts_and_cancellations_hang_together(business: DemoBusiness) -> None:
    left = {one.customer_id: one.left_on for one in business.truth.customers}
    with_contract = [row for row in business.customers if row.contract_from]
    assert 500 < len(with_contract) < 2000
    for row in with_contract:
        assert row.contract_from
        assert row.contract_until
        assert row.joined_on <= row.contract_from < row.contract_until
        assert (row.yearly_value or 0) > 0
    cancelled = [row for row in business.customers if row.cancelled_on]
    assert cancelled
    for row in cancelled:
        gone = left[row.customer_id]
        assert row.contract_from
        assert gone
        assert row.cancelled_on
        assert gone <= row.cancelled_on <= UNTIL


def test_terms_of_contracts_follow_each_other_to_the_one_that_the_customer_file_knows(business: DemoBusiness) -> None:
    gone = [one for one in business.truth.customers if not (one.drifted or one.returned_on)]
    left = {one.customer_id: one.left_on for one in gone}
    terms: dict[str, list[ContractRow]] = defaultdict(list)
    for term in business.contracts:
        terms[term.customer_id].append(term)
    assert terms.keys() == {row.customer_id for row in business.customers if row.contract_from}
    for row in business.customers:
        for before, after in pairwise(terms[row.customer_id]):
            assert after.contract_from == before.contract_until + timedelta(days=1)
            assert before.cancelled_on is None
        for last in terms[row.customer_id][-1:]:
            assert (last.contract_from, last.contract_until) == (row.contract_from, row.contract_until)
            assert (last.cancelled_on, last.yearly_value) == (row.cancelled_on, row.yearly_value)
            assert last.contract_from <= (left.get(row.customer_id) or UNTIL) or last == terms[row.customer_id][0]


def test_segments_languages_and_channels_are_mixed(business: DemoBusiness) -> None:
    rows = business.customers
    assert {row.segment for row in rows} == {"particulier", "lease", "zakelijk"}
    assert 0.04 < sum(row.language == "en" for row in rows) / len(rows) < 0.10
    assert {row.language for row in rows} == {"nl", "en"}
    assert len({row.acquired_via for row in rows}) == 6
    assert len({row.name for row in rows}) > 3500
    assert len({row.card_id for row in rows if row.card_id}) == sum(row.card_id is not None for row in rows)
