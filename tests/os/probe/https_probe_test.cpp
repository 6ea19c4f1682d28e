// SPDX-License-Identifier: MIT
#include <event2/bufferevent_ssl.h>
#include <event2/listener.h>
#include <gmock/gmock.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "os/probe/probe_fixture.h"

namespace rollctl::test {
namespace {

// Answers over TLS as www.example.org and 127.0.0.1, with a self-signed certificate.
class TlsServer {
 public:
  TlsServer(Loop& loop, const Endpoint& endpoint) : context_(SSL_CTX_new(TLS_server_method())) {
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME* name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("test"), -1,
                               -1, 0);
    X509_set_issuer_name(certificate, name);
    X509_set_version(certificate, X509_VERSION_3);
    X509_EXTENSION* names =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:www.example.org,IP:127.0.0.1");
    X509_add_ext(certificate, names, -1);
    X509_EXTENSION_free(names);
    X509_sign(certificate, key, EVP_sha256());
    EXPECT_EQ(SSL_CTX_use_certificate(context_, certificate), 1);
    EXPECT_EQ(SSL_CTX_use_PrivateKey(context_, key), 1);
    BIO* pem = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(pem, certificate);
    char* text = nullptr;
    const long size = BIO_get_mem_data(pem, &text);
    certificate_.assign(text, static_cast<size_t>(size));
    BIO_free(pem);
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

  [[nodiscard]] const std::string& certificate() const { return certificate_; }
  std::string asked_for;  // by SNI, in the last request

 private:
  static void on_accept(evconnlistener* listener, evutil_socket_t fd, sockaddr*, int, void* self) {
    auto* server = static_cast<TlsServer*>(self);
    auto* client =
        bufferevent_openssl_socket_new(evconnlistener_get_base(listener), fd, SSL_new(server->context_),
                                       BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
    bufferevent_setcb(client, &on_request, nullptr, nullptr, self);
    bufferevent_enable(client, EV_READ | EV_WRITE);
    server->clients_.push_back(client);
  }
  static void on_request(bufferevent* client, void* self) {
    const char* name = SSL_get_servername(bufferevent_openssl_get_ssl(client), TLSEXT_NAMETYPE_host_name);
    static_cast<TlsServer*>(self)->asked_for = name == nullptr ? "" : name;
    constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    bufferevent_write(client, kAnswer.data(), kAnswer.size());
  }

  SSL_CTX* context_;
  std::string certificate_;
  evconnlistener* listener_ = nullptr;
  std::vector<bufferevent*> clients_;
};

class HttpsProbeTest : public ProbeTest {
 protected:
  ~HttpsProbeTest() override {
    if (!file_.empty()) std::filesystem::remove(file_);
  }

  // A file with that text.
  const std::string& file(const std::string& text) {
    file_ = testing::TempDir() + "roll-ca-" + std::to_string(::getpid()) + "-" +
            testing::UnitTest::GetInstance()->current_test_info()->name() + ".pem";  // each is read once
    std::ofstream(file_) << text;
    return file_;
  }

  ProbeSpec https() {
    return {.kind = ProbeKind::Https, .path = "/readyz", .address = "127.0.0.1:9443", .timeout = 10s};
  }

 private:
  std::string file_;
};

TEST_F(HttpsProbeTest, AsksOverTlsWithoutVerifyingTheCertificate) {
  TlsServer server(*loop_, loopback(9443));
  const auto result = ask(https());
  EXPECT_READY(result);
  EXPECT_EQ(result.detail, "GET /readyz answered 200");
}

TEST_F(HttpsProbeTest, AsksForTheHostByItsName) {
  TlsServer server(*loop_, loopback(9443));
  EXPECT_READY(ask(https()));
  EXPECT_EQ(server.asked_for, "") << "an address is no name";
  auto spec = https();
  spec.host = "www.example.org:443";
  EXPECT_READY(ask(spec));
  EXPECT_EQ(server.asked_for, "www.example.org");
}

TEST_F(HttpsProbeTest, VerifiesTheCertificateWhereThatIsWanted) {
  TlsServer server(*loop_, loopback(9443));
  auto spec = https();
  spec.ca_file = file(server.certificate());
  EXPECT_READY(ask(spec));
  spec.host = "www.example.org";
  EXPECT_READY(ask(spec));
  spec.host = "shop.example.org";
  const auto result = ask(spec);
  EXPECT_NOT_READY(result);
  EXPECT_EQ(result.detail, "TLS with 127.0.0.1:9443 failed: hostname mismatch");
}

TEST_F(HttpsProbeTest, RefusesACertificateThatNobodyVouchesFor) {
  const TlsServer server(*loop_, loopback(9443));
  const TlsServer other(*loop_, loopback(9444));
  auto spec = https();
  spec.ca_file = file(other.certificate());
  const auto result = ask(spec);
  EXPECT_NOT_READY(result);
  EXPECT_THAT(result.detail, testing::StartsWith("TLS with 127.0.0.1:9443 failed: "));
}

TEST_F(HttpsProbeTest, SaysThatTheFileHasNoCertificates) {
  const TlsServer server(*loop_, loopback(9443));
  auto spec = https();
  spec.ca_file = file("no certificate\n");
  const auto result = ask(spec);
  EXPECT_NOT_READY(result);
  EXPECT_THAT(result.detail, testing::HasSubstr("ready.ca has no certificates"));
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
