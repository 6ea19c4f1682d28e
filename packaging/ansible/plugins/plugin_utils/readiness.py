# SPDX-License-Identifier: MIT
"""What rollctl says of an app and its host, and what stands in the way of a deploy. Knows nothing of Ansible."""

from ansible_collections.rollctl.rollctl.plugins.plugin_utils import verdict

LOOKED = (0, 3)  # status ends with 3 if fewer serve than wanted, and still says all
# What goes into the result as it is.
STATUS = ("release", "generation", "wanted", "serving", "handover", "listen", "since", "deploy", "instances")
FINISHED = ("deployed", "unchanged")


def look(arguments, parts):
    """The result of the module info."""
    app, status = arguments["app"], parts["status"].object()
    result = {"app": app, "changed": False, "exit": parts["status"].status, "problems": []}
    if parts["status"].status not in LOOKED or "serving" not in status:
        reason = status.get("message") or verdict.meaning(parts["status"].status)
        return {**result, "failed": True, "problems": [reason], "msg": f"{app}: rollctl status says nothing: {reason}"}
    changes = parts["history"].object().get("changes", [])
    result.update({name: status.get(name) for name in STATUS})
    result.update(serves=verdict.serving(status), last_change=changes[0] if changes else None,
                  releases=releases(changes), disk=free_space(parts["disk"]))
    if "plan" in parts:
        result["plan"] = parts["plan"].object().get("plan", [])
    if "doctor" in parts:
        result["doctor"] = parts["doctor"].object()
    result["problems"] = problems(arguments, result, parts)
    result["msg"] = f"{app}: " + "; ".join([*result["problems"], verdict.say_who_serves(result["serves"])])
    return result


def releases(changes):
    """Those that a rollback could name, newest first."""
    found = []
    for change in changes:
        if change.get("outcome") in FINISHED and change.get("runs") and change["release"] not in found:
            found.append(change["release"])
    return found


def free_space(part):
    """Of each file system, in MiB."""
    rows = [line.split() for line in part.lines if line.strip()][1:]
    return {row[5]: int(row[3]) // 1024 for row in rows if len(row) >= 6 and row[3].isdigit()}


def problems(arguments, result, parts):
    """Why a deploy of the release could not go well now."""
    found = []
    deploy = result["deploy"] or {}
    if arguments["release"] and deploy.get("phase") == "running":
        found.append(f"another rollctl has been at {deploy.get('command', 'work')} of {deploy.get('release')} since "
                     f"{deploy.get('since')}, and more than {arguments['wait_lock']} s were not enough for it")
    elif arguments["release"] and deploy.get("phase") == "canary":
        found.append(f"a canary of {deploy.get('release')} stands: promote or abort it first")
    elif "plan" in parts and parts["plan"].status != 0:
        error = parts["plan"].object()
        found.append(error.get("message") or verdict.meaning(parts["plan"].status))
    doctor = result.get("doctor")
    if doctor is not None and not doctor.get("lossless") and not arguments["allow_lossy"]:
        hint = f": {doctor['improve']}" if doctor.get("improve") else ""
        found.append(f"doctor: deploys on this host may lose connections{hint}")
    for folder, free in result["disk"].items():
        if free < arguments["min_free_mb"]:
            found.append(f"{folder} has {free} MiB left, fewer than {arguments['min_free_mb']}")
    return found
