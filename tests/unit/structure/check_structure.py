#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The rules of the source tree that no compiler checks.

Usage: check_structure.py TREE    prints one line per breach; exit status 1 when there is any

  floors   a file below lib/ includes its own floor and those below it; server/ includes no floor at all,
           and nothing below lib/ or server/ includes a program or a test. No include contains "..".
  FLOORS   lib/FLOOR/CMakeLists.txt names the floors that the files of FLOOR include, all of them and no others
  licence  every source file says its licence (SPDX) in its first line, or in its second below "#!"
  top      nothing stands at the top but what is listed here
  foreign  no file speaks of a particular machine's paths or of documents that are not part of the tree
"""

import os
import re
import sys

TOP = {
    ".ci", ".clang-format", ".clang-tidy", ".editorconfig", ".github", ".gitignore", "CMakeLists.txt", "CMakePresets.json", "README.md",
    "cmd", "lib", "man", "packaging", "server", "tests",
}
NOT_OURS = {".git", "build", ".cache", "compile_commands.json"}  # as .gitignore has it

CODE = {".cpp", ".h", ".c"}
COMMENTED = CODE | {".cmake", ".py", ".sh", ".bash", ".toml", ".service", ".1", ".5", ".7", ".8"}
COMMENTED_NAMES = {"CMakeLists.txt", ".clang-format", ".clang-tidy"}

LICENCE = re.compile(r'^(?://|#|/\*|\.\\"|--) ?SPDX-License-Identifier: (\S.*?)(?: \*/)?$')
LICENCES = {"MIT"}
BPF_LICENCES = LICENCES | {"MIT OR GPL-2.0-only", "GPL-2.0-only OR MIT", "(MIT OR GPL-2.0-only)"}

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')
FOREIGN = re.compile(r"(?<![\w.*-])/work/|\bshared/(?!object)|/tmp/desk\b"
                     r"|\b(?:facts|design|interface|testbed)\.md\b|\b[Ff]acts? \d+\b")


def files_of(tree):
    """Paths of all files, relative to the tree, sorted."""
    found = []
    for folder, folders, names in os.walk(tree):
        below = os.path.relpath(folder, tree)
        if below == ".":
            below = ""
            folders[:] = [name for name in folders if name not in NOT_OURS]
            names = [name for name in names if name not in NOT_OURS]
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        found += [os.path.join(below, name) for name in sorted(names)]
    return found


def floors_of(tree):
    """The floors, lowest first, as the build names them."""
    with open(os.path.join(tree, "lib/CMakeLists.txt"), encoding="utf-8") as file:
        named = re.search(r"set\(ROLL_FLOORS\s+([^)]*)\)", file.read())
    if not named:
        raise SystemExit("lib/CMakeLists.txt no longer sets ROLL_FLOORS: teach this check where the floors are named")
    return named.group(1).split()


def include_breach(tree, path, quote, target, floors):
    """Why `path` may not include `target`, or None."""
    area, _, rest = path.partition("/")
    first = target.partition("/")[0] if "/" in target else ""
    if ".." in target.split("/"):
        return "an include with '..' hides which floor it uses"
    if area not in ("lib", "server"):
        return None
    # <net/if.h> is the system's, "net/reuseport.h" is a floor's, and so is <net/reuseport.h>.
    is_floor = first in floors and (quote == '"' or os.path.exists(os.path.join(tree, "lib", target)))
    if area == "server":
        return f"server/ uses nothing of lib/, but this is of the floor {first}" if is_floor else None
    own = rest.partition("/")[0]
    if own not in floors:
        return None  # said once for the folder
    if is_floor:
        if floors.index(first) > floors.index(own):
            return f"{own} is a floor below {first} and must not include it"
        return None
    if quote == '"' and first and not os.path.exists(os.path.join(tree, os.path.dirname(path), target)):
        return f"{first} is no floor"
    return None


def check_floors(tree, path, lines, floors):
    if os.path.splitext(path)[1] not in CODE:
        return
    for number, line in enumerate(lines, 1):
        include = INCLUDE.match(line)
        if include:
            why = include_breach(tree, path, include.group(1), include.group(2), floors)
            if why:
                yield f"{path}:{number}: {why}: {line.strip()}"


def floors_linked(tree, floor):
    """The floors that roll_add_floor() of `floor` names."""
    path = os.path.join(tree, "lib", floor, "CMakeLists.txt")
    if not os.path.exists(path):
        return set()
    with open(path, encoding="utf-8") as file:
        named = re.search(r"^\s*FLOORS\s+([a-z_ \n]+)", file.read(), re.MULTILINE)
    return set(named.group(1).split()) if named else set()


def check_linked_floors(tree, files, floors):
    for below, floor in enumerate(floors):
        included = set()
        for path in files:
            if path.startswith(f"lib/{floor}/") and os.path.splitext(path)[1] in CODE:
                with open(os.path.join(tree, path), encoding="utf-8") as file:
                    found = (INCLUDE.match(line) for line in file)
                    included |= {include.group(2).partition("/")[0] for include in found
                                 if include and include.group(1) == '"'}
        included = included & set(floors[:below])
        linked = floors_linked(tree, floor)
        for missing in sorted(included - linked):
            yield f"lib/{floor}/CMakeLists.txt: {floor} includes the floor {missing}, but FLOORS does not name it"
        for dead in sorted(linked - included):
            yield f"lib/{floor}/CMakeLists.txt: FLOORS names {dead}, but {floor} includes nothing of it"


def check_floor_folders(files, floors):
    strangers = {path.split("/")[1] for path in files if path.startswith("lib/") and path.count("/") > 1}
    for folder in sorted(strangers - set(floors)):
        yield f"lib/{folder}: is not among the floors that lib/CMakeLists.txt names"


def check_licence(path, lines):
    first = lines[0] if lines else ""
    script = first.startswith("#!")
    name = os.path.basename(path)
    if not (script or name in COMMENTED_NAMES or os.path.splitext(name)[1] in COMMENTED):
        return
    line = lines[1] if script and len(lines) > 1 else first
    said = LICENCE.match(line)
    if not said:
        where = "second line, below '#!'" if script else "first line"
        yield f"{path}: has no SPDX-License-Identifier in its {where}"
    # What runs in the kernel may say GPL as well, and so may what it shares with us.
    elif said.group(1) not in (BPF_LICENCES if path.startswith("lib/bpf/") else LICENCES):
        yield f"{path}: licence is {said.group(1)}, not MIT"


def check_top(tree):
    for name in sorted(set(os.listdir(tree)) - TOP - NOT_OURS):
        yield f"{name}: does not belong at the top of the tree"


def check_foreign(path, lines):
    if path.startswith("tests/unit/structure/"):
        return  # has to name what it forbids
    for number, line in enumerate(lines, 1):
        found = FOREIGN.search(line)
        if found:
            yield f"{path}:{number}: speaks of '{found.group(0)}', which is not part of this tree"


def breaches_of(tree):
    """All breaches, one line each."""
    floors = floors_of(tree)
    files = files_of(tree)
    breaches = list(check_top(tree)) + list(check_floor_folders(files, floors))
    breaches += check_linked_floors(tree, files, floors)
    for path in files:
        full = os.path.join(tree, path)
        if os.path.islink(full):
            continue
        try:
            with open(full, encoding="utf-8") as file:
                lines = file.read().split("\n")
        except UnicodeDecodeError:
            continue  # data
        except FileNotFoundError:
            continue  # an editor's temporary file, gone meanwhile
        breaches += check_floors(tree, path, lines, floors)
        breaches += check_licence(path, lines)
        breaches += check_foreign(path, lines)
    return breaches


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    breaches = breaches_of(sys.argv[1])
    for breach in breaches:
        print(breach)
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
