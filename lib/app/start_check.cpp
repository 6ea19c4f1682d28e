// SPDX-License-Identifier: MIT
#include "app/start_check.h"

#include <fmt/format.h>
#include <unistd.h>

#include <utility>

#include "bpf/http_close_program.h"
#include "config/launch_check.h"
#include "config/users.h"
#include "net/other_process.h"
#include "net/sock_diag.h"

namespace rollctl {

namespace {

Status check_preload_library(const Paths& paths, const AppConfig& config) {
  if (config.socket != SocketMode::Preload) return {};
  const std::string library = paths.preload_library();
  if (::access(library.c_str(), R_OK) != 0)
    return fail(ErrorKind::Unsupported, last_os_failure("socket = \"preload\" needs " + library).message,
                "reinstall the rollctl package, or set ROLLCTL_LIBEXEC_DIR");
  // The dynamic loader splits LD_PRELOAD at blanks and colons.
  if (library.find_first_of(" :") != std::string::npos)
    return fail(
        ErrorKind::Unsupported,
        fmt::format(
            "socket = \"preload\" cannot use {}: a path in LD_PRELOAD must not contain blanks or colons",
            library),
        "install rollctl in another folder");
  return {};
}

// Every change asks the kernel for the listeners of the app.
Status check_socket_list(const AppConfig& config) {
  ROLL_TRY_ASSIGN(SockDiag diag, SockDiag::create());
  ROLL_TRY(diag.listeners(ports_of(config.listen)));
  return {};
}

// Without it a drain goes on, and loses requests; so it is said before anything starts.
Status check_http_drain(const AppConfig& config) {
  if (config.drain.http == HttpDrain::Keep) return {};
  Status available = HttpCloseProgram::available();
  if (available) return available;
  Error error = available.error();
  error.message =
      fmt::format("http = \"{}\" in [drain]: {}", http_drain_name(config.drain.http), error.message);
  error.hint += (error.hint.empty() ? "" : ", or ") + std::string("set http = \"keep\"");
  return fail(std::move(error));
}

}  // namespace

StartCheck check_means(const Paths& paths, const AppConfig& config) {
  StartCheck check;
  if (auto launcher = resolve_launcher(config)) {
    check.launcher = std::move(*launcher);
  } else {
    check.findings.push_back(launcher.error());
  }
  if (Status found = check_socket_list(config); !found) check.findings.push_back(found.error());
  if (Status found = check_preload_library(paths, config); !found) check.findings.push_back(found.error());
  return check;
}

Status check_taking(const AppConfig& config) {
  if (config.socket == SocketMode::Inherit) return {};
  const auto user = find_server_user(config.user, config.group);
  return user ? taking_available(user->uid, user->gid) : Status();  // a finding of its own
}

StartCheck check_start(const Paths& paths, const GenerationSpec& spec) {
  StartCheck check = check_means(paths, spec.config);
  if (Status found = check_http_drain(spec.config); !found) check.findings.push_back(found.error());
  for (Error& error : check_launch(spec)) check.findings.push_back(std::move(error));
  return check;
}

}  // namespace rollctl
