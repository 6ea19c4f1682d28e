// SPDX-License-Identifier: MIT
#include "process/json_reader.h"

#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>
#include <utility>

namespace rollctl {

using nlohmann::json;

namespace {

constexpr const char* kHexMember = "hex";

bool is_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const size_t length = lead < 0x80                   ? 1
                          : lead >= 0xC2 && lead < 0xE0 ? 2
                          : lead >= 0xE0 && lead < 0xF0 ? 3
                          : lead >= 0xF0 && lead < 0xF5 ? 4
                                                        : 0;
    if (length == 0 || i + length > text.size()) return false;
    uint32_t point = length == 1 ? lead : lead & (0x7Fu >> length);
    for (size_t k = 1; k < length; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if ((next & 0xC0) != 0x80) return false;
      point = point << 6 | (next & 0x3Fu);
    }
    if (length == 3 && (point < 0x800 || (point >= 0xD800 && point < 0xE000))) return false;
    if (length == 4 && (point < 0x10000 || point > 0x10FFFF)) return false;
    i += length;
  }
  return true;
}

std::optional<std::string> bytes_from_json(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_object()) return std::nullopt;
  const auto member = value.find(kHexMember);
  if (member == value.end() || !member->is_string()) return std::nullopt;
  const auto& hex = member->get_ref<const std::string&>();
  if (hex.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  for (size_t i = 0; i < hex.size(); i += 2) {
    unsigned value_of_pair = 0;
    const char* end = hex.data() + i + 2;
    const auto [used, failure] = std::from_chars(hex.data() + i, end, value_of_pair, 16);
    if (failure != std::errc() || used != end) return std::nullopt;
    bytes += static_cast<char>(value_of_pair);
  }
  return bytes;
}

}  // namespace

JsonReader::JsonReader(const json& value, std::string what) : json_(value), what_(std::move(what)) {
  if (!value.is_object()) status_ = fail(ErrorKind::Invalid, what_ + ": not a JSON object");
}

const json* JsonReader::find(const char* name) const {
  if (!json_.is_object()) return nullptr;
  const auto member = json_.find(name);
  return member == json_.end() || member->is_null() ? nullptr : &*member;
}

void JsonReader::complain(const char* name, std::string_view expected) {
  if (!status_) return;
  status_ = fail(ErrorKind::Invalid, what_ + ": member \"" + name + "\" should be " + std::string(expected));
}

void JsonReader::get(const char* name, bool& target) {
  const json* member = find(name);
  if (member == nullptr) return;
  if (!member->is_boolean()) return complain(name, "true or false");
  target = member->get<bool>();
}

void JsonReader::get(const char* name, double& target) {
  const json* member = find(name);
  if (member == nullptr) return;
  if (!member->is_number()) return complain(name, "a number");
  target = member->get<double>();
}

void JsonReader::get(const char* name, std::string& target) {
  const json* member = find(name);
  if (member == nullptr) return;
  auto bytes = bytes_from_json(*member);
  if (!bytes) return complain(name, "a string");
  target = std::move(*bytes);
}

void JsonReader::get(const char* name, std::vector<std::string>& target) {
  const json* member = find(name);
  if (member == nullptr) return;
  if (!member->is_array()) return complain(name, "a list of strings");
  target.clear();
  for (const auto& element : *member) {
    auto bytes = bytes_from_json(element);
    if (!bytes) return complain(name, "a list of strings");
    target.push_back(std::move(*bytes));
  }
}

void JsonReader::get(const char* name, Millis& target) {
  // Bounded, so that adding it to a time point cannot overflow.
  constexpr int64_t kLongest = int64_t{100} * 365 * 24 * 3600 * 1000;
  int64_t count = target.count();
  get(name, count);
  if (count < -kLongest || count > kLongest) return complain(name, "a number of milliseconds");
  target = Millis(count);
}

void JsonReader::get(const char* name, WallTime& target) {
  const json* member = find(name);
  if (member == nullptr) return;
  if (!member->is_string()) return complain(name, "a time");
  const auto time = parse_time(member->get_ref<const std::string&>());
  if (!time) return complain(name, "a time like 2026-01-31T12:00:00.123Z");
  target = *time;
}

void JsonReader::get(const char* name, TimePoint& target) {
  Millis since_epoch{0};
  get(name, since_epoch);
  target = TimePoint(since_epoch);
}

int64_t monotonic_ms(TimePoint time) {
  return std::chrono::ceil<Millis>(time.time_since_epoch()).count();
}

json bytes_to_json(const std::string& bytes) {
  if (is_utf8(bytes)) return bytes;
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  hex.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return json{{kHexMember, hex}};
}

json bytes_to_json(const std::vector<std::string>& list) {
  json array = json::array();
  for (const auto& element : list) array.push_back(bytes_to_json(element));
  return array;
}

Result<json> parse_json_object(std::string_view text, const std::string& what) {
  json parsed = json::parse(text, nullptr, false);
  if (!parsed.is_object()) return fail(ErrorKind::Invalid, what + ": not a JSON object");
  return parsed;
}

std::string json_text(const json& value) {
  const std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  // JSON need not escape these, but a terminal obeys them. They occur only within strings.
  static constexpr char kDelete = '\x7f';
  static constexpr char kBeforeC1 = '\xc2';  // in UTF-8: U+0080 to U+009F
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string safe;
  size_t begin = 0;
  for (size_t place = 0; place < text.size(); ++place) {
    const bool is_c1 =
        text[place] == kBeforeC1 && (static_cast<unsigned char>(text[place + 1]) & 0xe0U) == 0x80;
    if (text[place] != kDelete && !is_c1) continue;
    const auto code = static_cast<unsigned char>(text[is_c1 ? place + 1 : place]);
    safe.append(text, begin, place - begin);
    safe += "\\u00";
    safe += kDigits[code >> 4U];
    safe += kDigits[code & 15U];
    if (is_c1) ++place;
    begin = place + 1;
  }
  return begin == 0 ? text : safe.append(text, begin);
}

}  // namespace rollctl
