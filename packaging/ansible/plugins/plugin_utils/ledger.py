# SPDX-License-Identifier: MIT
"""The books of a rollout over many hosts: what each host did, whether to go on, who goes back, and the report. Kept in
a file of the controller, so that a run that was killed is continued by the next. Knows nothing of Ansible."""

import datetime
import json
import os
import pathlib
import tempfile

VERSION = 1
# The outcomes of a host, in the order of the report.
OUTCOMES = {
    "deployed": "serves it now",
    "unchanged": "served it before",
    "failed": "the deploy failed, or a task before or after it",
    "unreachable": "was not reached; rollctl there finishes or undoes by itself",
    "rolled_back": "went back to what served before",
    "stuck": "was to go back, and did not",
    "refused": "could not have been deployed to",
    "skipped": "not touched",
}
BAD = ("failed", "unreachable")
# Those that may serve the new release because of this rollout.
MAYBE_NEW = ("deployed", "failed", "unreachable")


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def stamp(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def budget(text, hosts):
    """How many hosts may fail; a share is rounded down."""
    text = str(text).strip()
    return int(float(text[:-1]) * hosts / 100) if text.endswith("%") else int(text)


def is_true(value):
    return bool(value) and str(value).lower() not in ("false", "no", "0")


class Ledger:
    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.book = {}

    def load(self):
        self.book = json.loads(self.path.read_text(encoding="utf-8"))
        return self

    def save(self):
        """A reader sees the old one or the new one, also if the controller dies."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, new = tempfile.mkstemp(dir=self.path.parent, prefix=self.path.name + ".")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(self.book, file, indent=1)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        os.chmod(new, 0o644)
        os.replace(new, self.path)

    # The stages, in their order. Each takes the results of hosts as {host: result}.

    def begin(self, app, release, identity, max_failed, plans, dry=False):
        """Looks at the plans of all hosts. The rollout of the same release that stands open in the file goes on."""
        old = self._open(app, release, identity)
        moment = now()
        self.book = {
            "v": VERSION, "dry": dry, "id": old.get("id") or moment.strftime("%Y%m%dT%H%M%S.%f")[:-3],
            "app": app, "release": release,
            "open": True, "outcome": None, "why": "", "started": old.get("started") or stamp(moment),
            "runs": old.get("runs", 0) + 1, "finished": None, "seconds": None, "mark": moment.timestamp(),
            "max_failed": budget(max_failed, len(plans)), "waves": [], "hosts": {},
        }
        for host, plan in plans.items():
            record = {"outcome": "skipped", "wave": None, "was": None, "changed": False, "connections_cut": 0,
                      "msg": ""}
            serves = plan.get("serves") or {}
            record["was"] = serves.get("release")
            last = plan.get("last_change") or {}
            if old and last.get("note") == self.note() and last.get("outcome") in ("deployed", None):
                # Of an earlier run of this rollout; without an outcome it is finished or undone by the next command.
                record.update(began=True, was=last.get("from"))
                if serves.get("release") == release:
                    record.update(changed=True, outcome="deployed", msg="deployed by an earlier run")
            if is_true(plan.get("unreachable")):
                record.update(outcome="unreachable", msg=str(plan.get("msg", "")))
            elif is_true(plan.get("failed")) or plan.get("problems"):
                record.update(outcome="refused", msg=str(plan.get("msg", "")))
            self.book["hosts"][host] = record
        bad = [host for host, record in self.book["hosts"].items() if record["outcome"] in ("refused", "unreachable")]
        if bad:
            self._stop(f"{len(bad)} of {hosts_in_words(len(plans))} could not have been deployed to: {names(bad)}",
                       "not_started")
            # Where an earlier run has changed hosts, it is still to be finished.
            self.book["open"] = bool(old)

    def wave(self, results):
        """What the deploys of a wave did. Past the budget it is the last one."""
        number, moment = len(self.book["waves"]) + 1, now().timestamp()
        for host, result in results.items():
            record = self.book["hosts"].setdefault(host, {"was": None, "changed": False, "msg": ""})
            self._book_deploy(record, result)
            record["wave"] = number
        outcomes = [self.book["hosts"][host]["outcome"] for host in results]
        self.book["waves"].append({
            "wave": number, "hosts": list(results), "seconds": round(moment - self.book["mark"], 3), "check": None,
            **{name: outcomes.count(name) for name in ("deployed", "unchanged", "failed", "unreachable")},
            "connections_cut": sum(self.book["hosts"][host]["connections_cut"] for host in results)})
        bad = self.hosts(*BAD)
        if len(bad) > self.book["max_failed"]:
            self._stop(f"{hosts_in_words(len(bad))} failed or not reached, {self.book['max_failed']} allowed: "
                       f"{names(bad)}")

    def gate(self, failures):
        """What the checks after a wave found: a list of reasons why it is not good."""
        wave = self.book["waves"][-1]
        wave["check"] = "failed" if failures else "passed"
        self.book["mark"] = now().timestamp()
        if failures:
            self._stop(f"after wave {wave['wave']}: " + "; ".join(failures))

    def back(self, results):
        """What the rollbacks did."""
        for host, result in results.items():
            record = self.book["hosts"][host]
            serves = (result.get("serves") or {}).get("release")
            record["connections_cut"] += result.get("connections_cut") or 0
            if is_true(result.get("unreachable")) or not result:
                # Who was not reached before is still only that.
                if record["outcome"] != "unreachable":
                    record.update(outcome="stuck", msg=f"not reached for its rollback: {result.get('msg', '')}")
            elif is_true(result.get("failed")) or serves == self.book["release"]:
                record.update(outcome="stuck", msg=str(result.get("msg", "")))
            elif is_true(result.get("changed")):
                record.update(outcome="rolled_back", changed=False, msg=str(result.get("msg", "")))
            else:
                record.update(outcome="failed", changed=False, msg=f"{record['msg']}; {result.get('msg', '')}")

    def end(self):
        bad, moment = self.hosts(*BAD), now()
        if self.book["outcome"] is None:
            stuck, went = self.hosts("stuck"), self.hosts("rolled_back")
            if self.book["why"]:
                left = [host for host in self.hosts("deployed") if self.book["hosts"][host]["changed"]]
                unknown = self.hosts("unreachable")
                self.book["outcome"] = ("needs_attention" if stuck or unknown else "stopped" if left else
                                        "rolled_back" if went else "stopped")
            else:
                self.book["outcome"] = "done" if not bad else "incomplete"
                self.book["why"] = f"{hosts_in_words(len(bad))} failed or not reached: {names(bad)}" if bad else ""
            self.book["open"] = False
        self.book["finished"] = stamp(moment)
        started = datetime.datetime.strptime(self.book["started"], "%Y-%m-%dT%H:%M:%S.%fZ")
        self.book["seconds"] = round((moment - started.replace(tzinfo=datetime.timezone.utc)).total_seconds(), 3)
        self.book["connections_cut"] = sum(record["connections_cut"] for record in self.book["hosts"].values())

    # What is read from the book.

    def note(self):
        """Of each deploy in the history of its host."""
        return f"rollout {self.book['id']}"

    def hosts(self, *outcomes):
        return [host for host, record in self.book["hosts"].items() if record["outcome"] in outcomes]

    def summary(self):
        """What the playbook goes by."""
        return {"id": self.book["id"], "note": self.note(), "stop": bool(self.book["why"]), "why": self.book["why"],
                "wave": len(self.book["waves"]), "failed": len(self.hosts("failed")),
                "unreachable": len(self.hosts("unreachable")), "go_back": self._go_back(),
                "remaining": sum(1 for record in self.book["hosts"].values() if record["wave"] is None),
                "outcome": self.book["outcome"], "text": self.text()}

    def text(self):
        """The report, as lines."""
        book = self.book
        what = "dry run of the rollout" if book["dry"] else "rollout"
        lines = [f"{what} of {book['app']} {book['release']}: {book['outcome'] or 'running'}"
                 + (f" ({book['why']})" if book["why"] else "")]
        for outcome, words in OUTCOMES.items():
            found = self.hosts(outcome)
            if found:
                lines.append(f"  {len(found):4} {outcome:12} {words}: {names(found)}")
        for host in self.hosts("failed", "unreachable", "stuck", "refused"):
            lines.append(f"  {host}: {book['hosts'][host]['msg'].removeprefix(book['app'] + ': ')}")
        for wave in book["waves"]:
            lines.append(f"  wave {wave['wave']}: {hosts_in_words(len(wave['hosts']))}, {wave['seconds']:.1f} s"
                         + (f", check {wave['check']}" if wave["check"] else ""))
        cut = sum(record["connections_cut"] for record in book["hosts"].values())
        lines.append(f"  {cut} connections cut")
        return lines

    # Inside.

    def _open(self, app, release, identity):
        try:
            old = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            old = {}
        same = (old.get("app"), old.get("release")) == (app, release) and identity in (None, "", old.get("id"))
        if old.get("open") and same:
            return old
        return {"id": identity} if identity else {}

    def _book_deploy(self, record, result):
        record["connections_cut"] = result.get("connections_cut") or 0
        changed = is_true(result.get("changed"))
        serves_new = (result.get("serves") or {}).get("release") == self.book["release"]
        record["changed"] = changed or record["changed"] or (record.get("began", False) and serves_new)
        record["msg"] = str(result.get("msg", ""))
        if changed and result.get("from"):
            record["was"] = result["from"]
        if not result or is_true(result.get("unreachable")):
            record["outcome"] = "unreachable"
        elif is_true(result.get("failed")):
            # One that took too long, or whose end was not seen, may be deployed to by now.
            record.update(outcome="failed", unknown=result.get("exit") is None)
        else:
            record["outcome"] = "deployed" if record["changed"] else "unchanged"

    def _go_back(self):
        """In a wave by now, or changed by an earlier run; and something is there to go back to."""
        if self.book["outcome"] == "not_started":
            return []
        return [host for host, record in self.book["hosts"].items()
                if record["outcome"] in MAYBE_NEW and record["was"] not in (None, self.book["release"])
                and (record["changed"] or record.get("unknown") or self._lost(record))]

    @staticmethod
    def _lost(record):
        """In the middle of its deploy, perhaps."""
        return record["outcome"] == "unreachable" and record["wave"] is not None

    def _stop(self, why, outcome=None):
        if not self.book["why"]:
            self.book.update(why=why, outcome=outcome)


def hosts_in_words(count):
    return f"{count} host{'' if count == 1 else 's'}"


def names(hosts, most=10):
    return ", ".join(hosts[:most]) + (f" and {len(hosts) - most} more" if len(hosts) > most else "")
