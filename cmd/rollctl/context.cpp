// SPDX-License-Identifier: MIT
#include "rollctl/context.h"

#include <fmt/ranges.h>
#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "app/signals.h"
#include "base/privilege.h"
#include "process/json_reader.h"
#include "rollctl/exit_status.h"
#include "ui/error_view.h"

namespace rollctl {

namespace {

const char* environment(const char* name) {
  return std::getenv(name);
}

// After a signal, drop the remaining output once the reader has taken nothing for this long.
constexpr Millis kLastPatience{500};

}  // namespace

Context::Context(CommonOptions options, std::vector<std::string> command_line)
    : options_(options),
      command_text_(fmt::format("{}", fmt::join(command_line, " "))),
      out_(STDOUT_FILENO),
      err_(STDERR_FILENO) {
  const ColorWish wish = options_.no_color ? ColorWish::Never : ColorWish::Auto;
  out_terminal_ = Terminal::detect(STDOUT_FILENO, environment, wish);
  err_terminal_ = Terminal::detect(STDERR_FILENO, environment, wish);
}

ChangeSession::Setting Context::session_setting(const Paths& paths, const std::string& app,
                                                ChangeSession::Access access, Reporter& reporter) {
  return {paths, app, access, command_text_, reporter, *this, err_};
}

Result<Paths> Context::paths() {
  const auto power = is_privileged() ? Paths::Power::Capabilities : Paths::Power::None;
  return Paths::resolve(::geteuid(), environment, power);
}

std::string app_label(const std::string& argument) {
  const std::string name = argument.substr(argument.rfind('/') + 1);
  return name.substr(0, name.find('.'));
}

std::unique_ptr<Reporter> Context::reporter(const std::string& app) {
  if (options_.json) return std::make_unique<JsonReporter>(out_, app);
  const Verbosity verbosity = options_.quiet     ? Verbosity::Quiet
                              : options_.verbose ? Verbosity::Verbose
                                                 : Verbosity::Normal;
  return std::make_unique<HumanReporter>(HumanReporter::Outputs{out_, out_terminal_, err_, err_terminal_},
                                         app, verbosity);
}

void Context::outlive_signals() {
  FdSink::write_in_background(out_, err_);
}

int Context::finish(int status) {
  const auto enough = [before = signals_received()](Millis standstill) {
    const int received = signals_received();
    return received > before || (received > 0 && standstill >= kLastPatience);
  };
  err_.await_written(enough);
  out_.await_written(enough);
  return status;
}

int Context::fail(const Error& error) {
  return tell_error(error, *reporter({}));
}

void Context::print_json(const nlohmann::json& object) {
  out_.write(json_text(object) + "\n");
}

void Context::print(const std::vector<Line>& lines) {
  out_.write(render(lines, out_terminal_));
}

}  // namespace rollctl
