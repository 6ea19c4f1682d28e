// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace rollctl {

// The statuses of an HTTP answer that mean "ready".
class HttpStatuses {
 public:
  // 200 to 399, as Kubernetes has it.
  HttpStatuses() = default;

  // "200", "200-299" or several of these: "200-299, 404"; from 100 to 599. Invalid.
  static Result<HttpStatuses> parse(const std::string& text);

  [[nodiscard]] bool contains(int status) const;
  // As parse() reads it.
  [[nodiscard]] std::string text() const;

  bool operator==(const HttpStatuses&) const = default;

 private:
  struct Range {
    int first;
    int last;
    bool operator==(const Range&) const = default;
  };
  std::vector<Range> ranges_{{200, 399}};
};

}  // namespace rollctl
