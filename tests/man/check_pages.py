#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Usage: check_pages.py TREE BIN_FOLDER [--uncovered]

The man pages and the programs know the same: commands, options, keys of the app file, messages.
--uncovered also lists what looks like a message and stands in no page; that is for a person to judge.
"""

import os
import pathlib
import re
import subprocess
import sys
import tomllib

import mdoc

problems = []


def complain(message):
    problems.append(message)


def help_of(*argv):
    return subprocess.run([*argv, "--help"], check=True, capture_output=True, text=True, timeout=60).stdout


def options_in(help_text):
    found = set()
    for line in help_text.split("\n"):
        head = re.match(r"\s+((?:-\w|--[a-z-]+)(?:,--[a-z-]+)*)(?=[\s:]|$)", line)
        if head:
            found.update(head[1].split(","))
    return found


def commands_in(help_text):
    below = help_text.split("Subcommands:\n", 1)[1].split("\n\n", 1)[0]
    return {line.split()[0] for line in below.split("\n") if line.strip()}


def compare(what, in_program, in_page, coming=frozenset()):
    for name in sorted(in_program - in_page):
        complain(f"{what}: {name} is not in the page")
    for name in sorted(in_page - in_program - coming):
        complain(f"{what}: {name} is in the page, but the program does not know it")


def check_commands(pages, bin_folder):
    rollctl = f"{bin_folder}/rollctl"
    commands = commands_in(help_of(rollctl))
    described = {name[len("rollctl-"):-2] for name in pages if re.fullmatch(r"rollctl-\w+\.1", name)}
    compare("commands", commands, described, mdoc.COMING_COMMANDS)
    for command in sorted(commands & described):
        options = options_in(help_of(rollctl, command))
        compare(f"rollctl {command}", options, pages[f"rollctl-{command}.1"].options(), mdoc.COMING_OPTIONS)
        if f".Xr rollctl-{command} 1" not in "\n".join(pages["rollctl.1"].lines).replace(".It Xr", ".Xr").replace(" , Xr", "\n.Xr"):
            complain(f"rollctl.1 does not name rollctl-{command}(1)")
    compare("roll-httpd", options_in(help_of(f"{bin_folder}/roll-httpd")), pages["roll-httpd.1"].options())


def check_references(pages):
    for page in pages.values():
        for line, name in page.references():
            if re.match(r"(rollctl|roll-|libroll)", name) and name not in pages:
                complain(f"{page.name}:{line}: there is no page {name}")


def check_names(pages):
    """`man -k rollctl` finds each of them."""
    for page in pages.values():
        name = page.lines[page.lines.index(".Sh NAME") + 1 : page.lines.index(".Sh NAME") + 3]
        if page.name not in (f"{name[0][4:]}.{section}" for section in range(1, 9)):
            complain(f"{page.name} calls itself {name[0][4:]}")
        if "rollctl" not in " ".join(name):
            complain(f"{page.name}: its first lines do not name rollctl")


def check_examples(pages):
    for page in pages.values():
        if page.name == "libroll.3":  # declarations
            continue
        for line in page.bare_blocks:
            complain(f"{page.name}:{line}: a block without a word on how it is tried")


def check_keys(tree, pages):
    source = (tree / "lib/config/keys.cpp").read_text()
    known = set(re.findall(r'\bkey\("([a-z_.]+)"', source))
    page, described, table = pages["rollctl.toml.5"], set(), None
    for line in page.lines:
        if line.startswith(".Sh "):
            section = line[4:].strip()
            table = "" if section == "TOP LEVEL" else section[1:-1] if section.startswith("[") else None
            if section == "[systemd]":
                described.add("systemd")
        head = re.match(r"\.It Li (.*?)( No =.*)?$", line)
        if head is None or table is None or (table == "" and head[2] is None):
            continue
        described.update(f"{table}.{name}" if table else name for name in head[1].replace(",", " ").split())
    # Items that explain values.
    values = {"ready.http", "ready.https", "ready.tcp", "ready.exec", "ready.notify", "ready.listen"}
    values |= {f"hooks.{name}" for name in ("command", "run_as", "workdir", "env", "timeout")}
    compare("rollctl.toml.5", known, described - values)


def source_texts(tree):
    """All that the programs may print: string literals, neighbours joined, placeholders and all."""
    text = ""
    for folder in ("lib", "cmd", "server"):
        for path in sorted((tree / folder).rglob("*.cpp")):
            joined = re.sub(r'"\s*\n\s*"', "", path.read_text())
            text += joined.replace('\\"', '"').replace("{{", "{").replace("}}", "}") + "\n"
    return text


TEST_NAME = re.compile(r"^\s*(?:TEST|TEST_F|TEST_P|TYPED_TEST)\((\w+),\s*(\w+)\)", re.MULTILINE)


def test_names(tree):
    """Suite.Case of every GoogleTest, and the path below tests/ of every file that may be a test itself."""
    names = set()
    for path in (tree / "tests").rglob("*"):
        if path.is_file():
            names.add(str(path.relative_to(tree / "tests")))
        if path.suffix == ".cpp":
            names.update(f"{suite}.{case}" for suite, case in TEST_NAME.findall(path.read_text()))
    return names


def check_claims(tree, pages):
    """Below SECURITY of rollctl(7) each sentence, which is a line of its own, is followed by the names of its tests:
    .\\" tests: SUITE.CASE... or a path below tests/."""
    known, section, claim = test_names(tree), False, None
    for number, line in enumerate(pages["rollctl.7"].lines, 1):
        where = f"rollctl.7:{number}"
        if line.startswith(".Sh "):
            section = line == ".Sh SECURITY"
        if not section:
            continue
        if line.startswith('.\\" tests: '):
            for name in line.split()[2:]:
                if name not in known:
                    complain(f"{where}: there is no test {name}")
            claim = None
        elif line.endswith(".") and not line.startswith(".") or line.endswith(" ."):
            if claim is not None:
                complain(f"{claim}: no test is named for this sentence")
            claim = where
    if claim is not None:
        complain(f"{claim}: no test is named for this sentence")


