"""Every table of Whyleft, loaded by one import, so that migrations and foreign keys see them all."""

from survey import notices
from survey.accounts import models as accounts
from survey.customers import models as customers
from survey.defections import models as defections
from survey.investments import models as investments
from survey.invitations import models as invitations
from survey.jobs import models as jobs
from survey.questionnaires import models as questionnaires
from survey.reasons import models as reasons
from survey.reports import models as reports
from survey.responses import models as responses
from survey.taxonomy import models as taxonomy
from survey.winback import models as winback

__all__ = [
    "accounts",
    "customers",
    "defections",
    "investments",
    "invitations",
    "jobs",
    "notices",
    "questionnaires",
    "reasons",
    "reports",
    "responses",
    "taxonomy",
    "winback",
]
