// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>

#include "base/instance_id.h"
#include "state/paths.h"

namespace rollctl {

// Tells which release an instance ran, from the journal and its archives, also once it is gone.
class InstanceReleases {
 public:
  InstanceReleases(const Paths& paths, const std::string& app);

  // Empty for an instance that the journal does not know. Reads the journal again for one that is new.
  [[nodiscard]] std::string of(InstanceId id);

 private:
  void read(const std::string& file);

  std::string journal_;
  std::map<InstanceId, std::string> releases_;
};

}  // namespace rollctl
