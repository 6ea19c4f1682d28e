// SPDX-License-Identifier: MIT
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/duration.h"
#include "base/process_ref.h"
#include "base/result.h"
#include "config/app_config.h"
#include "config/keys.h"
#include "config/nearest.h"
#include "config/value.h"

namespace rollctl {

// Convert each type of the configuration to a Value and back. read() gets only values of the codec's shape;
// on failure it leaves the target unchanged, and its message follows "KEY: ".

struct TextCodec {
  [[nodiscard]] Key::Shape shape() const { return Key::Shape::Text; }
  [[nodiscard]] std::string wanted() const { return "a string"; }
  Status read(const Value& value, std::string& target) const {
    target = std::get<std::string>(value);
    return {};
  }
  [[nodiscard]] Value write(const std::string& source) const { return source; }
};

struct ListCodec {
  std::string description;
  [[nodiscard]] Key::Shape shape() const { return Key::Shape::List; }
  [[nodiscard]] std::string wanted() const { return description; }
  Status read(const Value& value, TextList& target) const {
    target = std::get<TextList>(value);
    return {};
  }
  [[nodiscard]] Value write(const TextList& source) const { return source; }
};

struct MapCodec {
  Key::Shape map_shape;
  std::string description;
  [[nodiscard]] Key::Shape shape() const { return map_shape; }
  [[nodiscard]] std::string wanted() const { return description; }
  Status read(const Value& value, TextMap& target) const {
    target = std::get<TextMap>(value);
    return {};
  }
  [[nodiscard]] Value write(const TextMap& source) const { return source; }
};

struct ListenCodec {
  [[nodiscard]] Key::Shape shape() const { return Key::Shape::List; }
  [[nodiscard]] std::string wanted() const { return "a list of addresses such as [\"0.0.0.0:8080\"]"; }
  Status read(const Value& value, std::vector<ListenAddress>& target) const {
    std::vector<ListenAddress> addresses;
    for (const auto& text : std::get<TextList>(value)) {
      auto address = ListenAddress::parse(text);
      if (!address) return fail(address.error());
      addresses.push_back(std::move(*address));
    }
    target = std::move(addresses);
    return {};
  }
  [[nodiscard]] Value write(const std::vector<ListenAddress>& source) const {
    TextList texts;
    for (const auto& address : source) texts.push_back(address.text);
    return texts;
  }
};

struct DurationCodec {
  Millis least;
  [[nodiscard]] Key::Shape shape() const { return Key::Shape::Text; }
  [[nodiscard]] std::string wanted() const { return "a duration such as \"500ms\", \"10s\" or \"5m\""; }
  Status read(const Value& value, Millis& target) const {
    const auto duration = parse_duration(std::get<std::string>(value));
    if (!duration) return fail(duration.error());
    if (*duration < least) return fail(ErrorKind::Invalid, "must be at least " + format_duration(least));
    target = *duration;
    return {};
  }
  [[nodiscard]] Value write(Millis source) const { return format_duration(source); }
};

template <typename T>
struct WholeCodec {
  WholeCodec(int64_t at_least, int64_t at_most) : least(at_least), most(at_most) {}
  int64_t least, most;
  [[nodiscard]] Key::Shape shape() const { return Key::Shape::Whole; }
  [[nodiscard]] std::string wanted() const {
    return fmt::format("a whole number from {} to {}", least, most);
  }
  Status read(const Value& value, T& target) const {
    const auto number = std::get<int64_t>(value);
    if (number < least || number > most)
      return fail(ErrorKind::Invalid, fmt::format("must be {}, not {}", wanted(), number));
    target = static_cast<T>(number);
    return {};
  }
  [[nodiscard]] Value write(const T& source) const { return static_cast<int64_t>(source); }
};

template <typename T>
struct OptionalWholeCodec : WholeCodec<T> {
  using WholeCodec<T>::WholeCodec;
  Status read(const Value& value, std::optional<T>& target) const {
    T number{};
    auto status = WholeCodec<T>::read(value, number);
    if (status) target = number;
    return status;
  }
  [[nodiscard]] Value write(const std::optional<T>& source) const {
    return source ? WholeCodec<T>::write(*source) : Value();
  }
};

// For a type with parse() and text(); written as a whole number if the text is one, else as a string.
template <typename T>
struct ParsedCodec {
  explicit ParsedCodec(std::string description_given) : description(std::move(description_given)) {}
  std::string description;
  [[nodiscard]] Key::Shape shape() const { return Key::Shape::TextOrWhole; }
  [[nodiscard]] std::string wanted() const { return description; }
  Status read(const Value& value, T& target) const {
    const auto* number = std::get_if<int64_t>(&value);
    auto parsed = T::parse(number != nullptr ? std::to_string(*number) : std::get<std::string>(value));
    if (!parsed) return fail(parsed.error());
    target = *parsed;
    return {};
  }
  [[nodiscard]] Value write(const T& source) const {
    std::string text = source.text();
    if (text.find_first_not_of("0123456789") != std::string::npos) return text;
    return static_cast<int64_t>(std::stoll(text));
  }
};

// A share of 0% is no canary; in a list of steps it is one without connections.
struct CanaryCodec {
  [[nodiscard]] Key::Shape shape() const { return Key::Shape::TextNumberOrList; }
  [[nodiscard]] std::string wanted() const {
    return "a share such as \"10%\", or a list of them such as [\"1%\", \"10%\", \"50%\"]";
  }
  Status read(const Value& value, std::vector<double>& target) const;
  [[nodiscard]] Value write(const std::vector<double>& source) const;
};

struct HookCodec {
  [[nodiscard]] Key::Shape shape() const { return Key::Shape::Command; }
  [[nodiscard]] std::string wanted() const {
    return "a list of strings, or a table with one as `command` and with run_as, workdir, env and timeout";
  }
  Status read(const Value& value, HookConfig& target) const;
  // A list where only the command is set.
  [[nodiscard]] Value write(const HookConfig& source) const;
};

template <typename T>
struct ChoiceCodec {
  explicit ChoiceCodec(std::vector<std::pair<T, std::string>> choices_given)
      : choices(std::move(choices_given)) {}
  std::vector<std::pair<T, std::string>> choices;
  [[nodiscard]] Key::Shape shape() const { return Key::Shape::Text; }
  [[nodiscard]] std::string wanted() const {
    std::string text = "one of";
    for (const auto& choice : choices)
      text += (&choice == &choices.front() ? " \"" : ", \"") + choice.second + "\"";
    return text;
  }
  Status read(const Value& value, T& target) const {
    const auto& text = std::get<std::string>(value);
    for (const auto& [choice, name] : choices) {
      if (name != text) continue;
      target = choice;
      return {};
    }
    return fail(ErrorKind::Invalid, fmt::format("must be {}, not \"{}\"", wanted(), text));
  }
  [[nodiscard]] Value write(const T& source) const {
    for (const auto& [choice, name] : choices)
      if (choice == source) return name;
    return {};
  }
};

// Types whose names other floors define.
struct HandoverCodec : TextCodec {
  Status read(const Value& value, HandoverPolicy& target) const {
    const auto policy = parse_handover_policy(std::get<std::string>(value));
    if (!policy) return fail(policy.error());
    target = *policy;
    return {};
  }
  [[nodiscard]] Value write(HandoverPolicy source) const { return std::string(handover_policy_name(source)); }
};

struct ProbeKindCodec : TextCodec {
  Status read(const Value& value, ProbeKind& target) const {
    const auto kind = parse_probe_kind(std::get<std::string>(value));
    if (!kind) return fail(kind.error());
    target = *kind;
    return {};
  }
  [[nodiscard]] Value write(ProbeKind source) const { return std::string(probe_kind_name(source)); }
};

struct SignalCodec : TextCodec {
  Status read(const Value& value, int& target) const {
    const auto signal = parse_signal(std::get<std::string>(value));
    if (!signal) return fail(signal.error());
    target = *signal;
    return {};
  }
  [[nodiscard]] Value write(int source) const { return signal_name(source); }
};

}  // namespace rollctl
