// SPDX-License-Identifier: MIT
#include "config/codecs.h"

namespace rollctl {

Status PercentCodec::read(const Value& value, double& target) const {
  std::string text;
  if (const auto* whole = std::get_if<int64_t>(&value))
    text = std::to_string(*whole);
  else if (const auto* number = std::get_if<double>(&value))
    text = fmt::format("{}", *number);
  else
    text = std::get<std::string>(value);
  const auto percent = parse_percent(text);
  if (!percent) return fail(percent.error());
  target = *percent;
  return {};
}

}  // namespace rollctl
