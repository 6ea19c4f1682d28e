# SPDX-License-Identifier: MIT
"""What the tests of the man pages read out of their source."""

import pathlib
import re
from dataclasses import dataclass, field

# Described already, not all of them built: tolerated in the pages, and nowhere else.
COMING_COMMANDS = set()
COMING_OPTIONS = set()
COMING_MEMBERS = set()

# Written before a block:
#   .\" example: shell SCENARIO [exit N]   commands, behind "# ", and lines that they print
#   .\" example: file SCENARIO PATH        a file of the scenario
#   .\" example: app NAME                  an app file
#   .\" example: server LANGUAGE           a whole server
#   .\" example: json SCENARIO COMMAND     what the command prints
#   .\" example: none REASON               not tried, and why
DIRECTIVE = re.compile(r'^\.\\" example: (\w+) (.*)$')


@dataclass
class Example:
    page: str
    line: int
    kind: str
    words: list
    text: str = ""

    def __str__(self):
        return f"{self.page}:{self.line} ({self.kind} {' '.join(self.words)})"


@dataclass
class Page:
    name: str  # "rollctl-deploy.1"
    lines: list
    examples: list = field(default_factory=list)
    bare_blocks: list = field(default_factory=list)  # lines of blocks that no directive stands before

    def items(self, section=None):
        """The heads of list items, all or those below one .Sh."""
        here = section is None
        for line in self.lines:
            if line.startswith(".Sh ") and section is not None:
                here = line[4:].strip() == section
            if here and line.startswith(".It "):
                yield line[4:]

    def options(self):
        """Every option that is an item: --long and -s."""
        found = set()
        for item in self.items():
            words = item.split()
            for before, word in zip(words, words[1:]):
                if before == "Fl" and re.fullmatch(r"-?[A-Za-z][A-Za-z-]*", word):
                    found.add("-" + word)
        return found

    def references(self):
        for number, line in enumerate(self.lines, 1):
            for name, section in re.findall(r"\bXr (\S+) (\d)", line):
                yield number, f"{name}.{section}"


def unescape(line):
    """A line of a literal block as it is shown."""
    return line.replace(r"\&", "").replace(r"\(dq", '"').replace(r"\e", "\\")


def read_page(path):
    page = Page(path.name, path.read_text().split("\n"))
    pending, block = None, None
    for number, line in enumerate(page.lines, 1):
        directive = DIRECTIVE.match(line)
        if directive:
            pending = Example(page.name, number, directive[1], directive[2].split())
        elif line.startswith(".Bd -literal"):
            block = []
            if pending is None:
                page.bare_blocks.append(number)
        elif line == ".Ed" and block is not None:
            if pending is not None:
                pending.text = "\n".join(block) + "\n"
                page.examples.append(pending)
            pending, block = None, None
        elif block is not None:
            block.append(unescape(line))
    return page


def read_pages(folder):
    return {path.name: read_page(path) for path in sorted(pathlib.Path(folder).glob("*.[1-8]"))}
