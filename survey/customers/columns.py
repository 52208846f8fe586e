"""Which column of a file is which field: by name, in Dutch or English, or as the user says."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Literal

from survey.customers.problems import FileRefused

Kind = Literal["customers", "transactions", "contracts"]

#: The fields of each kind of file, with the other names that are understood. The first are required.
FIELDS: dict[Kind, dict[str, tuple[str, ...]]] = {
    "customers": {
        "customer_id": ("klantnummer", "klant_id", "klantnr", "klant", "customer", "customer_number",
                        "customernumber", "debiteurnummer", "debiteur", "relatienummer", "lidnummer",
                        "member_id", "client_id", "account_id"),
        "card_id": ("kaartnummer", "pasnummer", "klantkaart", "card", "card_number", "loyalty_card"),
        "name": ("naam", "klantnaam", "volledige_naam", "full_name", "customer_name", "contactpersoon"),
        "email": ("e_mail", "e_mailadres", "emailadres", "mail", "mailadres", "email_address",
                  "e_mail_address"),
        "phone": ("telefoon", "telefoonnummer", "tel", "mobiel", "mobile", "phone_number", "telephone"),
        "language": ("taal", "taalcode", "lang", "language_code"),
        "branch": ("vestiging", "filiaal", "locatie", "winkel", "kantoor", "location", "store", "shop",
                   "office"),
        "segment": ("klantgroep", "doelgroep", "groep", "customer_group", "group", "klantsegment"),
        "joined_on": ("klant_sinds", "lid_sinds", "inschrijfdatum", "aangemaakt_op", "joined",
                      "customer_since", "member_since", "signup_date"),
        "acquired_via": ("herkomst", "kanaal", "wervingskanaal", "channel", "source", "acquisition_channel"),
        "contract_from": ("contract_van", "contract_vanaf", "ingangsdatum", "contract_start", "start_date"),
        "contract_until": ("contract_tot", "contract_tot_en_met", "einddatum", "contract_end", "end_date"),
        "cancelled_on": ("opgezegd_op", "opzegdatum", "beeindigd_op", "cancelled", "cancellation_date",
                         "canceled_on"),
        "yearly_value": ("jaarwaarde", "jaaromzet", "waarde_per_jaar", "annual_value", "value_per_year"),
        "do_not_contact": ("niet_benaderen", "geen_contact", "niet_mailen", "afgemeld", "opt_out", "optout",
                           "unsubscribed"),
        "call_consent": ("mag_gebeld_worden", "bellen_toegestaan", "toestemming_bellen", "may_call",
                         "call_allowed"),
    },
    "transactions": {
        "customer_id": (),
        "occurred_on": ("datum", "date", "transactiedatum", "aankoopdatum", "besteldatum", "factuurdatum",
                        "orderdatum", "bezoekdatum", "boekdatum", "transaction_date", "purchase_date",
                        "order_date", "invoice_date", "visit_date", "visited_on", "occurred"),
        "amount": ("bedrag", "omzet", "totaal", "totaalbedrag", "prijs", "total", "revenue", "price",
                   "spend", "value"),
        "branch": (),
        "employee": ("medewerker", "verkoper", "monteur", "adviseur", "staff", "employee_name",
                     "served_by"),
        "team": ("ploeg", "afdeling", "teamnaam", "team_name", "department", "crew"),
        "service": ("dienst", "product", "artikel", "omschrijving", "soort", "item", "description"),
        "transaction_id": ("transactienummer", "transactie_id", "bonnummer", "ordernummer", "factuurnummer",
                           "transaction", "transaction_number", "order_id", "order_number", "invoice_number",
                           "receipt_number"),
    },
    "contracts": {},
}  # fmt: skip
FIELDS["transactions"]["customer_id"] = FIELDS["customers"]["customer_id"]
FIELDS["transactions"]["branch"] = FIELDS["customers"]["branch"]
#: what a file of customers, too, may say of a contract
OF_CONTRACTS = ("customer_id", "contract_from", "contract_until", "cancelled_on", "yearly_value")
FIELDS["contracts"] = {name: FIELDS["customers"][name] for name in OF_CONTRACTS}

REQUIRED: dict[Kind, tuple[str, ...]] = {
    "customers": ("customer_id",),
    "transactions": ("customer_id", "occurred_on"),
    "contracts": ("customer_id", "contract_from"),
}
NOT_READ = ""


def plain(name: str) -> str:
    """A column name without capitals, accents and signs: `E-mailadres ` is `e_mailadres`."""
    letters = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    return re.sub("[^a-z0-9]+", "_", letters).strip("_")


NAMES: dict[Kind, dict[str, str]] = {
    kind: {alias: field for field, aliases in fields.items() for alias in (field, *aliases)}
    for kind, fields in FIELDS.items()
}


def known_columns(header: Sequence[str]) -> int:
    """How many of these names are understood, for the best of the kinds."""
    names = [plain(name) for name in header]
    return max(len({NAMES[kind][name] for name in names if name in NAMES[kind]}) for kind in NAMES)


def kind_of(header: Sequence[str], mapping: Mapping[str, str] | None = None) -> Kind:
    """Transactions when a column is the date of a purchase or visit; contracts when customers have the first day of a
    contract and nothing that is not of contracts; else customers."""
    mapped = set((mapping or {}).values())
    named = {NAMES["transactions"].get(plain(name)) for name in header} | mapped
    customers_only = {"name", "email", "joined_on", "phone", "contract_from", "language"}
    known = {NAMES["customers"].get(plain(name)) for name in header}
    if "occurred_on" in named and not known & customers_only:
        return "transactions"
    understood = (known | mapped) - {None, NOT_READ}
    return "contracts" if "contract_from" in understood and understood <= set(OF_CONTRACTS) else "customers"


def recognised(kind: Kind, header: Sequence[str], mapping: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Each column with the field it was mapped to or is named after, even where two claim the same."""
    return tuple((name, mapping.get(name, NAMES[kind].get(plain(name), NOT_READ))) for name in header)


def map_columns(kind: Kind, header: Sequence[str], mapping: Mapping[str, str]) -> dict[int, str]:
    """Field by position in the header. What the user mapped goes first; `NOT_READ` leaves a column out.

    Raises FileRefused when a mapped name does not exist, two columns claim one field, or a required field has
    no column. Columns that are nothing we know are left out; the preview lists them.
    """
    _refuse_unknown(kind, header, mapping)
    taken = {field for field in mapping.values() if field != NOT_READ}
    fields: dict[int, str] = {}
    for position, name in enumerate(header):
        field = mapping.get(name)
        if field is None and (alias := NAMES[kind].get(plain(name))) not in taken:
            field = alias
        if not field:
            continue
        if field in fields.values():
            raise FileRefused("mapped_twice", line=1, column=name, value=field)
        fields[position] = field
    for field in REQUIRED[kind]:
        if field not in fields.values():
            raise FileRefused("column_missing", line=1, column=field, value=", ".join(header))
    return fields


def _refuse_unknown(kind: Kind, header: Sequence[str], mapping: Mapping[str, str]) -> None:
    for name, field in mapping.items():
        if name not in header:
            raise FileRefused("map_unknown", line=1, column=name, value=name)
        if field != NOT_READ and field not in FIELDS[kind]:
            raise FileRefused("map_unknown", line=1, column=name, value=field)
