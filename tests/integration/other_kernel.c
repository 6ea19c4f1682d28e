// SPDX-License-Identifier: MIT
// Preloaded (LD_PRELOAD), it makes uname(2) name another kernel: the release that $ROLL_KERNEL holds.
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

int uname(struct utsname* names) {
  const char* release = getenv("ROLL_KERNEL");
  const int failed = (int)syscall(SYS_uname, names);
  if (failed == 0 && release != NULL) {
    snprintf(names->release, sizeof names->release, "%s", release);
    snprintf(names->version, sizeof names->version, "#1 SMP");
  }
  return failed;
}
