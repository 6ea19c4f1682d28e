// SPDX-License-Identifier: MIT
#include "base/error.h"

#include <cerrno>
#include <cstring>
#include <utility>

namespace rollctl {

namespace {

ErrorKind kind_of(int os_error) {
  switch (os_error) {
    case EPERM:
    case EACCES:
      return ErrorKind::NotPermitted;
    case ENOENT:
    case ESRCH:
      return ErrorKind::NotFound;
    case ENOSYS:
    case EOPNOTSUPP:
    case EPROTONOSUPPORT:
      return ErrorKind::Unsupported;
    case EBUSY:
    case EWOULDBLOCK:
      return ErrorKind::Busy;
    default:
      return ErrorKind::Failed;
  }
}

}  // namespace

std::string in_one_line(std::string_view text) {
  std::string line;
  for (const char letter : text) {
    if (letter != '\n') {
      line += letter;
    } else if (!line.empty() && line.back() != ' ') {
      line += ' ';
    }
  }
  while (!line.empty() && (line.back() == ' ' || line.back() == '.')) line.pop_back();
  return line;
}

std::string os_error_text(int os_error) {
  char buffer[128];
  return strerror_r(os_error, buffer, sizeof buffer);
}

Error os_failure(std::string what, int os_error) {
  return Error{kind_of(os_error), os_error, std::move(what) + ": " + os_error_text(os_error), {}};
}

Error last_os_failure(std::string what) {
  const int os_error = errno;
  return os_failure(std::move(what), os_error);
}

bool is_shortage(const Error& error) {
  switch (error.os_error) {
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
    case ENOSPC:
    case E2BIG:
    case EAGAIN:
    case EADDRNOTAVAIL:
      return true;
    default:
      return false;
  }
}

Error with_context(Error error, const std::string& context) {
  error.message = context + ": " + error.message;
  return error;
}

}  // namespace rollctl
