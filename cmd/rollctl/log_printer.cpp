// SPDX-License-Identifier: MIT
#include "rollctl/log_printer.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace roll {

void LogPrinter::print(InstanceId id, const std::string& text) {
  if (context_.options().json) return context_.print_json({{"v", 1}, {"id", id}, {"line", text}});
  // What a server logs is its own affair; only on a terminal could it do harm, and there it is made
  // visible.
  context_.print({{{fmt::format("{} ", id), Tone::Quiet}, {text}}});
}

}  // namespace roll
