"""Customers, branches, employees, transactions, and the imports that bring them in."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from survey.database import Base, BigId, Money, UtcDateTime

IMPORT_KINDS = ("customers", "transactions", "contracts")
IMPORT_STATES = ("uploaded", "waiting", "checking", "publishing", "done", "refused", "failed")


class Branch(Base):
    __tablename__ = "branch"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)


class Employee(Base):
    __tablename__ = "employee"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    #: as the last file of purchases says; empty where none says
    team: Mapped[str] = mapped_column(String(100), default="", server_default="")


class Customer(Base):
    """A customer as the business knows it. Erasing empties everything that identifies, never the row."""

    __tablename__ = "customer"

    id: Mapped[int] = mapped_column(primary_key=True)
    #: customer_id of the import file
    external_id: Mapped[str] = mapped_column(String(100), unique=True)
    card_id: Mapped[str | None] = mapped_column(String(100))
    name: Mapped[str | None] = mapped_column(String(200))
    email: Mapped[str | None] = mapped_column(String(254))
    phone: Mapped[str | None] = mapped_column(String(50))
    language: Mapped[str] = mapped_column(String(2), default="nl")
    branch_id: Mapped[int | None] = mapped_column(ForeignKey("branch.id"), index=True)
    segment: Mapped[str] = mapped_column(String(100), default="", index=True)
    joined_on: Mapped[date | None]
    acquired_via: Mapped[str] = mapped_column(String(100), default="")
    contract_from: Mapped[date | None]
    contract_until: Mapped[date | None]
    cancelled_on: Mapped[date | None]
    #: what the business itself says this customer is worth a year
    yearly_value: Mapped[Decimal | None] = mapped_column(Money)
    do_not_contact: Mapped[bool] = mapped_column(default=False)
    #: agreed to be called with an offer; None: never asked
    call_consent: Mapped[bool | None]
    opted_out_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: when name and address went because the customer left so long ago; no file brings them back before the customer is
    forgotten_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def may_be_contacted(self) -> bool:
        """Nobody asked us, and the business said nothing, to leave this customer alone."""
        return not self.do_not_contact and self.opted_out_at is None

    __table_args__ = (
        CheckConstraint("language IN ('nl', 'en')", name="known_language"),
        CheckConstraint(
            "erased_at IS NULL OR (name IS NULL AND email IS NULL AND phone IS NULL AND card_id IS NULL)",
            name="erased_is_anonymous",
        ),
    )


class Contract(Base):
    """One term of a contract: from its beginning, or a renewal, to its last day or the next renewal.

    `survey/customers/contracts.py` keeps the terms; the columns of the customer are only what the file of customers
    said last.
    """

    __tablename__ = "contract"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    #: first day of the contract as the file says it: what makes a contract of a customer itself
    contract_from: Mapped[date]
    starts_on: Mapped[date]
    #: the last day of the term; NULL: until cancelled
    ends_on: Mapped[date | None]
    cancelled_on: Mapped[date | None]
    #: turnover a year, as the business says
    yearly_value: Mapped[Decimal | None] = mapped_column(Money)
    #: the day from which the term was known: earlier than its first day where it was renewed ahead
    known_on: Mapped[date]

    __table_args__ = (
        UniqueConstraint("customer_id", "contract_from", "starts_on"),
        CheckConstraint("starts_on >= contract_from", name="starts_within"),
        CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name="ends_after_start"),
        CheckConstraint("known_on <= starts_on", name="known_by_its_start"),
    )


class Transaction(Base):
    """One purchase or visit."""

    __tablename__ = "transaction"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    occurred_on: Mapped[date]
    amount: Mapped[Decimal | None] = mapped_column(Money)
    branch_id: Mapped[int | None] = mapped_column(ForeignKey("branch.id"))
    employee_id: Mapped[int | None] = mapped_column(ForeignKey("employee.id"))
    service: Mapped[str] = mapped_column(String(100), default="")
    #: 16-byte digest of the customer and transaction_id, or of the whole row where the file has no ids
    identity: Mapped[bytes] = mapped_column(LargeBinary(16))
    #: numbers identical rows of one file; 0 where the file has ids
    ordinal: Mapped[int] = mapped_column(default=0)

    __table_args__ = (
        # The one index, by customer first: a night's purchases come in that way, and meet it page after page. With day
        # and amount in it PostgreSQL makes histories from it alone; SQLite has no word for that and reads the rows.
        Index(None, "customer_id", "identity", "ordinal", unique=True, postgresql_include=["occurred_on", "amount"]),
    )


class Summary:
    """What visits come to; a visit is a day with purchases. `survey/customers/histories.py` makes these rows."""

    first_on: Mapped[date]
    last_on: Mapped[date]
    visits: Mapped[int]
    total_cents: Mapped[int] = mapped_column(BigInteger)
    #: by day, 12 bytes a visit: days since 1970-01-01 (int32), cents spent that day (int64), both big-endian
    packed: Mapped[bytes] = mapped_column(LargeBinary)


class CustomerHistory(Summary, Base):
    """All visits of one customer; who never came has no row."""

    __tablename__ = "customer_history"

    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), primary_key=True, autoincrement=False)


class ServiceHistory(Summary, Base):
    """The visits of one customer for one watched service."""

    __tablename__ = "service_history"

    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), primary_key=True, autoincrement=False)
    service: Mapped[str] = mapped_column(String(100), primary_key=True)


class NewestPurchase(Base):
    """The newest day on which anybody bought anything, in one row; NULL before the first purchase.

    An index of the last day of everybody would say it too, and would be written for every customer of a night.
    """

    __tablename__ = "newest_purchase"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    day: Mapped[date | None]

    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)


class WatchedService(Base):
    """A service of which histories of its own are kept, because a rule asks about it."""

    __tablename__ = "watched_service"

    service: Mapped[str] = mapped_column(String(100), primary_key=True)


class StaleHistory(Base):
    """A customer whose purchases changed since the histories were made. A mark, so without a foreign key."""

    __tablename__ = "stale_history"

    customer_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class Import(Base):
    """One file on its way in: checked into staging as a whole, then published in short batches."""

    __tablename__ = "import_file"

    id: Mapped[int] = mapped_column(primary_key=True)
    #: one of IMPORT_KINDS
    kind: Mapped[str] = mapped_column(String(20))
    #: as the person called it; shown, never used as a path
    file_name: Mapped[str] = mapped_column(String(300))
    path: Mapped[str] = mapped_column(String(500))
    digest: Mapped[str] = mapped_column(String(64))
    #: what was declared: delimiter, decimal sign, date order, columns, mode (all or good)
    options: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(20), default="uploaded")
    error: Mapped[str | None] = mapped_column(Text)
    #: line up to which rows are staged and, later, published: where a killed import goes on
    staged_line: Mapped[int] = mapped_column(default=0)
    published_line: Mapped[int] = mapped_column(default=0)
    rows: Mapped[int] = mapped_column(default=0)
    good_rows: Mapped[int] = mapped_column(default=0)
    bad_rows: Mapped[int] = mapped_column(default=0)
    #: rows about people who were erased: left out, whatever is in them
    erased_rows: Mapped[int] = mapped_column(default=0, server_default="0")
    new_rows: Mapped[int] = mapped_column(default=0)
    changed_rows: Mapped[int] = mapped_column(default=0)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        CheckConstraint(f"kind IN {IMPORT_KINDS}", name="known_kind"),
        CheckConstraint(f"state IN {IMPORT_STATES}", name="known_state"),
    )


class ImportProblem(Base):
    """One cell that could not be taken, and what to do about it."""

    __tablename__ = "import_problem"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    import_id: Mapped[int] = mapped_column(ForeignKey("import_file.id", ondelete="CASCADE"))
    line: Mapped[int]
    column: Mapped[str] = mapped_column(String(200), default="")
    value: Mapped[str] = mapped_column(String(300), default="")
    #: names the sentence that says what is wrong and what to do
    code: Mapped[str] = mapped_column(String(50))

    __table_args__ = (Index(None, "import_id", "line"),)


class StagedCustomer(Base):
    """A checked row of a customers file, not yet published. NULL: the file does not say."""

    __tablename__ = "staged_customer"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    import_id: Mapped[int] = mapped_column(ForeignKey("import_file.id", ondelete="CASCADE"))
    line: Mapped[int]
    external_id: Mapped[str] = mapped_column(String(100))
    card_id: Mapped[str | None] = mapped_column(String(100))
    name: Mapped[str | None] = mapped_column(String(200))
    email: Mapped[str | None] = mapped_column(String(254))
    phone: Mapped[str | None] = mapped_column(String(50))
    language: Mapped[str | None] = mapped_column(String(2))
    branch: Mapped[str | None] = mapped_column(String(200))
    segment: Mapped[str | None] = mapped_column(String(100))
    joined_on: Mapped[date | None]
    acquired_via: Mapped[str | None] = mapped_column(String(100))
    contract_from: Mapped[date | None]
    contract_until: Mapped[date | None]
    cancelled_on: Mapped[date | None]
    yearly_value: Mapped[Decimal | None] = mapped_column(Money)
    do_not_contact: Mapped[bool | None]
    call_consent: Mapped[bool | None]

    __table_args__ = (UniqueConstraint("import_id", "external_id"), Index(None, "import_id", "line"))


class StagedTransaction(Base):
    """A checked row of a transactions file, not yet published."""

    __tablename__ = "staged_transaction"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    import_id: Mapped[int] = mapped_column(ForeignKey("import_file.id", ondelete="CASCADE"))
    line: Mapped[int]
    external_id: Mapped[str] = mapped_column(String(100))
    occurred_on: Mapped[date]
    amount: Mapped[Decimal | None] = mapped_column(Money)
    branch: Mapped[str | None] = mapped_column(String(200))
    employee: Mapped[str | None] = mapped_column(String(200))
    team: Mapped[str | None] = mapped_column(String(100))
    service: Mapped[str | None] = mapped_column(String(100))
    identity: Mapped[bytes] = mapped_column(LargeBinary(16))
    #: true where the file gives a transaction_id, so that identical rows are one
    has_id: Mapped[bool]

    __table_args__ = (Index(None, "import_id", "line"), Index(None, "import_id", "identity", "line"))


class RightsRequest(Base):
    """Somebody asked for their data, or for being forgotten, and when that was done. Kept as the register asks."""

    __tablename__ = "rights_request"

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    #: export or erase
    kind: Mapped[str] = mapped_column(String(10))
    #: the person, by their own link; or the operator
    asked_by: Mapped[str] = mapped_column(String(10))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        CheckConstraint("kind IN ('export', 'erase')", name="known_kind"),
        CheckConstraint("asked_by IN ('person', 'operator')", name="known_asker"),
    )


class ErasedNumber(Base):
    """The number of a customer who was erased, as a keyed digest: an old file must not bring the person back."""

    __tablename__ = "erased_number"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Retention(Base):
    """How long one kind of data is kept, where that differs from what the software comes with."""

    __tablename__ = "retention"

    kind: Mapped[str] = mapped_column(String(30), primary_key=True)
    days: Mapped[int]

    __table_args__ = (CheckConstraint("days >= 1", name="at_least_a_day"),)


class StagedContract(Base):
    """A checked row of a file of contracts, not yet published. NULL: the file does not say."""

    __tablename__ = "staged_contract"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    import_id: Mapped[int] = mapped_column(ForeignKey("import_file.id", ondelete="CASCADE"))
    line: Mapped[int]
    external_id: Mapped[str] = mapped_column(String(100))
    contract_from: Mapped[date]
    contract_until: Mapped[date | None]
    cancelled_on: Mapped[date | None]
    yearly_value: Mapped[Decimal | None] = mapped_column(Money)

    __table_args__ = (
        UniqueConstraint("import_id", "external_id", "contract_from"),
        Index(None, "import_id", "line"),
    )
