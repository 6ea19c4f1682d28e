// SPDX-License-Identifier: MIT
#include "net/group.h"

#include <net/if.h>

namespace rollctl {

namespace {

std::string device_text(int device) {
  char name[IF_NAMESIZE];
  if (device == 0) return "every device";
  if (::if_indextoname(static_cast<unsigned>(device), name) != nullptr) return std::string("device ") + name;
  return "device " + std::to_string(device);
}

std::string v6only_text(const GroupIdentity& group) {
  return std::string("with IPV6_V6ONLY ") + (group.v6only ? "on" : "off");
}

}  // namespace

GroupIdentity group_of(const ListenSocket& socket) {
  return {socket.bound, socket.v6only, socket.device, socket.uid, socket.mapped};
}

std::optional<std::string> explain_difference(const GroupIdentity& old_group,
                                              const GroupIdentity& new_group) {
  if (old_group == new_group) return std::nullopt;
  std::string old_text = "on " + old_group.bound.text();
  std::string new_text = "on " + new_group.bound.text();
  if (old_group.bound == new_group.bound) {
    if (old_group.v6only != new_group.v6only) {
      old_text += " " + v6only_text(old_group);
      new_text += " " + v6only_text(new_group);
    }
    if (old_group.device != new_group.device) {
      old_text += " of " + device_text(old_group.device);
      new_text += " of " + device_text(new_group.device);
    }
    if (old_group.mapped != new_group.mapped) {
      old_text += old_group.mapped ? " by an IPv6 socket" : " by an IPv4 socket";
      new_text += new_group.mapped ? " by an IPv6 socket" : " by an IPv4 socket";
    }
    if (old_group.uid != new_group.uid) {
      old_text += " as uid " + std::to_string(old_group.uid);
      new_text += " as uid " + std::to_string(new_group.uid);
    }
  }
  return "the old release listens " + old_text + ", the new one " + new_text +
         ": the kernel keeps these as two groups, so connections cannot be handed over";
}

}  // namespace rollctl
