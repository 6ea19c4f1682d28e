# SPDX-License-Identifier: MIT
"""Names that another user may give to a file or a folder, each to harm a shell in its own way.

A shell that evaluates one of them makes the file PWNED in its current folder, or writes a name that is there.
"""

_EVIL = "touch PWNED"

NAMES = [name.encode() for name in (
    # Substitutions, in each shell's way
    f"v9$({_EVIL})", f"v9`{_EVIL}`", f"v9<({_EVIL})", f"v9=({_EVIL})", f"v9({_EVIL})", f"({_EVIL})", "$HOME",
    "v9${HOME}", "v9$HOME", f"v9$[$({_EVIL})]", f"a[$({_EVIL})]", f"v9${{x:=$({_EVIL})}}", f"v9${{(e):-$({_EVIL})}}",
    f"v9(e'{_EVIL}')", f"v9*(e:'{_EVIL}':)", "$'v9'", '$"v9"',
    # Ends and joints of commands
    f"v9;{_EVIL}", f"v9|{_EVIL}", f"v9&{_EVIL}", f"v9&&{_EVIL}", f"v9\n{_EVIL}", f"v9\n{_EVIL}\n", "v9>PWNED", "v9<PWNED",
    f"v9 ;{_EVIL}", "v9 #PWNED", f"v9'{_EVIL}", f"v9';{_EVIL};'", f'v9"{_EVIL}', f'v9";{_EVIL};"', f"v9\\';{_EVIL}",
    # Patterns, words, escapes
    "*", "v9*", "v?", "v[0-9]", "v{8,9}", "~root", "~", "=ls", "!!", "!touch", "^v^w", "#v9", "%1", "v9%F{red}", "\\", "v9\\",
    "v9\\$", "v9:text", "v9\\:text", "v9=w", "v9,w", "v9@w",
    # Options, blanks and what a terminal takes for orders
    "-rf", "--help", " v9", "v9 ", "v 9", "v\t9", "\tv9", "v9\tw", "v\n9", "\n", "v9\r", "v9\x1b[2J", "v9\x1b]0;PWNED\x07",
    "v9\x7f", "v9\x01",
    # Not ASCII
    "vü", "ü", "日本", "v9\u200f", "v9\u202e", "v9\u00a0w", "v9\u2028")]
NAMES += [b"v9\xff", b"\xff\xfe", b"v9\xc3", b"v9\x80w", b"v9\x9b2J"]
# As long as a name may be; longer than that of a release.
NAMES += [b"v9" + b"w" * 200]
