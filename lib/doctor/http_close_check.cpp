// SPDX-License-Identifier: MIT
#include "doctor/http_close_check.h"

#include "bpf/http_close_trial.h"

namespace rollctl {

namespace {

Result<std::string> ask_a_client() {
  ROLL_TRY(load_tried_http_close());
  return "clients of kept-alive connections can be asked to leave";
}

}  // namespace

HostCheck try_http_close_drain(Millis limit) {
  constexpr const char* kName = "http-close";
  return check_apart(kName, limit, [] { return make_check(kName, ask_a_client()); });
}

}  // namespace rollctl
