# SPDX-License-Identifier: MIT
"""An app before and after a change, for diff mode: its release, and what its generation runs."""

try:
    import tomllib
except ImportError:  # Python before 3.11
    tomllib = None


def ask(script, when, arguments):
    script.run(f"{when}.status", [arguments["program"], "status", arguments["app"], "--json"])
    script.run(f"{when}.history", [arguments["program"], "history", arguments["app"], "--json", "-n", "100"])
    script.run(f"{when}.file", ["cat", f"/etc/rollctl/{arguments['app']}.toml"])


def describe(parts, when):
    status = parts[f"{when}.status"].object()
    if not status.get("release"):
        return {}
    generation = status.get("generation")
    runs = next((change.get("runs") or {} for change in parts[f"{when}.history"].object().get("changes", [])
                 if change.get("generation") == generation and change.get("runs")), {})
    return {"release": status["release"], "instances": status.get("wanted"), "listen": status.get("listen"),
            "handover": status.get("handover"), "command": runs.get("command"), "workdir": runs.get("workdir") or None}


def expect(before, parts, result):
    """What a dry run tells of it, and the app file."""
    if "plan" not in result:
        return before
    launched = next((event for event in result["events"] if "plan" in event), {})
    expected = {**before, "release": result["release"], "instances": launched.get("instances")}
    if launched.get("command") in ("deploy", "restart") and tomllib:
        try:
            file = tomllib.loads("\n".join(parts["after.file"].lines))
        except tomllib.TOMLDecodeError:
            file = {}
        expected.update({key: file[key] for key in ("listen", "command", "workdir") if key in file})
    return expected


def text(description):
    return "".join(f"{key}: {value}\n" for key, value in description.items() if value is not None)


def difference(app, parts, dry_result):
    """As a callback prints it. `dry_result`: of a dry run, after which nothing is different."""
    before = describe(parts, "before")
    after = describe(parts, "after") if dry_result is None else expect(before, parts, dry_result)
    return {"before_header": app, "after_header": app, "before": text(before), "after": text(after)}
