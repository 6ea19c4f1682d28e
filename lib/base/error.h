// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace rollctl {

// The meaning of an error for the caller. The exit status follows from it (rollctl/exit_status.cpp).
enum class ErrorKind {
  Invalid,       // the input is wrong; nothing was changed
  NotFound,      // no such app, release, generation or file
  NotPermitted,  // this user lacks the permission
  Unsupported,   // this host or server cannot do it
  Busy,          // another process holds it
  Failed,        // it was tried and failed
};

// `message` names the attempt, its object and the reason, in one line without a final full stop:
//   cannot start "./web" (setting up descriptors): Permission denied
// `hint` tells the reader what to do, or is empty. `os_error` is the errno behind it, or 0.
struct Error {
  ErrorKind kind = ErrorKind::Failed;
  int os_error = 0;
  std::string message;
  std::string hint;
};

// "what: strerror(os_error)"; the kind follows from the errno
// (EPERM and EACCES: NotPermitted, ENOENT: NotFound …).
Error os_failure(std::string what, int os_error);

// The same with the current errno. Call it before anything else can change errno.
Error last_os_failure(std::string what);

// Whether a resource ran out (descriptors, memory, ports, table entries), so that a retry may succeed:
// EMFILE, ENFILE, ENOMEM, ENOBUFS, ENOSPC, E2BIG, EAGAIN, EADDRNOTAVAIL.
bool is_shortage(const Error& error);

// Prefixes the message: "context: message".
Error with_context(Error error, const std::string& context);

// Another program's output as part of a message: without newlines and final full stops.
std::string in_one_line(std::string_view text);

// The text of an errno: "Permission denied".
std::string os_error_text(int os_error);

}  // namespace rollctl
