#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Usage: units.py TREE PACKAGES ROOT_ARCHIVE

rollctl under a real systemd: each instance a transient unit of its own, in its app's slice; its log in the journal;
rollctl@APP.service at boot, reload and shutdown. And clients that ask all the time see no error.

Exit status: 0 all is right, 1 something is not, 77 it could not be run (it takes root).
"""

import http.client
import json
import os
import re
import signal
import socket
import subprocess

import admin as base
from container import check

PORT, DIRECT_PORT = 8080, 8090
NETWORK = """\
[Unit]
Before=network.target
Wants=network.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=ip link set lo up
ExecStop=ip link set lo down
[Install]
WantedBy=multi-user.target
"""
LARGE = 8 * 1024 * 1024


class Units:
    def __init__(self, admin):
        self.admin, self.container, self.run = admin, admin.container, admin.run

    def steps(self):
        return (self.install, self.show, self.log, self.stop_one, self.kill_a_shim, self.deploy_on,
                self.take_properties, self.refuse_properties, self.be_direct, self.enable, self.reload, self.reboot)

    # Small words.

    def unit(self, instance, app="web"):
        return f"rollctl-{app}-{instance['id']}.service"

    def property(self, unit, name):
        return self.run("systemctl", "show", "--value", "-p", name, unit).strip()

    def journal(self, *words):
        """Entries, as journalctl knows them. What was printed already is in it then."""
        self.run("journalctl", "--sync")
        said = self.run("journalctl", "--quiet", "--output=json",
                        "--output-fields=MESSAGE,_PID,SYSLOG_IDENTIFIER", *words)
        return [json.loads(line) for line in said.splitlines()]

    def signal(self, pid, name):
        self.run("kill", f"-{name}", str(pid))

    def units_of_app(self, app="web"):
        said = self.run("systemctl", "list-units", "--plain", "--no-legend", "--all", f"rollctl-{app}-*.service")
        return [line.split()[0] for line in said.splitlines()]

    # What is tried.

    def install(self):
        self.admin.install()
        self.admin.make_app("web", PORT)

    def show(self):
        """What systemctl shows of it."""
        for instance in self.admin.instances("web"):
            unit = self.unit(instance)
            for name, value in (("Type", "exec"), ("KillMode", "process"), ("OOMPolicy", "continue"),
                                ("TimeoutStopUSec", "infinity"), ("CollectMode", "inactive-or-failed"),
                                ("SyslogIdentifier", "web"), ("Slice", "rollctl-web.slice"), ("Transient", "yes"),
                                ("MainPID", str(instance["shim_pid"])), ("ActiveState", "active")):
                check(self.property(unit, name) == value, f"{unit} has not {name}={value}")
            for name, value in (("Before", "rollctl@web.service"), ("After", "network.target")):
                check(value in self.property(unit, name).split(), f"{unit} is not {name} {value}")
            shown = self.run("systemctl", "status", "--no-pager", unit)
            for pid in (instance["pid"], instance["shim_pid"]):
                check(re.search(rf"[├└]─ *{pid} ", shown), f"systemctl status {unit} shows no {pid}")
            memory = self.run("cat", f"/proc/{instance['shim_pid']}/smaps_rollup")
            check(int(re.search(r"^Pss: +(\d+) kB", memory, re.MULTILINE)[1]) <= 1536, "a shim takes over 1.5 MiB")
        check(set(self.units_of_app()) == {self.unit(i) for i in self.admin.instances("web")}, "there are other units")
        self.admin.make_app("web-api", 8081)
        check(self.property(self.unit(self.admin.instances("web-api")[0], "web-api"), "Slice")
              == r"rollctl-web\x2dapi.slice", "the slice of web-api is another one")
        check("web-api" not in self.run("systemctl", "status", "--no-pager", "rollctl-web.slice"),
              "web-api is a part of web")
        self.run("rollctl", "stop", "web-api")
        check(self.units_of_app("web-api") == [], "units are left of an app that was stopped")

    def log(self):
        """Into the journal, with the server's pid."""
        first, second = self.admin.instances("web")
        for instance in (first, second):
            lines = [entry for entry in self.journal("-u", self.unit(instance)) if "serving" in entry["MESSAGE"]]
            check([entry["_PID"] for entry in lines] == [str(instance["pid"])], f"it is not the server's line: {lines}")
            check(lines[0]["SYSLOG_IDENTIFIER"] == "web", "it has another identifier")
        said = self.run("rollctl", "logs", "web")
        for instance in (first, second):
            check(f"{instance['id']} roll-httpd: serving /srv/web/v1" in said, "rollctl logs web does not tell of all")
        check(len(self.run("rollctl", "logs", "web", "-n", "1").splitlines()) == 1, "-n 1 is not one line")
        said = self.run("rollctl", "logs", "web", "--instance", str(second["id"]))
        check("serving" in said and f"{first['id']} roll-httpd" not in said, "--instance is not that instance")
        for line in self.run("rollctl", "logs", "web", "--json").splitlines():
            check(json.loads(line).keys() == {"v", "id", "line", "time", "time_estimated"}, f"it is not what the page says: {line}")

        with self.container.start("rollctl", "logs", "web", "-f", "-n", "0", stdout=subprocess.PIPE) as following:
            # Whether it follows already cannot be seen: so until it does.
            asked = 0
            os.set_blocking(following.stdout.fileno(), False)
            while not (line := following.stdout.readline()):
                asked += 1
                check(asked < 2000 and following.poll() is None, "rollctl logs -f shows no request")
                self.ask(f"/asked-{asked}")
            check("GET /asked-" in line, f"rollctl logs -f shows {line}")
            self.run("pkill", "-INT", "-f", "rollctl logs web -f")
        said = self.run("rollctl", "deploy", "web", "v3", status=1)
        check("| roll-httpd: cannot serve /srv/web/v3: No such file or directory" in said, "its last lines are missing")
        check(len(self.units_of_app()) == 2, "units are left of a deploy that failed")

    def ask(self, path, port=PORT):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer.status

    def stop_one(self):
        """As an administrator may, without rollctl."""
        clients = self.admin.clients(PORT)
        one, other = self.admin.instances("web")
        # Nobody steers then: only so the kernel moves what comes just when the listener is closed.
        self.run("sysctl", "-w", "net.ipv4.tcp_migrate_req=1")
        self.run("systemctl", "stop", self.unit(one))
        self.run("sysctl", "-w", "net.ipv4.tcp_migrate_req=0")
        clients.await_more()
        check([i["id"] for i in self.admin.instances("web")] == [other["id"]], "it still counts")
        check(str(one["pid"]) not in self.admin.servers(), "its server has not ended")
        self.run("rollctl", "start", "web")
        check([i["state"] for i in self.admin.instances("web")] == ["serving"] * 2, "there are not two again")
        self.admin.finish(clients, "systemctl stop of an instance")

    def kill_a_shim(self):
        clients = self.admin.clients(PORT)
        one = self.admin.instances("web")[0]
        self.signal(one["shim_pid"], "KILL")
        self.container.await_words("failed", "systemctl", "is-active", self.unit(one))
        orphan, = [i for i in self.admin.instances("web") if i["id"] == one["id"]]
        check(orphan["supervised"] is False and orphan["pid"] == one["pid"], f"it is told as supervised: {orphan}")
        check(str(one["pid"]) in self.admin.servers(), "its server ended with it")
        clients.await_more()
        self.run("rollctl", "deploy", "web", "v2")
        instances = self.admin.instances("web")
        check([(i["state"], i["supervised"]) for i in instances] == [("serving", True)] * 2, "it was not replaced")
        check(str(one["pid"]) not in self.admin.servers(), "its server is left")
        check(len(self.units_of_app()) == 2, "its unit is left")
        self.run("systemctl", "is-system-running")
        self.admin.finish(clients, "SIGKILL of a shim")

    def deploy_on(self):
        clients = self.admin.clients(PORT)
        deploys = base.Deploys(self.admin, "web")
        looks, started = 0, deploys.done
        while deploys.done < started + 12:
            said = self.container.look("rollctl", "status", "web", "--json")
            check(json.loads(said)["serving"] >= 2 and "interrupted" not in said, f"status in the middle: {said}")
            looks += 1
        deploys.finish(f"under load, with {looks} looks at the status")
        self.admin.finish(clients, "deploys")
        check(len(self.units_of_app()) == 2, "units of earlier instances are left")

    def write_web(self, tables):
        self.container.write("/etc/rollctl/web.toml", base.WEB.format(app="web", port=PORT, keys="", tables=tables))

    def take_properties(self):
        self.write_web('[systemd]\nMemoryMax = "512M"\nCPUWeight = 50\n'
                       'ProtectSystem = "strict"\nNoNewPrivileges = true\n')
        clients = self.admin.clients(PORT)
        self.run("rollctl", "deploy", "web", "v1")
        for instance in self.admin.instances("web"):
            for name, value in (("MemoryMax", str(512 * 1024 * 1024)), ("CPUWeight", "50"), ("ProtectSystem", "strict"),
                                ("NoNewPrivileges", "yes")):
                check(self.property(self.unit(instance), name) == value, f"the unit has not {name}={value}")
            self.run("nsenter", "-t", str(instance["pid"]), "--mount", "--root", "test", "!", "-w", "/etc")
        # Nor may the shim write anywhere but where it has to: what happens without rollctl is in the app's history.
        self.admin.finish(clients, "properties")
        one = self.admin.instances("web")[0]
        self.signal(one["pid"], "KILL")
        self.container.await_words('"restarts":1', "rollctl", "status", "web", "--json")
        self.container.await_words('"serving":2', "rollctl", "status", "web", "--json")
        self.container.await_words("SIGKILL", "tail", "-n", "5", "/var/lib/rollctl/web/journal.jsonl")

    def refuse_properties(self):
        clients = self.admin.clients(PORT)
        before = self.admin.servers()
        for table in ('NoSuchProperty = "1"', 'MemoryMax = "much"'):
            self.write_web(f"[systemd]\n{table}\n")
            said = self.run("rollctl", "deploy", "web", "v2", status=1)
            check(table.split(" ", maxsplit=1)[0] in said and "v1 serves as before" in said,
                  "it does not say what systemd said")
        for name in ("KillMode", "Type", "ExecStart", "Slice", "User", "PrivateNetwork"):
            self.write_web(f'[systemd]\n{name} = "x"\n')
            said = self.run("rollctl", "deploy", "web", "v2", status=2)
            check(name in said and re.search(r"web\.toml:\d+", said), "it does not say which and where")
        check(self.admin.servers() == before, "servers were touched")
        self.write_web("")
        self.admin.finish(clients, "properties that are refused")

    def be_direct(self):
        """Where systemd is not to be used, or cannot be."""
        self.admin.make_app("direct", DIRECT_PORT, keys='launcher = "direct"')
        check(self.units_of_app("direct") == [], "launcher = direct makes units")
        check(self.ask("/", DIRECT_PORT) == 200, "it does not serve")
        self.run("rollctl", "stop", "direct")
        # Nobody has a manager of their own without lingering or a login.
        self.container.write("/srv/nobody/rollctl/plain.toml",
                             base.WEB.format(app="web", port=DIRECT_PORT, keys="", tables=""))
        self.run("chown", "-R", "nobody:", "/srv/nobody")
        as_nobody = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "env", "HOME=/srv/nobody",
                     "XDG_CONFIG_HOME=/srv/nobody", "XDG_RUNTIME_DIR=/srv/nobody", "XDG_STATE_HOME=/srv/nobody"]
        self.run(*as_nobody, "rollctl", "deploy", "plain", "v1")
        check(self.ask("/", DIRECT_PORT) == 200 and self.units_of_app("plain") == [], "an ordinary user got units")
        self.run(*as_nobody, "rollctl", "stop", "plain")

    # rollctl@APP.service.

    def enable(self):
        self.run("rollctl", "stop", "web")
        self.run("systemctl", "enable", "--now", "rollctl@web")
        check([i["state"] for i in self.admin.instances("web")] == ["serving"] * 2, "it was not started")
        self.run("systemctl", "status", "--no-pager", "rollctl@web")

    def reload(self):
        clients = self.admin.clients(PORT)
        before = self.admin.servers()
        self.run("systemctl", "reload", "rollctl@web")
        check(not before & self.admin.servers(), "the reload has not replaced the servers")
        clients.await_more()

        before = self.admin.servers()
        self.run("mv", "/srv/web/v1", "/srv/web/away")
        self.run("systemctl", "reload", "rollctl@web", status=1)
        self.run("systemctl", "is-active", "rollctl@web")
        check(self.admin.servers() == before, "a reload that failed touched servers")
        self.run("mv", "/srv/web/away", "/srv/web/v1")
        self.admin.finish(clients, "reloads, one of them failing")

    def reboot(self):
        """A download that is under way ends well before the network goes, and afterwards all is as it was."""
        self.container.write("/etc/systemd/system/network.service", NETWORK)
        self.run("systemctl", "enable", "--now", "network.service")
        with open(self.container.inside("/srv/web/v1/large"), "wb") as large:
            large.truncate(LARGE)
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=20)
        connection.connect()
        # So that it cannot all wait in the kernel.
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_WINDOW_CLAMP, 1000)
        connection.request("GET", "/large")
        answer = connection.getresponse()
        check(answer.status == 200 and len(answer.read(1000)) == 1000, "the download does not begin")
        with self.container.start("systemctl", "reboot", stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT):
            pass
        self.container.await_words("draining", "rollctl", "status", "web", "--no-color")
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_WINDOW_CLAMP, LARGE)
        rest = answer.read()
        connection.close()
        check(len(rest) == LARGE - 1000, f"the download was cut after {len(rest)} bytes")
        self.container.ended(signal.SIGHUP)
        self.admin.counted.append(f"a download through the shutdown: {1000 + len(rest)} bytes, all there")
        check("DOWN" in subprocess.run(["ip", "link", "show", "lo"], check=True, capture_output=True, text=True).stdout,
              "the network has not gone at shutdown: nothing was tried")
        self.container.boot()
        clients = self.admin.clients(PORT)
        instances = self.admin.instances("web")
        check([(i["state"], i["release"]) for i in instances] == [("serving", "v1")] * 2, "it is not as it was")
        check(self.admin.instances("web-api") == [], "an app runs that was not enabled")
        self.run("rollctl", "deploy", "web", "v2")
        self.admin.finish(clients, "after the reboot")


if __name__ == "__main__":
    base.main(lambda admin: Units(admin).steps())
