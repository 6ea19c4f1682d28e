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

// Reads the members of a JSON object that came from somebody else. A member that is missing, or null, leaves
// its target as it is; one of the wrong type or out of range is remembered as the first error, and everything
// goes on: one status() at the end says whether all was well. Never throws.
class JsonReader {
 public:
  // `what` names the object in errors: "launch spec". `json` must outlive the reader.
  JsonReader(const nlohmann::json& json, std::string what);

  // The member, or nullptr where it is missing or null.
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

  // Remembers what is wrong with a member that the caller looked at itself.
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

// argv, environment and paths are bytes, JSON strings are UTF-8: what is not valid UTF-8 is written as
// {"hex":"2f74ff"}.
nlohmann::json bytes_to_json(const std::string& bytes);
nlohmann::json bytes_to_json(const std::vector<std::string>& list);

// Parses without throwing; Invalid, naming `what`, for what is no JSON object.
Result<nlohmann::json> parse_json_object(std::string_view text, const std::string& what);

// One line, without a character that a terminal would obey: control characters are escaped, those of UTF-8
// (U+009B) as well. A byte that is no UTF-8 becomes U+FFFD, so that it cannot throw.
std::string json_text(const nlohmann::json& json);

// Whole milliseconds on the monotonic clock: they mean the same to all processes until the next boot.
int64_t monotonic_ms(TimePoint time);

}  // namespace rollctl
