// SPDX-License-Identifier: MIT
#include <event2/bufferevent_ssl.h>
#include <event2/listener.h>
#include <gmock/gmock.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "os/probe/probe_fixture.h"

namespace rollctl::test {
namespace {

// One answer over TLS, with a self-signed certificate.
class TlsServer {
 public:
  TlsServer(Loop& loop, const Endpoint& endpoint) : context_(SSL_CTX_new(TLS_server_method())) {
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_sign(certificate, key, EVP_sha256());
    EXPECT_EQ(SSL_CTX_use_certificate(context_, certificate), 1);
    EXPECT_EQ(SSL_CTX_use_PrivateKey(context_, key), 1);
    X509_free(certificate);
    EVP_PKEY_free(key);

    sockaddr_storage storage{};
    const socklen_t length = endpoint.to_sockaddr(storage);
    listener_ = evconnlistener_new_bind(loop.base(), &on_accept, this, LEV_OPT_CLOSE_ON_FREE, 16,
                                        reinterpret_cast<sockaddr*>(&storage), static_cast<int>(length));
    EXPECT_NE(listener_, nullptr);
  }
  ~TlsServer() {
    for (auto* client : clients_) bufferevent_free(client);
    evconnlistener_free(listener_);
    SSL_CTX_free(context_);
  }
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

 private:
  static void on_accept(evconnlistener* listener, evutil_socket_t fd, sockaddr*, int, void* self) {
    auto* server = static_cast<TlsServer*>(self);
    auto* client =
        bufferevent_openssl_socket_new(evconnlistener_get_base(listener), fd, SSL_new(server->context_),
                                       BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
    bufferevent_setcb(client, &on_request, nullptr, nullptr, nullptr);
    bufferevent_enable(client, EV_READ | EV_WRITE);
    server->clients_.push_back(client);
  }
  static void on_request(bufferevent* client, void*) {
    constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    bufferevent_write(client, kAnswer.data(), kAnswer.size());
  }

  SSL_CTX* context_;
  evconnlistener* listener_ = nullptr;
  std::vector<bufferevent*> clients_;
};

class HttpsProbeTest : public ProbeTest {
 protected:
  ProbeSpec https() {
    return {.kind = ProbeKind::Https, .path = "/readyz", .address = "127.0.0.1:9443", .timeout = 10s};
  }
};

TEST_F(HttpsProbeTest, AsksOverTlsWithoutVerifyingTheCertificate) {
  TlsServer server(*loop_, loopback(9443));
  const auto result = ask(https());
  EXPECT_READY(result);
  EXPECT_EQ(result.detail, "GET /readyz answered 200");
}

TEST_F(HttpsProbeTest, SaysThatTheServerSpeaksNoTls) {
  const auto server = serve(loopback(9443));
  server->request_ends_with.clear();
  server->answer = "HTTP/1.1 400 Bad Request\r\n\r\n";
  const auto result = ask(https());
  EXPECT_NOT_READY(result);
  EXPECT_EQ(result.detail, "TLS with 127.0.0.1:9443 failed: wrong version number");
}

TEST_F(HttpsProbeTest, SaysThatTlsCannotBeLoaded) {
  const auto server = serve(loopback(9443));
  probe_ = std::make_unique<InstanceProbe>(*loop_, steering_, "/nowhere/libroll-tls.so");
  const auto result = ask(https());
  EXPECT_NOT_READY(result);
  EXPECT_THAT(result.detail, testing::StartsWith("cannot load TLS: /nowhere/libroll-tls.so: "));
}

}  // namespace
}  // namespace rollctl::test
