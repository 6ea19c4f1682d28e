// SPDX-License-Identifier: MIT
#include "rollctl/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iterator>
#include <map>
#include <string_view>

#include "base/duration.h"
#include "config/app_file.h"
#include "config/nearest.h"

namespace roll {

namespace {

// Texts as they were typed; what they mean is found out by one parser each, which also the app file uses.
struct RawOptions {
  std::string instances, ready, canary, bake, hold, batch, ready_deadline, drain_deadline, handover;
  std::vector<std::string> listen;
  std::string count;
};

// Which options a command takes beyond those of all that move traffic.
constexpr unsigned kNone = 0;
constexpr unsigned kBatch = 1;
constexpr unsigned kReady = 2;
constexpr unsigned kDeploy = 4;
constexpr unsigned kHold = 8;

void add_common(CLI::App& command, CommandLine& line) {
  command.add_flag("--json", line.common.json, "Print events or one object as JSON on standard output");
  auto* quiet = command.add_flag("-q,--quiet", line.common.quiet, "Say only what went wrong");
  command.add_flag("-v,--verbose", line.common.verbose, "Say more")->excludes(quiet);
  command.add_flag("--no-color", line.common.no_color, "No colours");
}

constexpr std::string_view kCommon[] = {"--json", "-q", "--quiet", "-v", "--verbose", "--no-color"};

bool is_common(std::string_view argument) {
  return std::find(std::begin(kCommon), std::end(kCommon), argument) != std::end(kCommon);
}

void add_app(CLI::App& command, CommandLine& line) {
  command.add_option("APP", line.app, "The app: its name, or a path to its app file")->required();
}

void add_traffic(CLI::App& command, CommandLine& line, RawOptions& raw, unsigned needs) {
  TrafficOptions& traffic = line.traffic;
  if (needs & kDeploy) {
    command.add_option("-n,--instances", raw.instances, "Number of instances, or `cpus`")->type_name("N");
    command.add_option("--listen", raw.listen, "HOST:PORT, [V6]:PORT or :PORT; may be given again")
        ->type_name("ADDR");
    command.add_option("--ready", raw.ready, "http:/PATH, tcp, listen or notify")->type_name("KIND[:PATH]");
    command
        .add_option("--canary", raw.canary, "Start one new instance with this share of the new connections")
        ->type_name("P%");
    command
        .add_option("--bake", raw.bake,
                    "Watch the new release this long before the old one drains; a canary is promoted then")
        ->type_name("DUR");
  }
  if (needs & kHold)
    command.add_option("--hold", raw.hold, "Keep the old instances on standby this long")->type_name("DUR");
  if (needs & kBatch)
    command.add_option("--batch", raw.batch, "How many are replaced at a time: N, P% or all")->type_name("N");
  if (needs & kReady)
    command.add_option("--ready-deadline", raw.ready_deadline, "For an instance to become ready")
        ->type_name("DUR");
  command.add_option("--drain-deadline", raw.drain_deadline, "Then what is still open is cut")
      ->type_name("DUR");
  command.add_option("--handover", raw.handover, "auto, steer, migrate or plain")->type_name("WAY");
  command.add_flag("--detach", traffic.detach, "Return when the traffic has moved");
  command.add_flag("--strict", traffic.strict, "Exit status 4 if connections were cut");
  command.add_flag("--dry-run", traffic.dry_run, "Print the plan, touch nothing");
  command.add_option("--note", traffic.note, "Kept in the history")->type_name("TEXT");
}

template <typename T>
Status read(const std::string& text, const char* option, Result<T> (*parse)(const std::string&),
            std::optional<T>& target) {
  if (text.empty()) return {};
  auto value = parse(text);
  if (!value) return fail(with_context(value.error(), option));
  target = std::move(*value);
  return {};
}

Result<Millis> duration(const std::string& text) {
  return parse_duration(text);
}
Result<double> percent(const std::string& text) {
  return parse_percent(text);
}
Result<HandoverPolicy> policy(const std::string& text) {
  return parse_handover_policy(text);
}

Result<ReadyConfig> ready(const std::string& text) {
  const size_t colon = text.find(':');
  const std::string kind = text.substr(0, colon);
  ReadyConfig ready;
  if (kind == "http" || kind == "https") {
    ready.kind = kind == "http" ? ProbeKind::Http : ProbeKind::Https;
    if (colon != std::string::npos) ready.path = text.substr(colon + 1);
    if (!ready.path.starts_with('/'))
      return fail(ErrorKind::Invalid, "'" + text + "' has no path that begins with /", "http:/readyz");
    return ready;
  }
  static const std::map<std::string, ProbeKind> kKinds{
      {"tcp", ProbeKind::Tcp}, {"listen", ProbeKind::Listen}, {"notify", ProbeKind::Notify}};
  const auto found = kKinds.find(text);
  if (found == kKinds.end())
    return fail(ErrorKind::Invalid, "'" + text + "' is not a kind of readiness",
                "http:/PATH, tcp, listen or notify");
  ready.kind = found->second;
  return ready;
}

Status understand(const RawOptions& raw, CommandLine& line) {
  TrafficOptions& traffic = line.traffic;
  for (const std::string& text : raw.listen) {
    auto address = ListenAddress::parse(text);
    if (!address) return fail(with_context(address.error(), "--listen"));
    traffic.listen.push_back(std::move(*address));
  }
  for (const Status& status :
       {read<InstanceCount>(raw.instances, "--instances", &InstanceCount::parse, traffic.instances),
        read<ReadyConfig>(raw.ready, "--ready", &ready, traffic.ready),
        read<double>(raw.canary, "--canary", &percent, traffic.canary),
        read<Millis>(raw.bake, "--bake", &duration, traffic.bake),
        read<Millis>(raw.hold, "--hold", &duration, traffic.hold),
        read<Batch>(raw.batch, "--batch", &Batch::parse, traffic.batch),
        read<Millis>(raw.ready_deadline, "--ready-deadline", &duration, traffic.ready_deadline),
        read<Millis>(raw.drain_deadline, "--drain-deadline", &duration, traffic.drain_deadline),
        read<HandoverPolicy>(raw.handover, "--handover", &policy, traffic.handover)}) {
    if (!status) return status;
  }
  if (!raw.count.empty()) {
    auto count = InstanceCount::parse(raw.count);
    if (!count) return fail(count.error());
    line.count = count->resolve();
  }
  return {};
}

// The commands and their options; where one is chosen, it alone. Options have only the commands that are
// named, and those about traffic only where some are given: to build all, or even the bare commands, takes as
// long as to start a server.
void add_commands(CLI::App& program, const std::string& chosen, const std::vector<std::string>& arguments,
                  CommandLine& line, RawOptions& raw) {
  const auto verb = [&](const char* name, const char* text) -> CLI::App* {
    if (!chosen.empty() && chosen != name) return nullptr;
    CLI::App* command = program.add_subcommand(name, text);
    command->callback([&line, name] { line.verb = name; });
    if (std::find(arguments.begin(), arguments.end(), name) == arguments.end()) return nullptr;
    add_common(*command, line);
    command->set_version_flag("--version", "rollctl " ROLL_VERSION);
    return command;
  };

  const bool some_given = std::any_of(arguments.begin(), arguments.end(), [](const std::string& text) {
    return text.starts_with('-') && !is_common(text);
  });
  const auto takes_traffic = [&](CLI::App& command, unsigned needs) {
    if (some_given) add_traffic(command, line, raw, needs);
  };

  if (CLI::App* deploy = verb("deploy", "Roll a release out")) {
    add_app(*deploy, line);
    deploy->add_option("RELEASE", line.release,
                       "A label of the version; required where the app uses {release}");
    takes_traffic(*deploy, kDeploy | kHold | kBatch | kReady);
    deploy->footer("Behind `--`: the COMMAND of an app that has no app file.");
  }
  if (CLI::App* rollback = verb("rollback", "Go back to the release that was completed before")) {
    add_app(*rollback, line);
    auto* to = rollback->add_option("--to", line.to_release, "To this release")->type_name("RELEASE");
    rollback->add_option("--to-generation", line.to_generation, "To this generation")
        ->type_name("N")
        ->excludes(to);
    takes_traffic(*rollback, kHold | kBatch | kReady);
  }
  if (CLI::App* restart = verb("restart", "Roll the same release again")) {
    add_app(*restart, line);
    takes_traffic(*restart, kHold | kBatch | kReady);
  }
  if (CLI::App* promote = verb("promote", "End a canary: everything new")) {
    add_app(*promote, line);
    takes_traffic(*promote, kHold | kBatch | kReady);
  }
  if (CLI::App* abort = verb("abort", "End a canary: everything old")) {
    add_app(*abort, line);
    takes_traffic(*abort, kBatch | kReady);
  }
  if (CLI::App* scale = verb("scale", "Change the number of instances")) {
    add_app(*scale, line);
    scale->add_option("N", raw.count, "How many, or `cpus`")->required();
    takes_traffic(*scale, kBatch | kReady);
  }
  if (CLI::App* start = verb("start", "Bring all wanted instances up")) {
    add_app(*start, line);
    takes_traffic(*start, kBatch | kReady);
  }
  if (CLI::App* stop = verb("stop", "Drain all instances")) {
    add_app(*stop, line);
    takes_traffic(*stop, kNone);
  }
  if (CLI::App* remove = verb("remove", "Forget a stopped app: its state, history and logs")) {
    add_app(*remove, line);
  }
  if (CLI::App* status = verb("status", "Show what serves")) {
    status->add_option("APP", line.app, "The app; all without one");
    status->add_flag("--watch", line.watch, "Go on showing it until interrupted");
    status->add_flag("--wait", line.wait, "Wait until no change is running");
  }
  if (CLI::App* history = verb("history", "Show what was done")) {
    add_app(*history, line);
    history->add_option("-n", line.lines, "The last N changes (default: 20)")
        ->type_name("N")
        ->check(CLI::PositiveNumber);
  }
  if (CLI::App* logs = verb("logs", "Show what the instances logged")) {
    add_app(*logs, line);
    logs->add_flag("-f,--follow", line.follow, "Go on as it grows");
    logs->add_option("-n", line.lines, "The last N lines (default: 100)")
        ->type_name("N")
        ->check(CLI::NonNegativeNumber);
    logs->add_option("--instance", line.instance, "Of this instance alone")->type_name("ID");
  }
  if (CLI::App* check = verb("check", "Check the app file against this host, touch nothing"))
    add_app(*check, line);
  verb("doctor", "Tell what this host can do, tried in a private network");
  if (CLI::App* recover = verb("recover", "Finish or undo what an interrupted rollctl left"))
    add_app(*recover, line);
  // For the completions of the shells alone, so it stands in no list.
  if (chosen == "complete") {
    CLI::App* complete = verb("complete", "Print what may be typed, one word a line");
    complete->add_option("KIND", line.candidates, "apps, releases, deployed, generations or instances")
        ->required();
    complete->add_option("APP", line.app, "The app; empty for apps");
    complete->add_option("BEGUN", line.begun, "Where there are very many: only those that begin so");
  }
}

// The command, where one is named; else empty.
std::string first_word(const std::vector<std::string>& arguments) {
  const auto word = std::find_if(arguments.begin(), arguments.end(),
                                 [](const std::string& text) { return !text.starts_with('-'); });
  return word == arguments.end() ? std::string() : *word;
}

struct UnknownOption {
  std::string text;
  std::string nearest;
};

std::optional<UnknownOption> unknown_option(const CLI::App& command,
                                            const std::vector<std::string>& arguments) {
  std::vector<std::string> known;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
    for (const std::string& name : option->get_snames()) known.push_back("-" + name);
  }
  for (const std::string& argument : arguments) {
    if (argument == "--") break;
    const std::string name = argument.substr(0, argument.find('='));
    if (!name.starts_with("--") || std::find(known.begin(), known.end(), name) != known.end()) continue;
    return UnknownOption{name, nearest(name, known)};
  }
  return std::nullopt;
}

// CLI11 says "The following argument was not expected: depoly"; the nearest command helps more.
Error usage_error(const CLI::ParseError& error, const CLI::App& program,
                  const std::vector<std::string>& arguments) {
  const std::string verb = first_word(arguments);
  std::vector<std::string> verbs;
  for (const CLI::App* command : program.get_subcommands([](const CLI::App*) { return true; }))
    verbs.push_back(command->get_name());
  if (verb.empty()) return {ErrorKind::Invalid, 0, "no command was given", "see `rollctl --help`"};
  if (std::find(verbs.begin(), verbs.end(), verb) == verbs.end()) {
    return {ErrorKind::Invalid, 0, "there is no command '" + verb + "'",
            "did you mean `rollctl " + nearest(verb, verbs) + "`? See `rollctl --help`"};
  }
  if (const auto unknown = unknown_option(*program.get_subcommand(verb), arguments))
    return {ErrorKind::Invalid, 0, verb + ": there is no option '" + unknown->text + "'",
            "did you mean " + unknown->nearest + "? See `rollctl " + verb + " --help`"};
  std::string what = error.what();
  std::replace(what.begin(), what.end(), '\n', ' ');
  while (!what.empty() && (what.back() == ' ' || what.back() == '.')) what.pop_back();
  return {ErrorKind::Invalid, 0, verb + ": " + what, "see `rollctl " + verb + " --help`"};
}

}  // namespace

