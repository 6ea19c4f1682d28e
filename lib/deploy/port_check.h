// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "config/app_config.h"
#include "state/instance_sockets.h"
#include "state/instances.h"

namespace rollctl {

// One Error for each socket on the app's addresses that no instance holds, with its owner: it would get a
// share of the clients, or keep the server from binding. Those whose inode is in `ours` are known to be an
// instance's.
std::vector<Error> find_strangers(InstanceSockets& host, const std::string& app,
                                  const std::vector<ListenAddress>& listen, const std::set<uint32_t>& ours);

// Strangers, and one Error for each way in which running instances listen so that new ones, as `config`
// describes them, could not share the port: another address, another user, no SO_REUSEPORT. Changes nothing.
std::vector<Error> check_ports(Instances& instances, InstanceSockets& host, const std::string& app,
                               const AppConfig& config);

}  // namespace rollctl
