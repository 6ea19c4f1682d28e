# SPDX-License-Identifier: MIT
"""Clients that notice every loss."""

import http.client
import threading
import time


class Clients:
    """Ask for / one after the other, each time on a new connection, and try nothing twice."""

    def __init__(self, port, count=2, host="127.0.0.1", pause=0):
        """`pause`: seconds between two requests of one of them."""
        self.host, self.port = host, port
        self.seen = []  # each answer, in the order of arrival
        self.failures = []
        self.stopping, self.pause = False, pause
        self.threads = [threading.Thread(target=self.ask, daemon=True) for _ in range(count)]
        for thread in self.threads:
            thread.start()

    def ask(self):
        while not self.stopping:
            connection = http.client.HTTPConnection(self.host, self.port, timeout=20)
            try:
                connection.request("GET", "/")
                answer = connection.getresponse()
                body = answer.read().decode().strip()
                if answer.status == 200:
                    self.seen.append(body)
                else:
                    self.failures.append(f"{answer.status} {body}")
            except (OSError, http.client.HTTPException) as failure:
                self.failures.append(repr(failure))
            finally:
                connection.close()
            time.sleep(self.pause)

    def await_more(self, count=100):
        goal, deadline = len(self.seen) + count, time.monotonic() + 60
        while len(self.seen) < goal:
            if time.monotonic() > deadline:
                raise TimeoutError(f"no {count} further answers within a minute: {self}")
            time.sleep(0.01)

    def stop(self):
        """What was sent is answered first."""
        self.stopping = True
        for thread in self.threads:
            thread.join()

    def __str__(self):
        return f"{len(self.seen)} answered, {len(self.failures)} failed {self.failures[:3]}"
