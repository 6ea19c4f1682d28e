// SPDX-License-Identifier: MIT
#include "config/codecs.h"

namespace rollctl {

namespace {

constexpr const char* kHookEnvRollctl = "rollctl";
constexpr const char* kHookEnvRelease = "release";

}  // namespace

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

Status HookCodec::read(const Value& value, HookConfig& target) const {
  HookConfig hook;
  if (const auto* command = std::get_if<TextList>(&value)) {
    hook.command = *command;
    target = std::move(hook);
    return {};
  }
  const auto& table = std::get<CommandTable>(value);
  hook.command = table.command;
  for (const auto& [name, text] : table.settings) {
    if (name == "run_as") {
      hook.run_as = text;
    } else if (name == "workdir") {
      hook.workdir = text;
    } else if (name == "timeout") {
      ROLL_TRY_ASSIGN(hook.timeout, parse_duration(text));
    } else if (name == "env") {
      if (text != kHookEnvRollctl && text != kHookEnvRelease)
        return fail(ErrorKind::Invalid, fmt::format("env must be \"{}\" or \"{}\", not \"{}\"",
                                                    kHookEnvRollctl, kHookEnvRelease, text));
      hook.env = text == kHookEnvRelease ? HookConfig::Env::Release : HookConfig::Env::Rollctl;
    } else {
      return fail(ErrorKind::Invalid,
                  fmt::format("unknown key \"{}\"; did you mean \"{}\"?", name,
                              nearest(name, {"command", "run_as", "workdir", "env", "timeout"})));
    }
  }
  if (hook.command.empty()) return fail(ErrorKind::Invalid, "must have a `command`");
  target = std::move(hook);
  return {};
}

Value HookCodec::write(const HookConfig& source) const {
  const HookConfig defaults;
  CommandTable table{source.command, {}};
  if (source.run_as != defaults.run_as) table.settings["run_as"] = source.run_as;
  if (source.workdir != defaults.workdir) table.settings["workdir"] = source.workdir;
  if (source.timeout != defaults.timeout) table.settings["timeout"] = format_duration(source.timeout);
  if (source.env != defaults.env) table.settings["env"] = kHookEnvRelease;
  if (table.settings.empty()) return source.command;
  return table;
}

}  // namespace rollctl
