/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/* The maps of the program http_close, shared by it and user space. C, for both compilers. */
#ifndef ROLL_HTTP_CLOSE_LAYOUT_H
#define ROLL_HTTP_CLOSE_LAYOUT_H

#include <linux/types.h>

/* NOLINTBEGIN(readability-identifier-naming): C, and named as the kernel shows it */

#define ROLL_HTTP_CONNECTIONS 65536

/* How far the program is with a connection. It touches a message only while this is Open. */
enum roll_http_state {
  ROLL_HTTP_OPEN,    /* no response since the program watches could be changed */
  ROLL_HTTP_ASKED,   /* a response said "Connection: close" to the client, by the program's hand */
  ROLL_HTTP_CLOSING, /* the server itself said so */
  ROLL_HTTP_FOREIGN, /* no HTTP/1: hands off for good */
};

/* By socket cookie (SO_COOKIE). User space adds and removes it. */
struct roll_http_connection {
  __u32 state;      /* enum roll_http_state */
  __u32 copied_seq; /* how far the server had read at its last message, if is_known */
  __u32 is_known;
  __u32 reserved;
};

/* NOLINTEND(readability-identifier-naming) */

#endif
