// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace rollctl {

// What an error means for the caller. The set is closed: the exit status follows from it in one table.
enum class ErrorKind {
  Invalid,       // the input is wrong; nothing was touched
  NotFound,      // no such app, release, generation or file
  NotPermitted,  // this user may not
  Unsupported,   // this host or server cannot
  Busy,          // somebody else holds it
  Failed,        // it was tried and did not work
};

// `message` says what was tried, on what and why, as one line without a final full stop:
//   cannot start "./web" (setting up descriptors): Permission denied
// `hint` is what the reader can do about it, or empty. `os_error` is the errno behind it, or 0.
struct Error {
  ErrorKind kind = ErrorKind::Failed;
  int os_error = 0;
  std::string message;
  std::string hint;
};

// "what: strerror(os_error)", with a kind that fits the errno (EPERM and EACCES are NotPermitted, ENOENT is
// NotFound, …).
Error os_failure(std::string what, int os_error);

// The same with the current errno. Call it before anything else can change errno.
Error last_os_failure(std::string what);

// Whether it came of a lack (of descriptors, memory, ports, room in a table) and so says nothing about what
// was asked for: EMFILE, ENFILE, ENOMEM, ENOBUFS, ENOSPC, E2BIG, EAGAIN, EADDRNOTAVAIL.
bool is_shortage(const Error& error);

// The error with `context` put before its message: "context: message".
Error with_context(Error error, const std::string& context);

// What another program wrote, as part of a message: without line ends and final full stops.
std::string in_one_line(std::string_view text);

// The text of an errno: "Permission denied".
std::string os_error_text(int os_error);

}  // namespace rollctl
