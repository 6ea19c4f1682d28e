// SPDX-License-Identifier: MIT
#include "event_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>

namespace rollctl::stub {
namespace {

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (char character : text) {
    if (character == '"' || character == '\\') result += '\\';
    result += static_cast<unsigned char>(character) < 0x20 ? '?' : character;
  }
  return result + '"';
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

}  // namespace

Result<EventFile> EventFile::open(const std::string& path) {
  EventFile events;
  if (path.empty()) return events;
  events.file_ = Fd(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666));
  if (!events.file_) return fail(last_os_failure("cannot open " + path));
  events.identity_ = ",\"instance\":" + quoted(variable("ROLL_INSTANCE")) +
                     ",\"release\":" + quoted(variable("ROLL_RELEASE"));
  return events;
}

void EventFile::append(std::string_view event, std::string_view detail) {
  if (!file_) return;
  auto now = std::chrono::steady_clock::now().time_since_epoch();
  std::string line = "{\"ns\":" + std::to_string(std::chrono::nanoseconds(now).count()) +
                     ",\"pid\":" + std::to_string(getpid()) + identity_ +
                     ",\"ready\":" + (ready_ ? "true" : "false") + ",\"event\":" + quoted(event);
  if (!detail.empty()) line += ",\"detail\":" + quoted(detail);
  line += "}\n";
  [[maybe_unused]] ssize_t ignored = write(file_.get(), line.data(), line.size());
}

}  // namespace rollctl::stub
