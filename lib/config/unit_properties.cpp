// SPDX-License-Identifier: MIT
#include "config/unit_properties.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

namespace rollctl {

namespace {

struct Refusal {
  std::string_view name;
  const char* reason;
  const char* hint = "";
};

constexpr const char* kOurs = "is set by rollctl";
constexpr const char* kElsewhere = "would make the server listen in another network namespace";
constexpr const char* kOtherUser = "would take privileges from the shim that it needs to manage its server";
constexpr const char* kRestarts = "would restart the shim, but the shim restarts the server";

constexpr std::array kRefused{
    Refusal{"After", kOurs},
    Refusal{"Before", kOurs},
    Refusal{"CollectMode", kOurs},
    Refusal{"Description", kOurs},
    Refusal{"DynamicUser", kOtherUser, "set user and group of the app"},
    Refusal{"Group", kOtherUser, "set group of the app"},
    Refusal{"JoinsNamespaceOf", kElsewhere},
    Refusal{"KillMode", kOurs},
    Refusal{"KillSignal", kOurs, "set signal in [drain]"},
    Refusal{"NetworkNamespacePath", kElsewhere},
    Refusal{"NotifyAccess", kOurs},
    Refusal{"OOMPolicy", kOurs},
    Refusal{"PIDFile", kOurs},
    Refusal{"PrivateNetwork", kElsewhere},
    Refusal{"RemainAfterExit", kOurs},
    Refusal{"Restart", kRestarts, "see [restart]"},
    Refusal{"RestartSec", kRestarts, "see [restart]"},
    Refusal{"SendSIGKILL", kOurs, "set deadline in [drain]"},
    Refusal{"Slice", kOurs},
    Refusal{"TimeoutSec", kOurs, "set deadline in [drain]"},
    Refusal{"TimeoutStopSec", kOurs, "set deadline in [drain]"},
    Refusal{"Type", kOurs},
    Refusal{"User", kOtherUser, "set user of the app"},
    Refusal{"WorkingDirectory", kOurs, "set workdir of the app"},
};

bool is_property_name(const std::string& name) {
  const auto fits = [](unsigned char letter) { return std::isalnum(letter) != 0; };
  return !name.empty() && std::isupper(static_cast<unsigned char>(name.front())) != 0 &&
         std::all_of(name.begin(), name.end(), fits);
}

}  // namespace

Status check_unit_property(const std::string& name) {
  if (!is_property_name(name))
    return fail(ErrorKind::Invalid, "is not a property name", "for example MemoryMax = \"512M\"");
  if (name.starts_with("Exec")) return fail(ErrorKind::Invalid, kOurs, "set command of the app, or [hooks]");
  const auto* const refused = std::find_if(kRefused.begin(), kRefused.end(),
                                           [&](const Refusal& refusal) { return refusal.name == name; });
  if (refused != kRefused.end()) return fail(ErrorKind::Invalid, refused->reason, refused->hint);
  return {};
}

}  // namespace rollctl
