// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

#include "base/error.h"

namespace rollctl {

// A value or an error. Expected endings (not ready, rolled back) are outcomes, not errors.
template <typename T>
using Result = tl::expected<T, Error>;

using Status = Result<void>;

inline tl::unexpected<Error> fail(Error error) {
  return tl::unexpected<Error>(std::move(error));
}

inline tl::unexpected<Error> fail(ErrorKind kind, std::string message, std::string hint = {}) {
  return fail(Error{kind, 0, std::move(message), std::move(hint)});
}

}  // namespace rollctl

// Returns the error of a Status, or of any other tl::expected, to the caller; goes on where there is none. Do
// not nest it within its own argument: both would declare the same name.
#define ROLL_TRY(expression)                                       \
  do {                                                             \
    if (auto&& roll_tried = (expression); !roll_tried)             \
      return ::tl::make_unexpected(std::move(roll_tried).error()); \
  } while (false)

// The same for a Result, whose value becomes that of `target`, a declaration or a variable:
//   ROLL_TRY_ASSIGN(const auto found, instances.discover());
// Several statements: it needs braces where it depends on an `if`.
#define ROLL_TRY_ASSIGN(target, expression) ROLL_TRY_ASSIGN_IN(__LINE__, target, expression)
#define ROLL_TRY_ASSIGN_IN(line, target, expression) ROLL_TRY_ASSIGN_AS(line, target, expression)
#define ROLL_TRY_ASSIGN_AS(line, target, expression)                                          \
  auto roll_tried_##line = (expression);                                                      \
  if (!roll_tried_##line) return ::tl::make_unexpected(std::move(roll_tried_##line).error()); \
  target = *std::move(roll_tried_##line)  // NOLINT(bugprone-macro-parentheses): may be a declaration
