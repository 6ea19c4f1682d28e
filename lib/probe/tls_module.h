/* SPDX-License-Identifier: MIT */
/* The C interface of libroll-tls.so, which loads OpenSSL; rollctl loads it at the first https probe. */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

struct bufferevent;
struct event_base;

/*
 * Begins a TLS session, as its client, on a connected socket, and takes ownership of the socket.
 * host: the name of the server, for SNI, or its IP address; null: neither is sent nor checked.
 * ca_file: certificates (PEM) that vouch for the server's, which must be for `host`; null: not verified.
 * Returns null on a failure, which `failure` names (a static text); the socket then stays the caller's.
 */
struct bufferevent* roll_tls_connect(struct event_base* base, int socket, const char* host,
                                     const char* ca_file, const char** failure);

/* Why TLS failed on that stream, a static text; null: no failure. */
const char* roll_tls_failure(struct bufferevent* stream);

#ifdef __cplusplus
}
#endif
