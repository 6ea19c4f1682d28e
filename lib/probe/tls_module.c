/* SPDX-License-Identifier: MIT */
#include "probe/tls_module.h"

#include <arpa/inet.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <stdlib.h>
#include <string.h>

#define EXPORTED __attribute__((visibility("default")))

/* Made once for each file of certificates, because making it takes longer than most probes. */
static SSL_CTX* client_context(const char* ca_file, const char** failure) {
  static SSL_CTX* context;
  static char* context_file;
  const int same =
      ca_file == NULL ? context_file == NULL : context_file != NULL && strcmp(ca_file, context_file) == 0;
  if (context != NULL && same) return context;
  SSL_CTX* made = SSL_CTX_new(TLS_client_method());
  char* file = ca_file == NULL ? NULL : strdup(ca_file);
  if (made == NULL || (ca_file != NULL && file == NULL)) {
    *failure = "out of memory";
  } else if (ca_file != NULL && SSL_CTX_load_verify_file(made, ca_file) != 1) {
    *failure = "the file of ready.ca has no certificates that can be read";
  } else {
    SSL_CTX_set_verify(made, ca_file == NULL ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
    SSL_CTX_free(context);
    free(context_file);
    context = made;
    context_file = file;
    return context;
  }
  SSL_CTX_free(made);
  free(file);
  return NULL;
}

/* An IP address is no name: it is not sent, and it is looked for elsewhere in the certificate. */
static int expect_host(SSL* session, const char* host, int verify) {
  unsigned char address[sizeof(struct in6_addr)];
  const int is_address = inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
  if (!is_address && SSL_set_tlsext_host_name(session, host) != 1) return 0;
  if (!verify) return 1;
  return is_address ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host)
                    : SSL_set1_host(session, host);
}

EXPORTED struct bufferevent* roll_tls_connect(struct event_base* base, int socket, const char* host,
                                              const char* ca_file, const char** failure) {
  SSL_CTX* context = client_context(ca_file, failure);
  if (context == NULL) return NULL;
  *failure = "out of memory";
  SSL* session = SSL_new(context);
  if (session == NULL) return NULL;
  if (host != NULL && !expect_host(session, host, ca_file != NULL)) {
    SSL_free(session);
    return NULL;
  }
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
  const long verified = SSL_get_verify_result(bufferevent_openssl_get_ssl(stream));
  if (ERR_GET_REASON(failure) == SSL_R_CERTIFICATE_VERIFY_FAILED && verified != X509_V_OK)
    return X509_verify_cert_error_string(verified);
  const char* reason = ERR_reason_error_string(failure);
  return reason == NULL ? "unknown error" : reason;
}
