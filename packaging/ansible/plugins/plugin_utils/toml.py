# SPDX-License-Identifier: MIT
"""Writes a dict as TOML, in its own order. Python reads TOML, but has no writer."""

import json
import re
from collections.abc import Mapping, Sequence

BARE = re.compile(r"[A-Za-z0-9_-]+\Z")


def key(name):
    return name if BARE.match(name) else json.dumps(name, ensure_ascii=False)


def value(data, where):
    if isinstance(data, bool):
        return "true" if data else "false"
    if isinstance(data, (int, float)):
        return repr(data)
    if isinstance(data, str):
        # A TOML string escapes what a JSON string does, and DEL.
        return json.dumps(str(data), ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(data, Mapping):
        inner = ", ".join(f"{key(name)} = {value(one, f'{where}.{name}')}" for name, one in data.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(data, Sequence):
        return "[" + ", ".join(value(one, f"{where}[]") for one in data) + "]"
    raise ValueError(f"{where}: TOML has no {type(data).__name__}")


def write(data):
    """Tables come after the keys of the top level, which would else be keys of a table. ValueError names the key that
    TOML cannot say."""
    lines = [f"{key(name)} = {value(one, name)}" for name, one in data.items() if not isinstance(one, Mapping)]
    for name, table in data.items():
        if isinstance(table, Mapping):
            lines += ["", f"[{key(name)}]"] if lines else [f"[{key(name)}]"]
            lines += [f"{key(inner)} = {value(one, f'{name}.{inner}')}" for inner, one in table.items()]
    return "\n".join(lines) + "\n"
