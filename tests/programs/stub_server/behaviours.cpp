// SPDX-License-Identifier: MIT
#include "behaviours.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/duration.h"
#include "base/process_ref.h"

namespace rollctl::stub {
namespace {

Result<uint64_t> number(std::string_view text, uint64_t most) {
  uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > most) {
    return fail(ErrorKind::Invalid,
                "\"" + std::string(text) + "\" is not a number up to " + std::to_string(most));
  }
  return value;
}

// Each setter puts a parsed argument into one member of the plan.
Status set_duration(Millis& member, std::string_view text) {
  auto value = parse_duration(text);
  if (!value) return fail(value.error());
  member = *value;
  return {};
}

Status set_duration(std::optional<Millis>& member, std::string_view text) {
  Millis value{};
  auto stored = set_duration(value, text);
  if (stored) member = value;
  return stored;
}

template <typename T>
Status set_number(T& member, std::string_view text, uint64_t most) {
  auto value = number(text, most);
  if (!value) return fail(value.error());
  member = static_cast<T>(*value);
  return {};
}

Status set_exit_code(std::optional<int>& member, std::string_view text) {
  int code = 0;
  auto stored = set_number(code, text, 255);
  if (stored) member = code;
  return stored;
}

Status set_signal(std::optional<int>& member, std::string_view text) {
  auto signal = parse_signal(text);
  if (!signal) return fail(signal.error());
  member = *signal;
  return {};
}

Status set_exit_after(Plan& plan, std::string_view text) {
  auto colon = text.find(':');
  if (colon != std::string_view::npos) {
    if (auto code = set_number(plan.exit_after_code, text.substr(colon + 1), 255); !code) return code;
  }
  return set_duration(plan.exit_after, text.substr(0, colon));
}

Status set_listen_on(Plan& plan, std::string_view text) {
  auto address = ListenAddress::parse(text);
  if (!address) return fail(address.error());
  plan.listen = {*address};
  return {};
}

Status set_answer(Plan& plan, std::string_view text) {
  constexpr std::pair<std::string_view, Answer> kNames[] = {
      {"error", Answer::Error},     {"excess", Answer::Excess},    {"short", Answer::Short},
      {"garbage", Answer::Garbage}, {"close", Answer::Unanswered}, {"reset", Answer::Reset},
      {"never", Answer::Never},
  };
  for (const auto& [name, answer] : kNames) {
    if (name != text) continue;
    plan.answer = answer;
    return {};
  }
  return fail(ErrorKind::Invalid, "an answer is error, excess, short, garbage, close, reset or never");
}

struct Behaviour {
  std::string_view name;
  std::string_view argument;  // empty: takes none
  std::string_view help;
  Status (*apply)(Plan& plan, std::string_view argument);
};

#define ROLL_SET(statement)                 \
  [](Plan& p, std::string_view) -> Status { \
    statement;                              \
    return {};                              \
  }
#define ROLL_ARG(expression) [](Plan& p, std::string_view arg) -> Status { return expression; }

constexpr Behaviour kBehaviours[] = {
    {"exit", "CODE", "exit with it before anything else", ROLL_ARG(set_exit_code(p.exit_at_once, arg))},
    {"signal", "NAME", "be killed by this signal before anything else",
     ROLL_ARG(set_signal(p.signal_at_once, arg))},
    {"log", "BYTES", "write that much to standard output first",
     ROLL_ARG(set_number(p.log_bytes, arg, 1ULL << 40))},
    {"daemonize", "", "fork; the parent exits 0, the child serves", ROLL_SET(p.daemonize = true)},
    {"hide", "", "not be dumpable, so that no other process may look at it", ROLL_SET(p.hides = true)},
    {"double-fork", "", "stay in the foreground; a child of a child that has ended serves",
     ROLL_SET(p.double_forks = true)},
    {"recycle", "DUR", "each worker drains after about that long, and another takes its place",
     ROLL_ARG(set_duration(p.recycled_after, arg))},
    {"workers", "N", "fork N children, each with a listener of its own",
     ROLL_ARG(set_number(p.workers, arg, 64))},

    {"never-listen", "", "open no port and never be ready", ROLL_SET(p.listens = p.becomes_ready = false)},
    {"ready-without-port", "", "READY=1, but no port is opened", ROLL_SET(p.listens = false)},
    {"listen-after", "DUR", "open the port late", ROLL_ARG(set_duration(p.listen_after, arg))},
    {"no-reuseport", "", "listen without SO_REUSEPORT", ROLL_SET(p.reuse_port = false)},
    {"listen-on", "ADDR", "listen there and nowhere else", ROLL_ARG(set_listen_on(p, arg))},
    {"first-address-only", "", "leave out the further addresses", ROLL_SET(p.only_first_address = true)},
    {"v6only", "", "set IPV6_V6ONLY", ROLL_SET(p.only_ipv6 = true)},
    {"inherit", "", "take the listeners of $LISTEN_FDS", ROLL_SET(p.inherits = true)},
    {"gate", "", "bind, READY=1, and listen when $ROLL_GATE_FD reads EOF", ROLL_SET(p.waits_for_gate = true)},
    {"reopen", "DUR", "at SIGHUP close the listeners, and that much later open others",
     ROLL_ARG(set_duration(p.reopens_after, arg))},
    {"fail-late", "DUR", "listen, be busy that long as if it read its configuration, and exit with 1",
     ROLL_ARG(set_duration(p.fails_to_start, arg))},
    {"backlog", "N", "of listen(2)", ROLL_ARG(set_number(p.backlog, arg, 65535))},
    {"accept-nothing", "", "listen and be ready, but stuck", ROLL_SET(p.accepting = Accepting::Never)},
    {"accept-and-close", "", "close each connection at once", ROLL_SET(p.accepting = Accepting::AndClosing)},

    {"never-ready", "", "serve, but /readyz is 503 and READY=1 never comes",
     ROLL_SET(p.becomes_ready = false)},
    {"ready-after", "DUR", "listen at once, become ready late", ROLL_ARG(set_duration(p.ready_after, arg))},
    {"unready-after", "DUR", "/readyz turns 503 that long after ready",
     ROLL_ARG(set_duration(p.unready_after, arg))},
    {"exit-after", "DUR[:CODE]", "exit (1) that long after ready", ROLL_ARG(set_exit_after(p, arg))},
    {"abort-after", "DUR", "be killed by SIGABRT that long after ready",
     ROLL_ARG(set_duration(p.abort_after, arg))},
    {"notify-silent", "", "open the notify socket and close it unused",
     ROLL_SET(p.notify_way = NotifyWay::Silent)},
    {"notify-from-child", "", "let a child send the notifications",
     ROLL_SET(p.notify_way = NotifyWay::FromChild)},
    {"status", "TEXT", "send STATUS=TEXT with READY=1", ROLL_ARG((p.status_text = arg, Status()))},

    {"answer", "KIND", "error, excess, short, garbage, close, reset or never, except to /readyz",
     ROLL_ARG(set_answer(p, arg))},
    {"answer-after", "DUR", "let each answer wait", ROLL_ARG(set_duration(p.answer_after, arg))},
    {"rate", "BYTES", "send bodies no faster than this each second",
     ROLL_ARG(set_number(p.bytes_per_second, arg, 1ULL << 40))},

    {"ignore-term", "", "do nothing on SIGTERM, SIGINT and SIGQUIT", ROLL_SET(p.ignores_end = true)},
    {"naive", "", "on SIGTERM close everything and exit at once", ROLL_SET(p.ends_at_once = true)},
    {"drain-on", "SIGNAL", "drain on this signal; SIGTERM closes all at once",
     ROLL_ARG(set_signal(p.end_signal, arg))},
    {"drain-takes", "DUR", "exit no earlier than this after SIGTERM",
     ROLL_ARG(set_duration(p.drain_takes, arg))},
    {"exit-on-term", "CODE", "the exit code after a drain",
     ROLL_ARG(set_number(p.exit_code_on_end, arg, 255))},
};

#undef ROLL_SET
#undef ROLL_ARG

}  // namespace

Status apply_behaviour(Plan& plan, std::string_view text) {
  auto equals = text.find('=');
  auto name = text.substr(0, equals);
  bool has_argument = equals != std::string_view::npos;
  for (const auto& behaviour : kBehaviours) {
    if (behaviour.name != name) continue;
    if (has_argument == behaviour.argument.empty()) {
      return fail(ErrorKind::Invalid, "behaviour " + std::string(name) +
                                          (has_argument ? " takes no argument" : " needs an argument"));
    }
    auto applied = behaviour.apply(plan, has_argument ? text.substr(equals + 1) : std::string_view());
    if (!applied) return fail(with_context(applied.error(), "behaviour " + std::string(name)));
    return {};
  }
  return fail(ErrorKind::Invalid, "no behaviour is called \"" + std::string(name) + "\"", "see --help");
}

std::string describe_behaviours() {
  std::string text;
  for (const auto& behaviour : kBehaviours) {
    std::string line = "  " + std::string(behaviour.name);
    if (!behaviour.argument.empty()) line += "=" + std::string(behaviour.argument);
    line.resize(std::max<size_t>(line.size() + 1, 26), ' ');
    text += line + std::string(behaviour.help) + "\n";
  }
  return text;
}

}  // namespace rollctl::stub
