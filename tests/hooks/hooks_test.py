#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""hooks_test.py TREE: each of the example hooks tells a receiver on the loopback of a private network what it is for.

The values have every character that a shell or JSON could trip over.
"""
import http.server
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import unittest

TREE = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
HOOKS = TREE / "packaging/examples/hooks"
NASTY = 'a "quoted" \\ back\\slash, $(echo shell) `x` \'y\'\nnext line, ümlaut'


class Receiver(http.server.BaseHTTPRequestHandler):
    requests = []
    status = 200

    def do_POST(self):  # noqa: N802, the name of the library
        body = self.rfile.read(int(self.headers["Content-Length"]))
        Receiver.requests.append((self.path, dict(self.headers), json.loads(body)))
        self.send_response(Receiver.status)
        self.end_headers()

    def log_message(self, *_):
        pass


class HooksTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = http.server.HTTPServer(("127.0.0.1", 0), Receiver)
        cls.url = f"http://127.0.0.1:{cls.server.server_port}"
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        cls.server.server_close()

    def setUp(self):
        Receiver.requests.clear()
        Receiver.status = 200

    def run_hook(self, name, **variables):
        environment = {"PATH": os.environ["PATH"], "ROLL_APP": "web", "ROLL_RELEASE": "v2", "ROLL_GENERATION": "7",
                       "ROLL_COMMAND": "deploy", "ROLL_PREVIOUS_RELEASE": "v1", "ROLL_INSTANCES": "2",
                       "ROLL_USER": "alice", "ROLL_NOTE": "", "ROLL_OUTCOME": "deployed", "ROLL_REASON": "",
                       "ROLL_CONNECTIONS_CUT": "0", **variables}
        return subprocess.run([str(HOOKS / name)], env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=60, check=False)

    def received(self):
        self.assertEqual(len(Receiver.requests), 1)
        return Receiver.requests[0]

    def secret(self, text):
        file = tempfile.NamedTemporaryFile("w", suffix=".secret")
        self.addCleanup(file.close)
        file.write(text)
        file.flush()
        return file.name

    def test_slack_gets_one_sentence(self):
        ended = self.run_hook("tell-slack", SLACK_WEBHOOK_FILE=self.secret(f"{self.url}/services/T0/B0\n"))
        self.assertEqual(ended.returncode, 0, ended.stderr)
        path, headers, body = self.received()
        self.assertEqual(path, "/services/T0/B0")
        self.assertEqual(headers["Content-Type"], "application/json")
        self.assertEqual(body, {"text": ":white_check_mark: *web*: deploy of v2 deployed, was v1, by alice"})

    def test_slack_is_told_why(self):
        self.run_hook("tell-slack", SLACK_WEBHOOK_FILE=self.secret(self.url), ROLL_OUTCOME="rolled_back",
                      ROLL_REASON=NASTY, ROLL_NOTE="CHG-7", ROLL_CONNECTIONS_CUT="3")
        self.assertEqual(self.received()[2]["text"], ":x: *web*: deploy of v2 rolled back, was v1, "
                         f"3 connections cut, {NASTY}, _CHG-7_, by alice")

    def test_grafana_gets_an_annotation(self):
        ended = self.run_hook("annotate-grafana", GRAFANA_FILE=self.secret(f"{self.url}\nthe-token\n"),
                              ROLL_REASON="why", ROLL_NOTE=NASTY)
        self.assertEqual(ended.returncode, 0, ended.stderr)
        path, headers, body = self.received()
        self.assertEqual(path, "/api/annotations")
        self.assertEqual(headers["Authorization"], "Bearer the-token")
        self.assertEqual(body["tags"], ["rollctl", "app:web", "release:v2", "deployed"])
        self.assertEqual(body["text"], f"web: deploy of v2: deployed, why, {NASTY}")
        self.assertGreater(body["time"], 1_700_000_000_000)

    def test_a_collector_gets_an_event(self):
        ended = self.run_hook("send-otlp", OTEL_EXPORTER_OTLP_ENDPOINT=self.url, ROLL_OUTCOME="needs_attention",
                              ROLL_REASON=NASTY)
        self.assertEqual(ended.returncode, 0, ended.stderr)
        path, headers, body = self.received()
        self.assertEqual(path, "/v1/logs")
        self.assertEqual(headers["Content-Type"], "application/json")
        logs = body["resourceLogs"][0]
        resource = {one["key"]: one["value"]["stringValue"] for one in logs["resource"]["attributes"]}
        self.assertEqual((resource["service.name"], resource["service.version"]), ("web", "v2"))
        record = logs["scopeLogs"][0]["logRecords"][0]
        self.assertEqual(record["eventName"], "rollctl.change.finished")
        self.assertEqual(record["severityText"], "ERROR")
        self.assertRegex(record["timeUnixNano"], r"^\d{19}$")
        attributes = {one["key"]: one["value"]["stringValue"] for one in record["attributes"]}
        self.assertEqual(attributes["rollctl.reason"], NASTY)
        self.assertNotIn("rollctl.note", attributes)

    def test_each_fails_where_the_receiver_refuses_or_is_not_there(self):
        Receiver.status = 500
        files = {"SLACK_WEBHOOK_FILE": self.secret(self.url), "GRAFANA_FILE": self.secret(f"{self.url}\nx\n")}
        for hook in ("tell-slack", "annotate-grafana", "send-otlp"):
            with self.subTest(hook):
                refused = self.run_hook(hook, OTEL_EXPORTER_OTLP_ENDPOINT=self.url, **files)
                self.assertNotEqual(refused.returncode, 0)
                self.assertIn("500", refused.stderr)
                absent = self.run_hook(hook, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1",
                                       SLACK_WEBHOOK_FILE="/nowhere", GRAFANA_FILE="/nowhere")
                self.assertNotEqual(absent.returncode, 0)

    def test_the_secret_is_in_no_command_line(self):
        for hook in ("tell-slack", "annotate-grafana"):
            text = (HOOKS / hook).read_text()
            commands = text.split("3<<END")[0]
            self.assertNotIn('"$url"', commands.split("url=", 1)[-1].split("\n", 1)[-1])
            self.assertNotIn("$token", commands)


if __name__ == "__main__":
    if os.environ.get("ROLL_PRIVATE_NETWORK") != "yes":
        os.environ["ROLL_PRIVATE_NETWORK"] = "yes"
        rights = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        os.execvp("unshare", ["unshare", *rights, "--net", "--", "sh", "-c", 'ip link set lo up && exec "$@"', "sh",
                              sys.executable, "-B", *sys.argv])
    unittest.main(argv=sys.argv[:1])
