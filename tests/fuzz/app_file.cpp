// SPDX-License-Identifier: MIT
// Any text as an app file: gives an app, or an error with a message, and throws nothing. The JSON of an app
// reads back as the same app, and an accepted app expands.
#include "config/app_file.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "config/app_file_writer.h"
#include "config/launch.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto app = rollctl::parse_app_file(text, "web.toml");
  if (!app) {
    require(!app.error().message.empty());
    return 0;
  }
  rollctl::GenerationSpec spec{"web", "v1", 1, *app};
  const auto written = rollctl::parse_app_file(rollctl::write_app_file(*app), "web.toml");
  require(written && rollctl::same_specification(spec, {"web", "v1", 1, *written}));
  const auto kept = rollctl::generation_spec_from_json(rollctl::to_json(spec));
  require(kept && rollctl::same_specification(spec, *kept));

  // Independent of this host's users and files.
  spec.config.user.clear();
  spec.config.group.clear();
  spec.config.env_file.clear();
  spec.config.hooks.after_shift.run_as.clear();
  const rollctl::InstancePlace place{1, "/run/web/1", "/log", "/journal", 9001};
  require(rollctl::make_launch_spec(spec, place).has_value());
  require(rollctl::make_probe_spec(spec, place).has_value());
  require(rollctl::make_hook_launch(spec, spec.config.hooks.after_shift, {}).has_value());
  return 0;
}
