// SPDX-License-Identifier: MIT
#include "ui/human_reporter.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/duration.h"
#include "steering/handover.h"
#include "ui/error_view.h"
#include "ui/wording.h"

namespace rollctl {

namespace {

constexpr size_t kLongestLogLine = 400;  // a line may be a whole document in JSON
constexpr const char* kLogIndent = "    | ";

// How a change hands connections over; nothing where no release serves before it, or none after it.
std::optional<Handover> handover_of(const DeployStarted& started) {
  if (started.from.value_or("").empty() || started.command == AppCommand::Start ||
      started.command == AppCommand::Stop)
    return std::nullopt;
  for (const Handover way : {Handover::Steer, Handover::Migrate, Handover::Plain})
    if (started.handover == handover_name(way)) return way;
  return std::nullopt;
}

std::vector<Line> log_lines(const FailedInstance& failed, Charset charset) {
  if (failed.last_lines.empty()) return {{fmt::format("  instance {} logged nothing", failed.id)}};
  std::vector<Line> lines{{fmt::format("  the last lines that instance {} logged:", failed.id)}};
  for (const std::string& text : failed.last_lines)
    lines.push_back({Span(kLogIndent, Tone::Quiet), cut_to_width(text, kLongestLogLine, charset)});
  return lines;
}

Line summary_line(const Verdict& verdict) {
  const std::string text = summary_text(verdict);
  return {text};
}

std::string padded(const std::string& text, size_t width, Charset charset) {
  const size_t wide = display_width(text, charset);
  return text + std::string(wide < width ? width - wide : 0, ' ');
}

}  // namespace

HumanReporter::HumanReporter(Outputs outputs, std::string app, Verbosity verbosity)
    : outputs_(std::move(outputs)),
      app_(std::move(app)),
      verbosity_(verbosity),
      progress_(outputs_.err, outputs_.err_terminal) {}

void HumanReporter::on_event(const Event& event) {
  if (is<HookFailed>(event)) return on_warning(event_text(event).value_or(""));
  const auto* started = std::get_if<DeployStarted>(&event.body);
  const bool in_place = outputs_.err_terminal.motion == Terminal::Motion::InPlace;
  // In place the instances' own lines tell the rest.
  if (verbosity_ == Verbosity::Verbose ||
      (verbosity_ == Verbosity::Normal && (started != nullptr || !in_place))) {
    if (const auto text = event_text(event)) say({app_ + ": " + *text});
  }
  if (started != nullptr) say_handover(*started);
}

// One that may lose connections is always said before it starts.
void HumanReporter::say_handover(const DeployStarted& started) {
  const auto way = handover_of(started);
  if (!way) return;
  if (*way == Handover::Plain) return on_warning(handover_guarantee(*way));
  if (verbosity_ == Verbosity::Verbose) say({app_ + ": " + handover_guarantee(*way)});
}

void HumanReporter::on_fleet(const std::vector<InstanceView>& fleet) {
  for (const InstanceView& instance : fleet)
    if (instance.state == InstanceState::Starting) fresh_.insert(instance.id);
  if (verbosity_ != Verbosity::Quiet) progress_.show(fleet_lines(fleet));
}

std::vector<Line> HumanReporter::fleet_lines(std::vector<InstanceView> fleet) const {
  // Without room for all, stopped instances are omitted first.
  if (fleet.size() >= outputs_.err_terminal.size().rows)
    std::erase_if(fleet,
                  [](const InstanceView& instance) { return instance.state == InstanceState::Stopped; });
  const Charset charset = outputs_.err_terminal.charset;
  size_t id_width = 0;
  size_t release_width = 0;
  for (const InstanceView& instance : fleet) {
    id_width = std::max(id_width, std::to_string(instance.id).size());
    release_width = std::max(release_width, display_width(instance.release, charset));
  }
  constexpr size_t kStateWidth = 10;
  std::vector<Line> lines;
  for (const InstanceView& instance : fleet) {
    const std::string state = instance_state_name(instance.state);
    Line line{fmt::format("  {:>{}}  ", instance.id, id_width),
              padded(instance.release, release_width, charset) + "  ", Span(state, tone_of(instance.state))};
    if (const std::string news = news_of(instance); !news.empty())
      line.emplace_back(std::string(kStateWidth - std::min(kStateWidth, state.size()) + 2, ' ') + news);
    lines.push_back(std::move(line));
  }
  return lines;
}

std::string HumanReporter::news_of(const InstanceView& instance) const {
  std::vector<std::string> news;
  const bool up = instance.state == InstanceState::Ready || instance.state == InstanceState::Serving ||
                  instance.state == InstanceState::Canary;
  if (up && instance.ready_after && fresh_.contains(instance.id))
    news.push_back("ready after " + human_duration(*instance.ready_after));
  if (instance.connections) news.push_back(count_text(*instance.connections, "connection"));
  if (!instance.detail.empty()) news.push_back(instance.detail);
  return fmt::format("{}", fmt::join(news, ", "));
}

void HumanReporter::on_warning(const std::string& message) {
  say(warning_line(message));
}

void HumanReporter::say(const Line& line) {
  left_out_.offer(
      1, [&] { return progress_.offer(line); },
      [&](const std::string& remark) { return progress_.offer(warning_line(remark)); });
}

void HumanReporter::remark() {
  if (const auto remark = left_out_.take_remark()) progress_.print(warning_line(*remark));
}

void HumanReporter::finish(const Verdict& verdict, int exit_status) {
  progress_.release();
  remark();
  if (is_failure(verdict)) {
    const Error failure = failure_of(verdict);
    std::vector<Line> lines = error_lines({failure.kind, failure.os_error, failure.message, {}});
    if (verdict.failed) {
      const std::string what = fmt::format("instance {}: {}", verdict.failed->id, verdict.failed->what);
      if (failure.message.find(verdict.failed->what) == std::string::npos) lines.push_back({"  " + what});
      for (Line& line : log_lines(*verdict.failed, outputs_.err_terminal.charset))
        lines.push_back(std::move(line));
    }
    lines.push_back({"  " + aftermath_text(verdict)});
    if (!failure.hint.empty()) lines.push_back(hint_line(failure.hint));
    progress_.print(lines);
  } else if (verdict.connections_cut > 0) {
    const std::string cut = count_text(verdict.connections_cut, "connection") + " cut at the drain deadline";
    if (exit_status != 0)
      progress_.print(error_lines({ErrorKind::Failed, 0, cut + ", which --strict does not allow", {}}));
    else
      progress_.print(warning_line(cut));
  }
  if (!is_failure(verdict) && !verdict.hint.empty() && verbosity_ != Verbosity::Quiet)
    progress_.print(hint_line(verdict.hint));
  if (verbosity_ != Verbosity::Quiet)
    outputs_.out.write(render(std::vector<Line>{summary_line(verdict)}, outputs_.out_terminal));
}

void HumanReporter::error(const Error& error, int) {
  progress_.release();
  remark();
  progress_.print(error_lines(error));
}

}  // namespace rollctl
