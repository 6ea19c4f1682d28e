/* SPDX-License-Identifier: MIT */
/* What libroll-tls.so offers, in C. It loads OpenSSL, so it is loaded only where it is needed. */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

struct bufferevent;
struct event_base;

/*
 * A stream that begins a TLS session, as its client, on a connected socket; it owns the socket from then on.
 * The server's certificate is not verified. Null: out of memory, and the socket stays the caller's.
 */
struct bufferevent* roll_tls_connect(struct event_base* base, int socket);

/* Why TLS failed on that stream, a static text; null: it did not. */
const char* roll_tls_failure(struct bufferevent* stream);

#ifdef __cplusplus
}
#endif
