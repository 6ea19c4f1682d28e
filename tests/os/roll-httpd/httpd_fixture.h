// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "os/roll-httpd/client.h"
#include "support/child_process.h"
#include "support/net_namespace.h"

namespace rollctl::test {

// The real roll-httpd with a private root and network namespace.
class HttpdTest : public NetNamespaceTest {
 protected:
  static constexpr std::uint16_t kPort = 8080;
  static constexpr Millis kPatience{5000};

  void SetUp() override;
  void TearDown() override;

  // Writes a file below the root, making its directories.
  void write(const std::string& name, const std::string& content) const;
  // Starts a server on 127.0.0.1:8080 for the root, and waits for its READY=1.
  void start(const std::vector<std::string>& options = {});
  // Without address and without waiting. `fds` as in ChildSpec; `wrapper` is a command that runs the server.
  void launch(const std::vector<std::string>& options, const std::vector<std::string>& env = {},
              std::vector<std::pair<int, int>> fds = {}, std::vector<std::string> wrapper = {});

  // The next message to the notify socket; "" after a time-out.
  std::string read_notification() const;
  static Client connect(std::uint16_t port = kPort, int family = AF_INET);
  // One request on a connection of its own.
  static HttpAnswer get(const std::string& target, const std::string& headers = "");
  ChildExit wait_for_exit();
  // Sends SIGTERM, and returns once the server has notified that it stops.
  void begin_drain();

  std::filesystem::path root_;
  std::string notify_name_;
  Fd notify_;
  std::optional<ChildProcess> server_;
};

}  // namespace rollctl::test
