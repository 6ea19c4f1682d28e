// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace rollctl {

// Reads the members of a JSON object from an untrusted source. A missing or null member leaves its target
// unchanged. A member of the wrong type or out of range is an error: the reader keeps the first one, goes on,
// and status() returns it at the end. Never throws.
class JsonReader {
 public:
  // `what` names the object in errors: "launch spec". `json` is borrowed.
  JsonReader(const nlohmann::json& json, std::string what);

  // The member, or nullptr if it is missing or null.
  [[nodiscard]] const nlohmann::json* find(const char* name) const;

  void get(const char* name, bool& target);
  void get(const char* name, double& target);
  // Strings are bytes, see bytes_to_json().
  void get(const char* name, std::string& target);
  void get(const char* name, std::vector<std::string>& target);
  void get(const char* name, Millis& target);     // whole milliseconds
  void get(const char* name, WallTime& target);   // as format_time() writes it
  void get(const char* name, TimePoint& target);  // as monotonic_ms() writes it

  template <std::integral T>
  void get(const char* name, T& target) {
    const nlohmann::json* member = find(name);
    if (member == nullptr) return;
    if (to_integer(*member, target)) return;
    complain(name, "a whole number in range");
  }

  template <std::integral T>
  void get(const char* name, std::vector<T>& target) {
    const nlohmann::json* member = find(name);
    if (member == nullptr) return;
    if (!member->is_array()) return complain(name, "a list of numbers");
    target.clear();
    for (const auto& element : *member) {
      T value{};
      if (!to_integer(element, value)) return complain(name, "a list of numbers");
      target.push_back(value);
    }
  }

  // Reports a member that the caller checked itself.
  void complain(const char* name, std::string_view expected);

  [[nodiscard]] Status status() const { return status_; }

 private:
  template <std::integral T>
  static bool to_integer(const nlohmann::json& json, T& target) {
    if (json.is_number_unsigned()) {
      const auto value = json.get<uint64_t>();
      if (!std::in_range<T>(value)) return false;
      target = static_cast<T>(value);
      return true;
    }
    if (!json.is_number_integer()) return false;
    const auto value = json.get<int64_t>();
    if (!std::in_range<T>(value)) return false;
    target = static_cast<T>(value);
    return true;
  }

  const nlohmann::json& json_;
  std::string what_;
  Status status_;
};

// argv, environment and paths are bytes, JSON strings are UTF-8: bytes that are not valid UTF-8 are written
// as {"hex":"2f74ff"}.
nlohmann::json bytes_to_json(const std::string& bytes);
nlohmann::json bytes_to_json(const std::vector<std::string>& list);

// Never throws. Invalid, naming `what`, for text that is not a JSON object.
Result<nlohmann::json> parse_json_object(std::string_view text, const std::string& what);

// One line that is safe to print on a terminal: all control characters are escaped, also those above U+007F
// (U+009B). A byte that is not UTF-8 becomes U+FFFD. Never throws.
std::string json_text(const nlohmann::json& json);

// Whole milliseconds on the monotonic clock, which all processes share until the next boot.
int64_t monotonic_ms(TimePoint time);

}  // namespace rollctl
