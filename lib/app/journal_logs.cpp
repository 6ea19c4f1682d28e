// SPDX-License-Identifier: MIT
#include "app/journal_logs.h"

#include <unistd.h>

#include <utility>

namespace rollctl {

namespace {

constexpr Millis kAnswerDeadline{60'000};
constexpr size_t kLongestEntry = size_t{16} << 20;

// Takes the whole lines off the front of `text`.
std::vector<LogLine> take_lines(const std::string& app, std::string& text) {
  std::vector<LogLine> lines;
  size_t start = 0;
  for (size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', start)) {
    if (auto line = parse_journal_line(app, text.substr(start, end - start)))
      lines.push_back(std::move(*line));
    start = end + 1;
  }
  text.erase(0, start);
  return lines;
}

}  // namespace

Result<std::vector<LogLine>> JournalLogs::last_lines() const {
  auto told = run_command(journal_command(scope_, query_), Command::Stderr::Discarded, kAnswerDeadline);
  if (!told) return fail(told.error());
  auto lines = take_lines(query_.app, told->text);
  std::erase_if(lines, [this](const LogLine& line) { return !shows_(line.instance); });
  return lines;
}

Status JournalLogs::follow(Loop& loop, const FollowedOutput& output) {
  JournalQuery endless = query_;
  endless.end = JournalQuery::End::Never;
  auto command = Command::start(journal_command(scope_, endless), Command::Stderr::Discarded);
  if (!command) return fail(command.error());
  command_.emplace(std::move(*command));
  loop_ = &loop;
  output_ = &output;
  watch();
  return {};
}

void JournalLogs::watch() {
  watch_ = loop_->on_readable(command_->output(), [this] { show_new(); });
}

void JournalLogs::show_new() {
  if (!output_->has_room()) {
    watch_ = loop_->after(FollowedOutput::kAskAgain, [this] { watch(); });
    return;
  }
  char buffer[65536];
  const ssize_t got = ::read(command_->output(), buffer, sizeof buffer);
  if (got == 0) watch_.reset();
  if (got <= 0) return;
  unfinished_.append(buffer, static_cast<size_t>(got));
  for (const LogLine& line : take_lines(query_.app, unfinished_))
    if (shows_(line.instance)) printer_.print(line);
  if (unfinished_.size() > kLongestEntry) unfinished_.clear();
}

}  // namespace rollctl