CommonOptions guess_common_options(const std::vector<std::string>& arguments) {
  const auto given = [&](const char* option) {
    const auto end = std::find(arguments.begin(), arguments.end(), "--");
    return std::find(arguments.begin(), end, option) != end;
  };
  CommonOptions options;
  options.json = given("--json");
  options.no_color = given("--no-color");
  return options;
}

Result<Parsed> parse_command_line(const std::vector<std::string>& arguments) {
  // CLI11 2.1 fills optional positionals across `--`, and would take COMMAND for RELEASE.
  const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
  std::vector<std::string> ours(arguments.begin(), dashes);
  CommandLine line;
  if (dashes != arguments.end()) line.command.assign(dashes + 1, arguments.end());

  RawOptions raw;
  CLI::App program{"Ships a new release of a server without losing a connection.", "rollctl"};
  program.require_subcommand(1);
  program.set_version_flag("--version", "rollctl " ROLL_VERSION);
  program.footer(
      "An app is described by /etc/rollctl/APP.toml, or, without a file, by a command:\n"
      "  rollctl deploy web --listen :8080 -- ./web --port 8080\n"
      "Exit status: 0 done, 1 failed and undone, 2 usage, 3 needs attention, 4 connections cut (--strict),\n"
      "  5 busy, 6 no such app, 7 not permitted or not possible here.");
  add_commands(program, first_word(ours), ours, line, raw);
  if (program.get_subcommands({}).empty()) add_commands(program, {}, ours, line, raw);

  std::reverse(ours.begin(), ours.end());  // as CLI11 wants them
  try {
    program.parse(ours);
  } catch (const CLI::CallForHelp&) {
    const auto chosen = program.get_subcommands();
    return Parsed{std::nullopt, chosen.empty() ? program.help() : chosen.front()->help("rollctl")};
  } catch (const CLI::CallForVersion&) {
    return Parsed{std::nullopt, "rollctl " ROLL_VERSION "\n"};
  } catch (const CLI::ParseError& error) {
    return fail(usage_error(error, program, arguments));
  }
  if (!line.command.empty() && line.verb != "deploy")
    return fail(ErrorKind::Invalid, line.verb + " takes no command behind `--`",
                "only `rollctl deploy` does");
  if (Status understood = understand(raw, line); !understood) return fail(understood.error());
  return Parsed{std::move(line), {}};
}

}  // namespace roll
