// SPDX-License-Identifier: MIT
#include "app/start_check.h"

#include <fmt/format.h>
#include <unistd.h>

#include <utility>

namespace rollctl {

namespace {

Status check_preload_library(const Paths& paths, const AppConfig& config) {
  if (config.socket != SocketMode::Preload) return {};
  const std::string library = paths.preload_library();
  if (::access(library.c_str(), R_OK) != 0)
    return fail(ErrorKind::Unsupported, last_os_failure("socket = \"preload\" needs " + library).message,
                "install the rollctl package again, or set ROLLCTL_LIBEXEC_DIR");
  // The loader would take what stands before a blank or a colon for a library of its own.
  if (library.find_first_of(" :") != std::string::npos)
    return fail(
        ErrorKind::Unsupported,
        fmt::format("socket = \"preload\" cannot use {}: LD_PRELOAD allows no blank and no colon", library),
        "install rollctl in another folder");
  return {};
}

}  // namespace

StartCheck check_means(const Paths& paths, const AppConfig& config) {
  StartCheck check;
  if (auto launcher = resolve_launcher(config)) {
    check.launcher = std::move(*launcher);
  } else {
    check.findings.push_back(launcher.error());
  }
  if (Status found = check_preload_library(paths, config); !found) check.findings.push_back(found.error());
  return check;
}

StartCheck check_start(const Paths& paths, const GenerationSpec& spec) {
  StartCheck check = check_means(paths, spec.config);
  for (Error& error : check_against_host(spec)) check.findings.push_back(std::move(error));
  return check;
}

}  // namespace rollctl
