"""The demo garage chain: its branches, staff, services, story and investments.

Everything here is fixed or follows from one date, so that the same seed and day give the same business.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta

REASONS: tuple[str, ...] = (
    "price",
    "rude_staff",
    "broken_promises",
    "pushy_sales",
    "slow_service",
    "poor_quality",
    "errors",
    "competitor",
    "inconvenience",
    "premises",
    "circumstances",
    "other",
)
YEARS_OF_HISTORY = 4
DAYS_OF_HISTORY = 1461


@dataclass(frozen=True, slots=True)
class Branch:
    """One garage of the chain; `share` is its part of all customers, `price_level` multiplies every price."""

    name: str
    share: float
    price_level: float


@dataclass(frozen=True, slots=True)
class Employee:
    """Someone customers meet; `role` is receptionist, mechanic or sales."""

    name: str
    role: str
    branch: str

    @property
    def first_name(self) -> str:
        """The name by which customers mention this employee."""
        return self.name.split()[0]


@dataclass(frozen=True, slots=True)
class Service:
    """A line on the invoice: its price in cents in the first year and the spread of that price."""

    name: str
    cents: int
    spread: float


@dataclass(frozen=True, slots=True)
class Investment:
    """Money spent on service quality, as the register of investments would hold it.

    `hazard_fall` is planted: the part of the hazard of every targeted reason that is gone once the effect
    has washed in. `hits` says whether customers were leaving for those reasons in numbers that matter.
    """

    name: str
    started_on: date
    amount_cents: int
    reasons: tuple[str, ...]
    branches: tuple[str, ...]
    hazard_fall: float
    wash_in_days: int
    hits: bool


@dataclass(frozen=True, slots=True)
class Definition:
    """The definition of defection that suits this business, in the words of the definitions of the house.

    A garage sees a loyal customer at least once a year, at the APK; with late ones and holidays the longest
    ordinary gap is about fifteen months, hence a lapse of 450 days. Two visits a year are too few for the half
    rule: over a year it accuses more loyal customers than it finds drifting ones.
    """

    kind: str = "lapse"
    days: int = 450

    @property
    def parameters(self) -> dict[str, int]:
        """The parameters of the rule, as a definition stores them."""
        return {"days": self.days}


@dataclass(frozen=True, slots=True)
class Story:
    """What happens to the chain in its four years; all dates follow from `until`."""

    start: date
    until: date
    rude_branch: str
    rude_employee: str
    pushy_from: date
    pushy_until: date
    price_rise_on: date
    price_rise: float
    tracker_from: date
    investments: tuple[Investment, ...]
    yearly_price_rise: float = 0.04
    definition: Definition = field(default_factory=Definition)

    @property
    def training(self) -> Investment:
        """The investment that hits its cause."""
        return self.investments[0]

    @property
    def renovation(self) -> Investment:
        """The investment that misses."""
        return self.investments[1]


BRANCHES: tuple[Branch, ...] = (
    Branch("Apeldoorn", 0.20, 1.04),
    Branch("Deventer", 0.18, 1.02),
    Branch("Zutphen", 0.24, 1.00),
    Branch("Doetinchem", 0.15, 0.99),
    Branch("Raalte", 0.12, 0.97),
    Branch("Lochem", 0.11, 1.00),
)

_STAFF: dict[str, tuple[tuple[str, str], ...]] = {
    "Apeldoorn": (
        ("Marieke Evers", "receptionist"),
        ("Joost Wassink", "receptionist"),
        ("Hamza Aydin", "mechanic"),
        ("Gerrit Brinkman", "mechanic"),
        ("Stefan Lubbers", "mechanic"),
        ("Patricia Nijhof", "sales"),
    ),
    "Deventer": (
        ("Anouk Terpstra", "receptionist"),
        ("Wim Hulshof", "receptionist"),
        ("Dennis Oude Kamp", "mechanic"),
        ("Yusuf Demir", "mechanic"),
        ("Roy Scholten", "sales"),
    ),
    "Zutphen": (
        ("Ronald Kuiper", "receptionist"),
        ("Ilse van Dam", "receptionist"),
        ("Bart Nijland", "mechanic"),
        ("Mohamed El Idrissi", "mechanic"),
        ("Sandra Veldhuis", "sales"),
    ),
    "Doetinchem": (
        ("Femke Wolters", "receptionist"),
        ("Harm Jolink", "receptionist"),
        ("Kevin Berendsen", "mechanic"),
        ("Teun Harmsen", "mechanic"),
        ("Monique Gal", "sales"),
    ),
    "Raalte": (
        ("Lianne Kogelman", "receptionist"),
        ("Arjan Holterman", "receptionist"),
        ("Niek Schrijver", "mechanic"),
        ("Rick Bosgoed", "mechanic"),
        ("Erik Overmars", "sales"),
    ),
    "Lochem": (
        ("Carla Roeterdink", "receptionist"),
        ("Martijn Vrielink", "mechanic"),
        ("Sjoerd Klomp", "mechanic"),
        ("Esther Meutstege", "sales"),
    ),
}

EMPLOYEES: tuple[Employee, ...] = tuple(
    Employee(name, role, branch) for branch, staff in _STAFF.items() for name, role in staff
)

APK, SMALL, LARGE, TYRE_CHANGE, TYRES, BRAKES, AIRCO, BATTERY, REPAIR, EXTRA = range(10)
SERVICES: tuple[Service, ...] = (
    Service("APK-keuring", 4900, 0.0),
    Service("Kleine beurt", 18900, 0.10),
    Service("Grote beurt", 34900, 0.12),
    Service("Bandenwissel", 6500, 0.05),
    Service("Nieuwe banden", 39500, 0.25),
    Service("Remmen", 28900, 0.20),
    Service("Aircoservice", 11900, 0.08),
    Service("Accu", 16900, 0.15),
    Service("Reparatie", 24500, 0.55),
    Service("Extra's", 8900, 0.40),
)


def tell(until: date) -> Story:
    """The story whose four years of visits end on `until`.

    What is planted lies in the first three years, because a lapse of 450 days shows a leaving only that much later. The
    training has a year and a half before it and a year after it that are known today: a careful check can see it.
    From `tracker_from` on the garage hangs a tracker in cars it services: a reason that no list of reasons has.
    """
    start = until - timedelta(days=DAYS_OF_HISTORY)
    day = [start + timedelta(days=n) for n in (456, 821, 766, 636)]
    return Story(
        start=start,
        until=until,
        rude_branch="Zutphen",
        rude_employee="Ronald Kuiper",
        pushy_from=day[0],
        pushy_until=day[1],
        price_rise_on=day[2],
        price_rise=0.09,
        tracker_from=day[3],
        investments=(_training(start), _renovation(start)),
    )


def _training(start: date) -> Investment:
    return Investment(
        name="Training gastvrijheid balie Zutphen",
        started_on=start + timedelta(days=540),
        amount_cents=18_500_00,
        reasons=("rude_staff",),
        branches=("Zutphen",),
        hazard_fall=0.90,
        wash_in_days=60,
        hits=True,
    )


def _renovation(start: date) -> Investment:
    return Investment(
        name="Verbouwing wachtruimtes",
        started_on=start + timedelta(days=700),
        amount_cents=690_000_00,
        reasons=("premises",),
        branches=tuple(branch.name for branch in BRANCHES),
        hazard_fall=0.50,
        wash_in_days=30,
        hits=False,
    )
