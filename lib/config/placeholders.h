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

// What `{name}` stands for. `{{` and `}}` are braces; everything else between braces must be known, so that
// nothing unexpanded is ever handed to a server.
class Placeholders {
 public:
  void set(std::string name, std::string value);
  // A name that means something, but not here; `why` says what to write instead.
  void refuse(std::string name, std::string why);
  // {listen.N} and {port.N}; {listen} and {port} with exactly one address.
  void set_addresses(const std::vector<ListenAddress>& addresses);

  // Invalid, naming the text, the unknown name and the nearest known one.
  [[nodiscard]] Result<std::string> expand(std::string_view text) const;
  [[nodiscard]] Result<std::vector<std::string>> expand(const std::vector<std::string>& texts) const;

 private:
  std::map<std::string, std::string, std::less<>> values_;
  std::map<std::string, std::string, std::less<>> refusals_;
};

// Does `{name}` stand in the text?
bool mentions_placeholder(std::string_view text, std::string_view name);

// The text that expands to exactly this: braces doubled.
std::string without_placeholders(std::string_view text);

}  // namespace rollctl
