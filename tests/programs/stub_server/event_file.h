// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace rollctl::stub {

// What happened to this server, one JSON object a line, appended with one write each, so that several
// instances may share a file and a killed one loses nothing:
//   {"ns":123,"pid":4711,"instance":"12","release":"v2","ready":false,"event":"request","detail":"/index.html"}
// `ns` is CLOCK_MONOTONIC, `ready` what the server thought of itself at that moment. Events: start, listen
// (detail: the address), ready, unready, accept (detail: the peer), request (detail: the path), answered
// (the same), term (detail: the signal), exit (detail: the code). Connections that wait in the queue of a
// server that accepts nothing appear nowhere.
class EventFile {
 public:
  // An empty path: events go nowhere.
  static Result<EventFile> open(const std::string& path);

  void set_ready(bool ready) { ready_ = ready; }  // a fact to note down, not a switch
  void append(std::string_view event, std::string_view detail = {});
  [[nodiscard]] bool is_open() const { return static_cast<bool>(file_); }

 private:
  Fd file_;
  std::string identity_;
  bool ready_ = false;
};

}  // namespace rollctl::stub
