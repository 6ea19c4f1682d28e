/* SPDX-License-Identifier: MIT */
#include "bpf/http_close_loader.h"

/* The generated code uses these and does not include them. */
#include <errno.h>
#include <string.h>

#include "http_close.lskel.h"

int roll_load_http_close(struct roll_http_close_descriptors* loaded) {
  struct http_close* skeleton = http_close__open();
  if (!skeleton) return ENOMEM;
  const int failure = http_close__load(skeleton);
  if (!failure) {
    loaded->program = skeleton->progs.roll_http_close.prog_fd;
    loaded->sockets = skeleton->maps.roll_http_sock.map_fd;
    loaded->connections = skeleton->maps.roll_http_conn.map_fd;
    skeleton->progs.roll_http_close.prog_fd = 0;
    skeleton->maps.roll_http_sock.map_fd = 0;
    skeleton->maps.roll_http_conn.map_fd = 0;
  }
  http_close__destroy(skeleton);
  return failure < 0 ? -failure : failure;
}
