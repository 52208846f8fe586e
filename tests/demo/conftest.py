from datetime import date

import pytest

from survey.demo.generating import DemoBusiness, generate

UNTIL = date(2026, 11, 21)


@pytest.fixture(scope="session")
def business() -> DemoBusiness:
    return generate(1, UNTIL)


@pytest.fixture(scope="session")
def small() -> DemoBusiness:
    return generate(3, UNTIL, customers=300)
