"""Words that stand in stored rows and are translated where they are shown: the audit log and what came of a job.

Nothing imports this: the catalogue is made from it.
"""

from survey.notices import N_

#: what people may do, as the table of roles names it
ROLES = (N_("administrator"), N_("manager"), N_("analyst"), N_("interviewer"))

#: what the audit log says was done
ACTIONS = (
    N_("answer reviewed"),
    N_("answer skipped"),
    N_("breakdown exported"),
    N_("customer erased"),
    N_("defections viewed"),
    N_("definition changed"),
    N_("definition retired"),
    N_("import problems exported"),
    N_("import removed"),
    N_("import started"),
    N_("job asked for"),
    N_("job tried again"),
    N_("model changes viewed"),
    N_("model promoted"),
    N_("model reading asked"),
    N_("model rolled back"),
    N_("model training asked"),
    N_("months exported"),
    N_("password link asked"),
    N_("password link sent"),
    N_("password refused"),
    N_("password set"),
    N_("reason added"),
    N_("reason merged"),
    N_("reason renamed"),
    N_("reason restored"),
    N_("reason retired"),
    N_("reason split"),
    N_("review changed"),
    N_("review undone"),
    N_("schedule changed"),
    N_("sign-in failed"),
    N_("signed in"),
    N_("signed out"),
    N_("theme dismissed"),
    N_("theme made a reason"),
    N_("theme shown again"),
    N_("user added"),
    N_("user changed"),
    N_("words exported"),
)

#: what it was done to
KINDS = (
    N_("answer"),
    N_("customer"),
    N_("definition"),
    N_("import"),
    N_("job"),
    N_("model"),
    N_("reason"),
    N_("report"),
    N_("schedule"),
    N_("theme"),
    N_("user"),
)

#: names of the details of an entry
DETAILS = (
    N_("active"),
    N_("after"),
    N_("before"),
    N_("branches"),
    N_("code"),
    N_("daily at"),
    N_("enabled"),
    N_("every minutes"),
    N_("examples"),
    N_("into"),
    N_("kind"),
    N_("mode"),
    N_("page"),
    N_("period"),
    N_("reason"),
    N_("roles"),
    N_("rows"),
    N_("segment"),
    N_("shown"),
    N_("version"),
    N_("way"),
)

#: names of the figures of a job
OUTCOMES = (
    N_("as of"),
    N_("bad"),
    N_("cancelled"),
    N_("changed"),
    N_("deferred"),
    N_("drawn as useful"),
    N_("drawn at random"),
    N_("failed"),
    N_("files"),
    N_("groups"),
    N_("invited"),
    N_("jobs"),
    N_("mails"),
    N_("measured"),
    N_("new open"),
    N_("new"),
    N_("notices"),
    N_("outside"),
    N_("queued"),
    N_("read"),
    N_("returned"),
    N_("sent"),
    N_("skipped do not contact"),
    N_("skipped erased"),
    N_("skipped no address"),
    N_("skipped opted out"),
    N_("skipped suppressed"),
    N_("skipped too long ago"),
    N_("state"),
    N_("tries"),
    N_("unknown"),
)
