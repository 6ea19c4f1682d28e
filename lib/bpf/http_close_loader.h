/* SPDX-License-Identifier: MIT */
/* C: the generated loader (bpftool gen skeleton -L) is C, and no C++. */
#ifndef ROLL_HTTP_CLOSE_LOADER_H
#define ROLL_HTTP_CLOSE_LOADER_H

#ifdef __cplusplus
extern "C" {
#endif

/* NOLINTBEGIN(readability-identifier-naming) */

struct roll_http_close_descriptors {
  int program;
  int sockets;
  int connections;
};

/* Returns 0, and descriptors that the caller closes; or an errno, and none. */
int roll_load_http_close(struct roll_http_close_descriptors* loaded);

/* NOLINTEND(readability-identifier-naming) */

#ifdef __cplusplus
}
#endif

#endif
