/* SPDX-License-Identifier: MIT */
/* The C interface of libroll-tls.so, which loads OpenSSL; rollctl loads it at the first https probe. */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

struct bufferevent;
struct event_base;

/*
 * A stream that begins a TLS session, as its client, on a connected socket, and takes ownership of it. The
 * server's certificate is not verified. Null: out of memory, and the socket stays the caller's.
 */
struct bufferevent* roll_tls_connect(struct event_base* base, int socket);

/* Why TLS failed on that stream, a static text; null: no failure. */
const char* roll_tls_failure(struct bufferevent* stream);

#ifdef __cplusplus
}
#endif
