# SPDX-License-Identifier: MIT
"""What a command of rollctl did, as the result of a task. Knows nothing of Ansible."""

# What an exit status of a command that changes an app means; rollctl(1).
MEANINGS = {
    0: "done",
    1: "failed; the release that served before serves as before",
    2: "usage or app file error; nothing was changed",
    3: "needs attention: fewer instances serve than wanted, or the state is unknown",
    4: "done, but connections were cut at the drain deadline",
    5: "busy: another rollctl changes the app, or a canary stands; nothing was changed",
    6: "no such app, release or generation; nothing was changed",
    7: "not permitted, or not possible on this host; nothing was changed",
    126: "rollctl cannot be executed on this host",
    127: "there is no rollctl on this host: the role rollctl.rollctl.install installs it",
    130: "interrupted, and undone",
    143: "interrupted, and undone",
}
# Of a failure: whether it left something changed. 3 may be anything.
CHANGED_THOUGH_FAILED = {3, 4}


def meaning(status):
    return MEANINGS.get(status, f"rollctl ended with {status}")


def last(events, kind):
    return next((event for event in reversed(events) if event.get("event") == kind), {})


def serving(status):
    """Who serves, from `rollctl status --json`; None if that is not known."""
    if "serving" not in status:
        return None
    return {name: status.get(name) for name in ("release", "generation", "serving", "wanted")}


def say_who_serves(serves):
    if serves is None:
        return "who serves is not known"
    if not serves["release"]:
        return "nothing was ever deployed"
    if not serves["serving"]:
        return f"no instance serves, of {serves['release']} neither" if serves["wanted"] else "it is stopped"
    return f"{serves['release']} serves with {serves['serving']} of {serves['wanted']} instances"


def judge(app, command, part, status, dry):
    """The result of a change. `status` is what serves afterwards; with `dry` nothing was touched."""
    events = part.objects()
    started, finished = last(events, "deploy.started"), last(events, "deploy.finished")
    error = last(events, "error")
    plan = next((event for event in events if "plan" in event), None)
    serves = serving(status)
    result = {
        "app": app, "exit": part.status, "events": events, "serves": serves,
        "outcome": finished.get("outcome"), "connections_cut": finished.get("connections_cut", 0),
        "duration_ms": finished.get("duration_ms", 0), "from": started.get("from"),
        "release": (started or plan or {}).get("release") or (serves or {}).get("release"),
        "hint": error.get("hint", ""), "log": error.get("log", []),
    }
    warnings = [event["message"] for event in events if event.get("event") == "warning"]
    if warnings:
        result["warnings"] = warnings
    if plan:
        result["plan"] = plan["plan"]
    if part.status == 0:
        result["changed"] = result["outcome"] != "unchanged"
    else:
        result["changed"] = part.status in CHANGED_THOUGH_FAILED and not dry
        result["failed"] = True
    result["msg"] = word(app, command, result, error, dry)
    return result


def word(app, command, result, error, dry):
    said = say_who_serves(result["serves"])
    if result.get("failed"):
        reason = error.get("message") or meaning(result["exit"])
        if result["exit"] == 4:
            reason = f"{result['connections_cut']} connections were cut at the drain deadline"
        reason = reason.removeprefix(f"{app}: ")
        hint = f" (hint: {result['hint']})" if result["hint"] else ""
        logged = f"; its log ends with: {result['log'][-1]}" if result["log"] else ""
        return f"{app}: {reason}{logged}; {said}{hint}"
    if not result["changed"]:
        return f"{app}: nothing to change; {said}"
    if dry:
        return f"{app}: {command} would change it; {said}"
    if result["outcome"] == "canary":
        return f"{app}: {result['release']} is on trial as a canary; {said}"
    was = f" (was {result['from']})" if result["from"] not in (None, result["release"]) else ""
    return f"{app}: {said}{was}, {result['connections_cut']} connections cut"
