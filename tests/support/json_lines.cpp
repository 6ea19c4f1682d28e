// SPDX-License-Identifier: MIT
#include "support/json_lines.h"

#include <utility>

namespace rollctl::test {

using nlohmann::json;

std::vector<json> json_lines(const std::string& text) {
  std::vector<json> objects;
  size_t begin = 0;
  for (size_t end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    json object = json::parse(text.substr(begin, end - begin), nullptr, false);
    if (object.is_object()) objects.push_back(std::move(object));
  }
  return objects;
}

}  // namespace rollctl::test
