// SPDX-License-Identifier: MIT
#include "state/instance_releases.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <filesystem>
#include <set>

#include "base/backward_lines.h"
#include "base/own_file.h"
#include "process/event_codec.h"

namespace rollctl {

namespace fs = std::filesystem;

InstanceReleases::InstanceReleases(const Paths& paths, const std::string& app)
    : journal_(paths.journal(app)) {
  std::error_code failure;
  const fs::path journal(journal_);
  for (const auto& entry : fs::directory_iterator(journal.parent_path(), failure)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(journal.stem().string()) && name.ends_with(journal.extension().string()))
      read(entry.path().string());
  }
}

std::string InstanceReleases::of(InstanceId id) {
  if (!releases_.contains(id)) read(journal_);
  return releases_[id];
}

void InstanceReleases::read(const std::string& file) {
  const auto fd = open_own_file(file, O_RDONLY);
  struct stat info{};
  if (!fd || ::fstat(fd->get(), &info) != 0) return;
  BackwardLines lines(fd->get(), 0, info.st_size);
  while (const auto line = lines.next()) {
    if (line->find(InstanceStarting::kName) == std::string_view::npos) continue;
    const auto event = parse_event_line(*line);
    if (!event) continue;
    if (const auto* starting = std::get_if<InstanceStarting>(&event->body))
      releases_[starting->id] = starting->release;
  }
}

}  // namespace rollctl
