// SPDX-License-Identifier: MIT
#include "config/hidden_program.h"

#include <sys/xattr.h>

#include <algorithm>

namespace rollctl {

bool mode_allows(const Credentials& who, const struct stat& file, FileUse use) {
  const bool reads = use == FileUse::Read;
  const mode_t any = reads ? S_IRUSR | S_IRGRP | S_IROTH : S_IXUSR | S_IXGRP | S_IXOTH;
  if (who.uid == 0) return reads || S_ISDIR(file.st_mode) || (file.st_mode & any) != 0;
  if (who.uid == file.st_uid) return (file.st_mode & any & S_IRWXU) != 0;
  const bool member =
      who.gid == file.st_gid || std::ranges::find(who.groups, file.st_gid) != who.groups.end();
  return (file.st_mode & any & (member ? S_IRWXG : S_IRWXO)) != 0;
}

std::string_view hiding_text(Hiding hiding) {
  switch (hiding) {
    case Hiding::Unreadable:
      return "may be executed but not read by the server's user";
    case Hiding::SetId:
      return "is a setuid or setgid program";
    case Hiding::Capabilities:
      return "has file capabilities";
  }
  return {};
}

std::optional<Hiding> hiding_of(const std::string& path, const Credentials& who) {
  struct stat file{};
  if (::stat(path.c_str(), &file) != 0) return std::nullopt;
  const bool changes_user = (file.st_mode & S_ISUID) != 0 && file.st_uid != who.uid;
  const bool changes_group = (file.st_mode & S_ISGID) != 0 && file.st_gid != who.gid;
  if (changes_user || changes_group) return Hiding::SetId;
  // Root has them anyway.
  if (who.uid != 0 && ::getxattr(path.c_str(), "security.capability", nullptr, 0) > 0)
    return Hiding::Capabilities;
  if (!mode_allows(who, file, FileUse::Read)) return Hiding::Unreadable;
  return std::nullopt;
}

}  // namespace rollctl
