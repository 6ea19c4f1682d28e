// SPDX-License-Identifier: MIT
#include "config/keys.h"

#include <algorithm>

#include "config/codecs.h"
#include "config/nearest.h"

namespace rollctl {

namespace {

using Shape = Key::Shape;

// A key for a member of the configuration, with the codec of its type.
template <typename Codec, typename Access>
Key key(std::string path, const Codec& codec, Access access) {
  return Key{
      std::move(path), codec.shape(), codec.wanted(),
      [codec, access](AppConfig& config, const Value& value) { return codec.read(value, access(config)); },
      [codec, access](const AppConfig& config) { return codec.write(access(config)); }};
}

#define ROLL_MEMBER(member) ([](auto& config) -> auto& { return config.member; })

}  // namespace

std::span<const Key> known_keys() {
  static const TextCodec kText;
  static const ListCodec kArgv{"a list of strings: a program and its arguments"};
  static const DurationCodec kDuration{Millis(0)};
  static const DurationCodec kPositive{Millis(1)};
  static const Key kKeys[] = {
      key("command", kArgv, ROLL_MEMBER(command)),
      key("listen", ListenCodec(), ROLL_MEMBER(listen)),
      key("instances", ParsedCodec<InstanceCount>("a whole number or \"cpus\""), ROLL_MEMBER(instances)),
      key("socket",
          ChoiceCodec<SocketMode>({{SocketMode::Open, "open"},
                                   {SocketMode::Inherit, "inherit"},
                                   {SocketMode::Preload, "preload"}}),
          ROLL_MEMBER(socket)),
      key("user", kText, ROLL_MEMBER(user)),
      key("group", kText, ROLL_MEMBER(group)),
      key("workdir", kText, ROLL_MEMBER(workdir)),
      key("env", MapCodec{Shape::Map, "a table of strings"}, ROLL_MEMBER(env)),
      key("env_file", kText, ROLL_MEMBER(env_file)),
      key("handover", HandoverCodec(), ROLL_MEMBER(handover)),
      key("launcher",
          ChoiceCodec<LauncherKind>({{LauncherKind::Auto, "auto"},
                                     {LauncherKind::Direct, "direct"},
                                     {LauncherKind::Systemd, "systemd"}}),
          ROLL_MEMBER(launcher)),
      key("systemd", MapCodec{Shape::ScalarMap, "a table of strings, numbers and booleans"},
          ROLL_MEMBER(systemd)),

      key("ready.kind", ProbeKindCodec(), ROLL_MEMBER(ready.kind)),
      key("ready.path", kText, ROLL_MEMBER(ready.path)),
      key("ready.host", kText, ROLL_MEMBER(ready.host)),
      key("ready.headers", MapCodec{Shape::Map, "a table of strings"}, ROLL_MEMBER(ready.headers)),
      key("ready.status", ParsedCodec<HttpStatuses>("an HTTP status such as 200, or \"200-299, 404\""),
          ROLL_MEMBER(ready.status)),
      key("ready.ca", kText, ROLL_MEMBER(ready.ca)),
      key("ready.address", kText, ROLL_MEMBER(ready.address)),
      key("ready.command", kArgv, ROLL_MEMBER(ready.command)),
      key("ready.interval", kPositive, ROLL_MEMBER(ready.interval)),
      key("ready.timeout", kPositive, ROLL_MEMBER(ready.timeout)),
      key("ready.successes", WholeCodec<int>(1, 1000), ROLL_MEMBER(ready.successes)),
      key("ready.failures", WholeCodec<int>(1, 1000), ROLL_MEMBER(ready.failures)),
      key("ready.deadline", kPositive, ROLL_MEMBER(ready.deadline)),

      key("drain.order",
          ChoiceCodec<DrainStart>({{DrainStart::Signal, "signal"}, {DrainStart::Idle, "idle"}}),
          ROLL_MEMBER(drain.order)),
      key("drain.scope", ChoiceCodec<DrainScope>({{DrainScope::Main, "main"}, {DrainScope::All, "all"}}),
          ROLL_MEMBER(drain.scope)),
      key("drain.signal", SignalCodec(), ROLL_MEMBER(drain.signal)),
      key("drain.settle", kDuration, ROLL_MEMBER(drain.settle)),
      key("drain.deadline", kDuration, ROLL_MEMBER(drain.deadline)),
      key("drain.http",
          ChoiceCodec<HttpDrain>({{HttpDrain::Keep, "keep"},
                                  {HttpDrain::Close, "close"},
                                  {HttpDrain::CloseBlocking, "close-blocking"}}),
          ROLL_MEMBER(drain.http)),
      key("drain.http_silence", kPositive, ROLL_MEMBER(drain.http_silence)),

      key("rollout.batch", ParsedCodec<Batch>("a whole number, a share such as \"25%\" or \"all\""),
          ROLL_MEMBER(rollout.batch)),
      key("rollout.canary", CanaryCodec(), ROLL_MEMBER(rollout.canary)),
      key("rollout.bake", kDuration, ROLL_MEMBER(rollout.bake)),
      key("rollout.hold", kDuration, ROLL_MEMBER(rollout.hold)),

      key("keep.generations", WholeCodec<int>(0, 1'000'000), ROLL_MEMBER(keep.generations)),
      key("keep.logs", kDuration, ROLL_MEMBER(keep.logs)),

      key("restart.policy",
          ChoiceCodec<RestartPolicy>({{RestartPolicy::Always, "always"},
                                      {RestartPolicy::OnFailure, "on-failure"},
                                      {RestartPolicy::Never, "never"}}),
          ROLL_MEMBER(restart.policy)),
      key("restart.backoff", kPositive, ROLL_MEMBER(restart.backoff)),
      key("restart.max_backoff", kPositive, ROLL_MEMBER(restart.max_backoff)),
      key("restart.give_up", WholeCodec<int>(0, 1'000'000), ROLL_MEMBER(restart.give_up)),

      key("limits.nofile", OptionalWholeCodec<uint64_t>(1, int64_t{1} << 30), ROLL_MEMBER(nofile)),

      key("hooks.before_deploy", HookCodec(), ROLL_MEMBER(hooks.before_deploy)),
      key("hooks.after_shift", HookCodec(), ROLL_MEMBER(hooks.after_shift)),
      key("hooks.before_drain", HookCodec(), ROLL_MEMBER(hooks.before_drain)),
      key("hooks.after_deploy", HookCodec(), ROLL_MEMBER(hooks.after_deploy)),
      key("hooks.on_failure", HookCodec(), ROLL_MEMBER(hooks.on_failure)),
  };
  return kKeys;
}

#undef ROLL_MEMBER

std::string_view Key::table() const {
  const size_t dot = path.find('.');
  return dot == std::string::npos ? std::string_view() : std::string_view(path).substr(0, dot);
}

std::string_view Key::name() const {
  const size_t dot = path.find('.');
  return dot == std::string::npos ? std::string_view(path) : std::string_view(path).substr(dot + 1);
}

const Key* find_key(std::string_view path) {
  const auto keys = known_keys();
  const auto found = std::find_if(keys.begin(), keys.end(), [&](const Key& key) { return key.path == path; });
  return found == keys.end() ? nullptr : &*found;
}

bool is_table(std::string_view path) {
  const auto keys = known_keys();
  return !path.empty() &&
         std::any_of(keys.begin(), keys.end(), [&](const Key& key) { return key.table() == path; });
}

std::string nearest_key(std::string_view unknown) {
  const size_t dot = unknown.find('.');
  const auto table = dot == std::string_view::npos ? std::string_view() : unknown.substr(0, dot);
  const auto name = dot == std::string_view::npos ? unknown : unknown.substr(dot + 1);

  // A right name in the wrong table is more likely than a misspelt name.
  std::string best;
  size_t best_distance = SIZE_MAX;
  const auto consider = [&](std::string_view path, std::string_view in_table, std::string_view candidate) {
    const size_t distance = 2 * edit_distance(name, candidate) + (in_table == table ? 0 : 1);
    if (distance >= best_distance) return;
    best_distance = distance;
    best = path;
  };
  for (const Key& key : known_keys()) {
    consider(key.path, key.table(), key.name());
    if (!key.table().empty()) consider(key.table(), {}, key.table());
  }
  return best;
}

}  // namespace rollctl
