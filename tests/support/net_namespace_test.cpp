// SPDX-License-Identifier: MIT
#include "support/net_namespace.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/fd.h"

namespace rollctl::test {
namespace {

constexpr uint16_t kPort = 8080;

sockaddr_in loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

Fd listen_on_loopback() {
  Fd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  auto address = loopback(kPort);
  EXPECT_EQ(bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(listen(listener.get(), 1), 0);
  return listener;
}

int connect_to_loopback() {
  Fd client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  auto address = loopback(kPort);
  return connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
}

TEST_F(NetNamespaceTest, ConnectsOverALoopbackThatIsUp) {
  Fd listener = listen_on_loopback();
  EXPECT_EQ(connect_to_loopback(), 0);
}

TEST_F(NetNamespaceTest, HasItsPortsForItself) {
  Fd outer = listen_on_loopback();
  ASSERT_TRUE(enter_net_namespace());
  EXPECT_EQ(connect_to_loopback(), ECONNREFUSED);
  Fd inner = listen_on_loopback();
}

TEST_F(NetNamespaceTest, HasItsSettingsForItself) {
  ASSERT_TRUE(write_net_setting("ipv4/tcp_migrate_req", "1"));
  EXPECT_EQ(*read_net_setting("ipv4/tcp_migrate_req"), "1");
  ASSERT_TRUE(enter_net_namespace());
  EXPECT_EQ(*read_net_setting("ipv4/tcp_migrate_req"), "0");
  EXPECT_EQ(read_net_setting("ipv4/no_such_setting").error().os_error, ENOENT);
}

}  // namespace
}  // namespace rollctl::test
