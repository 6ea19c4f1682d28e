#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each rule of check_structure.py, broken once in a tree that is made up for it."""

import os
import tempfile
import unittest

import check_structure

SPDX = "// SPDX-License-Identifier: MIT\n"
SCRIPT_SPDX = "# SPDX-License-Identifier: MIT\n"
SOUND = {
    ".gitignore": "/build/\n",
    "README.md": "# It\n",
    "CMakeLists.txt": SCRIPT_SPDX,
    "lib/CMakeLists.txt": SCRIPT_SPDX + "set(ROLL_FLOORS base net\n  ui)\n",
    "lib/base/fd.h": SPDX,
    "lib/base/fd.cpp": SPDX + '#include "base/fd.h"\n#include <net/if.h>\n',
    "lib/net/CMakeLists.txt": SCRIPT_SPDX + "roll_add_floor(net\n  SOURCES socket.cpp\n  FLOORS base)\n",
    "lib/net/socket.h": SPDX + '#include "base/fd.h"\n#include <unistd.h>\n',
    "lib/net/steer.bpf.c": SPDX + '#include "net/socket.h"\n#include <bpf/bpf_helpers.h>\n#include "steer_program.inc"\n',
    "cmd/tool/main.cpp": SPDX + '#include "ui/table.h"\n#include "tool/options.h"\n',
    "server/small/main.cpp": SPDX + '#include <net/if.h>\n#include "small/reply.h"\n',
    "tests/unit/base/fd_test.cpp": SPDX + '#include "base/fd.h"\n#include "support/child.h"\n',
    "tests/run": "#!/bin/bash\n" + SCRIPT_SPDX,
    "packaging/debian/control": "Source: it\n",
    "build/CMakeCache.txt": "HOME=/work/x\n",
}


class CheckStructureTest(unittest.TestCase):

    def breaches(self, **changes):
        """What is found in the sound tree with further files, given as path=text."""
        with tempfile.TemporaryDirectory() as tree:
            for path, text in {**SOUND, **changes.get("files", {})}.items():
                os.makedirs(os.path.dirname(os.path.join(tree, path)), exist_ok=True)
                with open(os.path.join(tree, path), "w", encoding="utf-8") as file:
                    file.write(text)
            return check_structure.breaches_of(tree)

    def assert_only_breach(self, path, text, *said):
        """Exactly one breach is found, and it says all of `said`."""
        found = self.breaches(files={path: text})
        self.assertEqual(len(found), 1, found)
        for part in (path, *said):
            self.assertIn(part, found[0])

    def test_a_sound_tree_has_no_breach(self):
        self.assertEqual(self.breaches(), [])

    def test_a_floor_must_not_include_a_higher_one(self):
        self.assert_only_breach("lib/base/bad.h", SPDX + '\n#include "net/socket.h"\n', ":3:", "net/socket.h")

    def test_a_floor_must_link_all_that_it_includes_and_no_more(self):
        floor = "lib/ui/CMakeLists.txt"
        text = SCRIPT_SPDX + "roll_add_floor(ui\n  SOURCES table.cpp\n  FLOORS {})\n"
        table = {"lib/ui/table.h": SPDX + '#include "base/fd.h"\n#include "net/socket.h"\n'}
        self.assertEqual(self.breaches(files={**table, floor: text.format("base\n  net")}), [])
        missing = self.breaches(files={**table, floor: text.format("base")})
        self.assertEqual(len(missing), 1, missing)
        self.assertIn("includes the floor net", missing[0])
        dead = self.breaches(files={floor: text.format("base"), "lib/ui/table.h": SPDX})
        self.assertEqual(len(dead), 1, dead)
        self.assertIn("names base", dead[0])

    def test_angle_brackets_do_not_hide_a_higher_floor(self):
        self.assert_only_breach("lib/base/bad.h", SPDX + "#include <net/socket.h>\n", "net/socket.h")

    def test_spaces_do_not_hide_an_include(self):
        self.assert_only_breach("lib/net/bad.cpp", SPDX + '  #  include "ui/table.h"\n', "ui/table.h")

    def test_dots_do_not_hide_an_include(self):
        self.assert_only_breach("lib/base/bad.h", SPDX + '#include "../net/socket.h"\n', "..")

    def test_a_floor_must_not_include_a_program_or_a_test(self):
        self.assert_only_breach("lib/ui/bad.h", SPDX + '#include "tool/options.h"\n', "tool is no floor")
        self.assert_only_breach("lib/ui/bad.h", SPDX + '#include "support/child.h"\n', "support is no floor")

    def test_a_server_must_not_include_a_floor(self):
        self.assert_only_breach("server/small/bad.cpp", SPDX + '#include "base/fd.h"\n', "base/fd.h")

    def test_a_folder_beside_the_floors_is_a_breach(self):
        found = self.breaches(files={"lib/attic/old.h": SPDX})
        self.assertEqual(len(found), 1, found)
        self.assertIn("lib/attic", found[0])

    def test_a_source_file_without_licence_is_a_breach(self):
        for path in ("lib/base/bad.cpp", "cmd/CMakeLists.txt", "man/it.8", "lib/net/x.bpf.c", "tests/a.py"):
            self.assert_only_breach(path, "\n" + SPDX, "SPDX")

    def test_an_empty_source_file_is_a_breach(self):
        self.assert_only_breach("lib/base/bad.cpp", "", "SPDX")

    def test_a_script_without_licence_is_a_breach_whatever_its_name(self):
        self.assert_only_breach("packaging/do", "#!/bin/sh\necho\n", "SPDX", "second line")

    def test_another_licence_is_a_breach_except_for_what_runs_in_the_kernel(self):
        gpl = "// SPDX-License-Identifier: (MIT OR GPL-2.0-only)\n"
        self.assert_only_breach("lib/base/bad.h", gpl, "GPL")
        steering = {"lib/CMakeLists.txt": SCRIPT_SPDX + "set(ROLL_FLOORS base net bpf ui)\n"}
        self.assertEqual(self.breaches(files={**steering, "lib/bpf/steer.bpf.c": gpl}), [])

    def test_a_stranger_at_the_top_is_a_breach(self):
        self.assert_only_breach("notes.txt", "", "top")

    def test_a_foreign_path_or_document_is_a_breach(self):
        for text in ("see /work/main", "see shared/x", "see facts.md", "(facts 13)", "/tmp/desk"):
            self.assert_only_breach("README.md", "# It\n" + text + "\n", ":2:")

    def test_words_that_only_look_foreign_are_none(self):
        text = "a shared object, /usr/share/x, /home/me/work/x, workdir, artefacts 12, facts\n"
        self.assertEqual(self.breaches(files={"README.md": text}), [])

    def test_a_tree_whose_floors_cannot_be_read_is_an_error(self):
        with self.assertRaises(SystemExit):
            self.breaches(files={"lib/CMakeLists.txt": SCRIPT_SPDX})


if __name__ == "__main__":
    unittest.main()
