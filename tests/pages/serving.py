"""An application of one test, served for real, and somebody who signs in to it with a browser."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from playwright.sync_api import Page
from werkzeug.serving import make_server

PASSWORD = "a long enough password"


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """The address at which the application is served as long as this lasts."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def sign_in(page: Page, app: Flask, address: str, role: str) -> None:
    """Make a user with this role and sign in as that one."""
    email = f"{role}@example.org"
    given = ["users", "add", email, "--role", role, "--password-stdin"]
    done = app.test_cli_runner().invoke(args=given, input=PASSWORD)
    assert done.exit_code == 0, done.output
    page.goto(f"{address}/login")
    page.get_by_role("textbox").first.fill(email)
    page.locator("input[type=password]").fill(PASSWORD)
    page.locator("main form button, main form input[type=submit]").first.click()
