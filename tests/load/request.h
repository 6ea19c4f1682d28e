// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "base/address.h"

namespace rollctl::load {

enum class Persistence { KeepAlive, Close };

inline std::string post_request(const std::string& path, const Endpoint& target, Persistence persistence,
                                uint64_t body) {
  return "POST " + path + " HTTP/1.1\r\nHost: " + target.text() + "\r\nUser-Agent: roll-load\r\n" +
         "Content-Length: " + std::to_string(body) + "\r\n" +
         (persistence == Persistence::Close ? "Connection: close\r\n\r\n" : "\r\n") + std::string(body, 'x');
}

inline std::string get_request(const std::string& path, const Endpoint& target, Persistence persistence) {
  return "GET " + path + " HTTP/1.1\r\nHost: " + target.text() + "\r\nUser-Agent: roll-load\r\n" +
         (persistence == Persistence::Close ? "Connection: close\r\n\r\n" : "\r\n");
}

inline bool is_good_status(int status) {
  return status >= 200 && status < 400;
}

// The kind of the failure that another status is.
inline std::string status_failure(int status) {
  return "status_" + std::to_string(status);
}

}  // namespace rollctl::load
