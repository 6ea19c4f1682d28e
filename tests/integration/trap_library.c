/* SPDX-License-Identifier: MIT */
/* Whoever loads it leaves a mark. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

__attribute__((constructor)) static void leave_mark(void) {
  const char* mark = getenv("ROLL_TRAP_MARK");
  const int file = mark != NULL ? open(mark, O_WRONLY | O_CREAT | O_CLOEXEC, 0644) : -1;
  if (file >= 0) close(file);
}
