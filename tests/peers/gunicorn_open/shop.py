# SPDX-License-Identifier: MIT
import os


def application(environ, start_response):
    start_response("200 OK", [("X-Release", os.environ["ROLL_RELEASE"]), ("Content-Length", "3")])
    return [b"ok\n"]
