/* SPDX-License-Identifier: MIT */
/* The C interface of libroll-tls.so, which loads OpenSSL; rollctl loads it at the first https probe. */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

struct bufferevent;
struct event_base;

/*
 * The server that a client expects. host: its name, for SNI, or its IP address; null: neither is checked nor
 * sent. ca_file: certificates (PEM) that vouch for the server's, which must be for `host`; null: the server's
 * certificate is not verified.
 */
struct roll_tls_server {
  const char* host;
  const char* ca_file;
};

/*
 * A stream that begins a TLS session, as its client, on a connected socket; it owns the socket from then on.
 * Null: `failure` says why, a static text, and the socket stays the caller's. Reads ca_file once and again
 * where another is asked for.
 */
struct bufferevent* roll_tls_connect(struct event_base* base, int socket,
                                     const struct roll_tls_server* server, const char** failure);

/* Why TLS failed on that stream, a static text; null: no failure. */
const char* roll_tls_failure(struct bufferevent* stream);

#ifdef __cplusplus
}
#endif
