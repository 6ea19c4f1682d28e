// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/result.h"

namespace rollctl {

// The values of `{name}`. `{{` and `}}` are literal braces. Unknown names are errors, so that a server never
// gets an unexpanded placeholder.
class Placeholders {
 public:
  void set(std::string name, std::string value);
  // A known name that is not allowed here; `why` says what to write instead.
  void refuse(std::string name, std::string why);
  // Sets {listen.N} and {port.N}; {listen} and {port} only for exactly one address.
  void set_addresses(const std::vector<ListenAddress>& addresses);

  // Invalid, naming the text, the unknown name and the nearest known one.
  [[nodiscard]] Result<std::string> expand(std::string_view text) const;
  [[nodiscard]] Result<std::vector<std::string>> expand(const std::vector<std::string>& texts) const;

 private:
  std::map<std::string, std::string, std::less<>> values_;
  std::map<std::string, std::string, std::less<>> refusals_;
};

// Whether the text contains `{name}`.
bool mentions_placeholder(std::string_view text, std::string_view name);

// Doubles all braces, so that expand() returns `text`.
std::string without_placeholders(std::string_view text);

}  // namespace rollctl