# Ours, for the worst that a server may do.
NO_SERVERS_OF_OTHERS = {"naive"}


def settings_of(folder, examples):
    """Of a peer: what its row says."""
    about = tomllib.loads((folder / "peer.toml").read_text())
    app = tomllib.loads((examples / about["example"] if "example" in about else folder / "app.toml").read_text())
    drain = app.get("drain", {})
    signal = "idle" if drain.get("order") == "idle" else drain.get("signal", "SIGTERM")
    kept = about.get("kept", "none" if "says" in about else "answered")
    return [app.get("socket", "open"), signal, app.get("ready", {}).get("kind", "listen"),
            {"answered": "yes", "cut": "close", "none": r"\-"}[kept]]


def check_peers(tree, pages):
    """Each row of SERVERS OF OTHERS in rollctl-server(7) stands behind `.\\" peer: FOLDER` and says what that folder below
    tests/peers, and so a test, does."""
    lines, told = pages["rollctl-server.7"].lines, set()
    for number, line in enumerate(lines):
        if not line.startswith('.\\" peer: '):
            continue
        peer, row = line.split()[2], lines[number + 1].split(" Ta ")
        folder = tree / "tests/peers" / peer
        if not (folder / "peer.toml").exists():
            complain(f"rollctl-server.7:{number + 1}: there is no peer {peer}")
        elif (settings := settings_of(folder, tree / "packaging/examples")) != [cell.removesuffix(" Ta") for cell in row[1:5]]:
            complain(f"rollctl-server.7:{number + 2}: {peer} is rolled with {', '.join(settings)}")
        notes = " ".join(lines[number + 2 : number + 6])
        if 'begun = "cut"' in (folder / "peer.toml").read_text() and "has not read to its end" not in notes:
            complain(f"rollctl-server.7:{number + 2}: {peer} cuts requests that it has not read to their end")
        told.add(peer)
    peers = {path.parent.name for path in (tree / "tests/peers").glob("*/peer.toml")}
    for peer in sorted(peers - told - NO_SERVERS_OF_OTHERS):
        complain(f"rollctl-server.7: no row has the peer {peer}")
    table = lines[lines.index(".Sh SERVERS OF OTHERS"):]
    rows = [line for line in table[:table.index(".El")] if line.startswith(".It ")][1:]
    if len(rows) != len(told):
        complain("rollctl-server.7: a row of SERVERS OF OTHERS names no peer")


SYSTEM = {os.strerror(number) for number in range(1, 134)}


def unsaid(part, texts):
    """What is left of `part` once all is taken off that the texts have, piece by piece and word by word."""
    words = part.split()
    while words:
        for count in range(len(words), 0, -1):
            if re.search(r"(?<!\w)" + re.escape(" ".join(words[:count])) + r"(?!\w)", texts):
                words = words[count:]
                break
        else:
            return " ".join(words)
    return ""


def check_messages(tree, pages):
    texts = source_texts(tree)
    for name in ("rollctl.1", "roll-httpd.1"):
        for item in pages[name].items("DIAGNOSTICS"):
            for message in re.findall(r'Sy "(.*?)"', item):
                message = mdoc.unescape(message)
                # What is filled in stands in capitals; between it the program's own words.
                for part in re.split(r"\b[A-Z][A-Z_]*\b|[\"'`{}()]|: |; |, |\.toml", message):
                    part = part.strip(" :=1")
                    if len(part) > 3 and part not in SYSTEM and (left := unsaid(part, texts)):
                        complain(f'{name}: no program says "{left}", which is a part of "{message}"')


MAKES_A_MESSAGE = (r"(?:fail\(|os_failure\(|Error\{|ErrorKind::\w+,|Ending::Kind::\w+,|breach\(|on_warning\("
                   r"|refuse\(|complain\(|bad_address\(|not_ready\(|malformed\()")


def list_uncovered(tree, pages):
    described = "\n".join(mdoc.unescape(line) for name in ("rollctl.1", "roll-httpd.1") for line in pages[name].lines)
    for folder in ("lib", "cmd"):
        for path in sorted((tree / folder).rglob("*.cpp")):
            joined = re.sub(r'"\s*\n\s*"', "", path.read_text())
            for match in re.finditer(MAKES_A_MESSAGE + r'[^;]*?"((?:[^"\\]|\\.)+)"', joined):
                message = match[1].replace('\\"', '"').replace("{{", "{").replace("}}", "}")
                longest = max((part.strip(" :'\"`(),.") for part in re.split(r"\{[^}]*\}", message)), key=len)
                if len(longest) > 8 and longest not in described:
                    print(f"{path.relative_to(tree)}: {message}")


def main():
    tree, bin_folder = pathlib.Path(sys.argv[1]), sys.argv[2]
    pages = mdoc.read_pages(tree / "man")
    check_commands(pages, bin_folder)
    check_references(pages)
    check_names(pages)
    check_examples(pages)
    check_keys(tree, pages)
    check_messages(tree, pages)
    check_claims(tree, pages)
    check_peers(tree, pages)
    if sys.argv[3:] == ["--uncovered"]:
        list_uncovered(tree, pages)
    print("\n".join(problems))
    print(f"{len(pages)} pages, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
