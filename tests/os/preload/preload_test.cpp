// SPDX-License-Identifier: MIT
#include <dlfcn.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/address.h"
#include "base/fd.h"
#include "support/child_process.h"
#include "support/net_namespace.h"

namespace rollctl::test {
namespace {

using BindFunction = int (*)(int, const sockaddr*, socklen_t);

// The library is loaded into this process; its bind() is called by address.
class PreloadTest : public NetNamespaceTest {
 protected:
  void SetUp() override {
    NetNamespaceTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    ::setenv("ROLL_PRELOAD_PORTS", "8080,x,99999999999,0,,65535", 1);
    library_ = ::dlopen(ROLL_PRELOAD_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    ::unsetenv("ROLL_PRELOAD_PORTS");
    ASSERT_NE(library_, nullptr) << ::dlerror();
    bind_ = reinterpret_cast<BindFunction>(::dlsym(library_, "bind"));
    ASSERT_NE(bind_, nullptr);
  }
  void TearDown() override {
    if (library_ != nullptr) ::dlclose(library_);
  }

  static bool shares_port(const Fd& socket) {
    int value = 0;
    socklen_t size = sizeof value;
    EXPECT_EQ(::getsockopt(socket.get(), SOL_SOCKET, SO_REUSEPORT, &value, &size), 0);
    return value != 0;
  }

  bool binds_shared(const std::string& address, int type = SOCK_STREAM) {
    sockaddr_storage storage{};
    const socklen_t size = ListenAddress::parse(address)->endpoint.to_sockaddr(storage);
    const Fd socket(::socket(storage.ss_family, type | SOCK_CLOEXEC, 0));
    errno = ENOTTY;
    EXPECT_EQ(bind_(socket.get(), reinterpret_cast<const sockaddr*>(&storage), size), 0) << address;
    EXPECT_EQ(errno, ENOTTY);
    return shares_port(socket);
  }

  void* library_ = nullptr;
  BindFunction bind_ = nullptr;
};

TEST_F(PreloadTest, SharesThePortsOfTheAppAndNoOther) {
  for (const char* address : {"127.0.0.1:8080", "0.0.0.0:8080", "[::1]:8080", "127.0.0.1:65535"})
    EXPECT_TRUE(binds_shared(address)) << address;
  for (const char* address : {"127.0.0.1:8081", "[::1]:8081", "127.0.0.1:65534", "127.0.0.1:16959"})
    EXPECT_FALSE(binds_shared(address)) << address;
}

TEST_F(PreloadTest, LeavesUdpAlone) {
  EXPECT_FALSE(binds_shared("127.0.0.1:8080", SOCK_DGRAM));
}

TEST_F(PreloadTest, TwoSocketsShareAPort) {
  sockaddr_storage storage{};
  const socklen_t size = ListenAddress::parse("127.0.0.1:8080")->endpoint.to_sockaddr(storage);
  const Fd one(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const Fd other(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  for (const Fd* socket : {&one, &other}) {
    EXPECT_EQ(bind_(socket->get(), reinterpret_cast<const sockaddr*>(&storage), size), 0);
    EXPECT_EQ(::listen(socket->get(), 1), 0);
  }
}

TEST_F(PreloadTest, PassesEverythingElseOnWithItsErrors) {
  sockaddr_un path{};
  path.sun_family = AF_UNIX;
  std::strcpy(path.sun_path + 1, "roll-preload-test");
  const Fd local(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(bind_(local.get(), reinterpret_cast<const sockaddr*>(&path), sizeof path), 0);

  sockaddr_storage storage{};
  const socklen_t size = ListenAddress::parse("127.0.0.1:8080")->endpoint.to_sockaddr(storage);
  const auto* address = reinterpret_cast<const sockaddr*>(&storage);
  EXPECT_EQ(bind_(-1, address, size), -1);
  EXPECT_EQ(errno, EBADF);
  const Fd tcp(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(bind_(tcp.get(), address, 3), -1);
  EXPECT_EQ(errno, EINVAL);
  EXPECT_EQ(bind_(tcp.get(), nullptr, size), -1);
  EXPECT_EQ(errno, EFAULT);
}

// Needed to load into programs of any C library.
TEST_F(PreloadTest, NeedsNoLibraryAndNoVersionOfASymbol) {
  const auto shown =
      run_child({.argv = {"/usr/bin/readelf", "-d", "-V", ROLL_PRELOAD_LIBRARY}}, Millis(10'000));
  ASSERT_TRUE(shown) << shown.error().message;
  EXPECT_NE(shown->output.find("Dynamic section"), std::string::npos) << shown->errors;
  for (const char* part : {"NEEDED", "VERNEED", "GLIBC"})
    EXPECT_EQ(shown->output.find(part), std::string::npos) << shown->output;
}

}  // namespace
}  // namespace rollctl::test
