// SPDX-License-Identifier: MIT
#pragma once

#include "base/result.h"

namespace rollctl {

// Connects clients to a listener on a free port of 127.0.0.1, opens a second one, and closes the first: where
// this network's net.ipv4.tcp_migrate_req is 1, the kernel moves them to the second.
struct MigrationTrial {
  int clients = 0;
  int moved = 0;
  bool noticed = false;  // a wait by epoll on the second one ended
};
// Fails where it cannot be tried. 0.3 ms; 0.1 s more where nothing is noticed.
Result<MigrationTrial> try_to_migrate();

}  // namespace rollctl
