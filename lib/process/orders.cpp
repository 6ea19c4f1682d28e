// SPDX-License-Identifier: MIT
#include "process/orders.h"

#include <utility>

namespace rollctl {

namespace {

constexpr std::pair<HttpDrain, const char*> kHttpDrains[] = {
    {HttpDrain::Keep, "keep"},
    {HttpDrain::Close, "close"},
    {HttpDrain::CloseBlocking, "close-blocking"},
};

}  // namespace

const char* http_drain_name(HttpDrain http) {
  for (const auto& [value, name] : kHttpDrains)
    if (value == http) return name;
  return "";
}

std::optional<HttpDrain> parse_http_drain(std::string_view name) {
  for (const auto& [value, text] : kHttpDrains)
    if (name == text) return value;
  return std::nullopt;
}

}  // namespace rollctl
