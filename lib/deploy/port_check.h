// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "config/app_config.h"
#include "state/instances.h"

namespace rollctl {

// Sockets on the app's addresses that are none of `ours` (inodes): they would get a share of its clients, or
// keep its server from binding. Each as an Error that names the owner.
std::vector<Error> find_strangers(Instances& instances, const std::string& app,
                                  const std::vector<ListenAddress>& listen, const std::set<uint32_t>& ours);

// Strangers, and where running instances listen in a way that new ones, as `config` describes them, could not
// share: another address, another user, no SO_REUSEPORT. Each finding as an Error. Changes nothing.
std::vector<Error> check_ports(Instances& instances, const std::string& app, const AppConfig& config);

}  // namespace rollctl
