/* SPDX-License-Identifier: MIT */
#include "probe/tls_module.h"

#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#define EXPORTED __attribute__((visibility("default")))

/* Made once, because making it takes longer than most probes. */
static SSL_CTX* client_context(void) {
  static SSL_CTX* context;
  if (context == NULL) {
    context = SSL_CTX_new(TLS_client_method());
    if (context != NULL) SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
  }
  return context;
}

EXPORTED struct bufferevent* roll_tls_connect(struct event_base* base, int socket) {
  SSL_CTX* context = client_context();
  SSL* session = context == NULL ? NULL : SSL_new(context);
  if (session == NULL) return NULL;
  struct bufferevent* stream = bufferevent_openssl_socket_new(
      base, socket, session, BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE);
  if (stream == NULL) return NULL;
  /* A server that closes without a TLS close_notify has answered all the same. */
  bufferevent_openssl_set_allow_dirty_shutdown(stream, 1);
  return stream;
}

EXPORTED const char* roll_tls_failure(struct bufferevent* stream) {
  const unsigned long failure = bufferevent_get_openssl_error(stream);
  if (failure == 0) return NULL;
  const char* reason = ERR_reason_error_string(failure);
  return reason == NULL ? "unknown error" : reason;
}
