// SPDX-License-Identifier: MIT
#include "base/own_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/path_walk.h"
#include "base/regular_file.h"
#include "base/user_name.h"

namespace rollctl {

namespace {

constexpr mode_t kOthers = S_IWGRP | S_IWOTH;
constexpr const char* kElsewhere = "choose a folder that only you can change: rollctl(1), ENVIRONMENT";

Error distrust(const std::string& path, const std::string& why, std::string hint) {
  return {ErrorKind::NotPermitted, EPERM, path + " cannot be trusted: " + why, std::move(hint)};
}

Error distrust_owner(const std::string& path, uid_t owner) {
  return distrust(path, "it belongs to " + user_text(owner), "remove it, or " + std::string(kElsewhere));
}

Result<struct stat> look_at_folder(const std::string& path) {
  const auto walked = walk_path(path);
  if (!walked) return fail(walked.error());
  if (!S_ISDIR(walked->info.st_mode)) return fail(os_failure("cannot use " + path, ENOTDIR));
  if (!is_trusted(walked->info.st_uid, Trust::RootAndUs))
    return fail(distrust_owner(path, walked->info.st_uid));
  for (const UntrustedWriter& one : walked->untrusted)
    if (one.kind != UntrustedWriter::Kind::Group)
      return fail(distrust(path, one.name() + " can replace it, through " + one.where, kElsewhere));
  return walked->info;
}

}  // namespace

Status check_own_folder(const std::string& path) {
  const auto folder = look_at_folder(path);
  if (!folder) return fail(folder.error());
  if ((folder->st_mode & kOthers) == 0) return {};
  return fail(distrust(path, "others may write into it", "chmod go-w " + path));
}

Status check_place_for_folders(const std::string& path) {
  const auto folder = look_at_folder(path);
  if (!folder) return fail(folder.error());
  if ((folder->st_mode & S_IWOTH) == 0 || (folder->st_mode & S_ISVTX) != 0) return {};
  return fail(distrust(path, "everybody may write into it", "chmod o-w " + path));
}

Result<Fd> open_own_file(const std::string& path, int flags, mode_t mode) {
  Fd file(::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, mode));
  struct stat info{};
  if (!file || ::fstat(file.get(), &info) != 0) return fail(last_os_failure("cannot open " + path));
  if (Status regular = check_regular(info, path); !regular) return fail(regular.error());
  if (!is_trusted(info.st_uid, Trust::RootAndUs)) return fail(distrust_owner(path, info.st_uid));
  if ((info.st_mode & kOthers) != 0)
    return fail(distrust(path, "others may write it", "remove it, or chmod go-w " + path));
  return file;
}

Result<std::string> read_own_file(const std::string& path, size_t limit) {
  const auto file = open_own_file(path, O_RDONLY);
  if (!file) return fail(file.error());
  auto text = read_all(file->get(), limit);
  if (!text) return fail(with_context(text.error(), path));
  return text;
}

}  // namespace rollctl
