"""How gunicorn serves the site: `gunicorn --config survey/server.py wsgi:app`. No secrets and no settings of ours."""

import multiprocessing

bind = "127.0.0.1:8000"
worker_class = "gthread"
workers = max(2, multiprocessing.cpu_count())
threads = 4
# a form page is a few kilobytes: a client that cannot send one in half a minute is not a person
timeout = 30
graceful_timeout = 30
control_socket_disable = True
accesslog = None
