// SPDX-License-Identifier: MIT
#include "config/codecs.h"

namespace rollctl {

namespace {

constexpr const char* kHookEnvRollctl = "rollctl";
constexpr const char* kHookEnvRelease = "release";

}  // namespace

Status CanaryCodec::read(const Value& value, std::vector<double>& target) const {
  std::string text;
  const auto* list = std::get_if<TextList>(&value);
  if (const auto* whole = std::get_if<int64_t>(&value))
    text = std::to_string(*whole);
  else if (const auto* number = std::get_if<double>(&value))
    text = fmt::format("{}", *number);
  else if (list == nullptr)
    text = std::get<std::string>(value);
  else
    for (const std::string& step : *list) text += (text.empty() ? "" : ",") + step;
  if (list != nullptr && list->empty()) text = "none";
  ROLL_TRY_ASSIGN(target, parse_canary(text));
  if (list == nullptr && target == std::vector<double>{0}) target.clear();
  return {};
}

Value CanaryCodec::write(const std::vector<double>& source) const {
  if (source.empty()) return "0%";
  TextList steps;
  for (const double percent : source) steps.push_back(fmt::format("{}%", percent));
  if (steps.size() == 1 && source.front() > 0) return steps.front();
  return steps;
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
