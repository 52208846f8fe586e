"""How gunicorn serves the site: `gunicorn --config survey/server.py wsgi:app`. No secrets and no settings of ours."""

import multiprocessing
import threading

bind = "127.0.0.1:8000"
worker_class = "gthread"
workers = max(2, multiprocessing.cpu_count())
threads = 4
# a form page is a few kilobytes: a client that cannot send one in half a minute is not a person
timeout = 30
graceful_timeout = 30
control_socket_disable = True
accesslog = None


def post_worker_init(worker: object) -> None:
    """Start the picture renderer beside the first requests, so that the first page with a picture is not slow."""
    from survey.charts import warm_up  # in the worker: it keeps threads, which do not survive a fork

    threading.Thread(target=warm_up, daemon=True).start()
