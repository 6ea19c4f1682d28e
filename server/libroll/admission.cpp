// SPDX-License-Identifier: MIT
#include "libroll/admission.h"

#include <cstring>

namespace roll {
namespace {

constexpr std::size_t kV6Network = 8;
constexpr Admission::Source kMappedV4{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

}  // namespace

Admission::Source Admission::source_of(const sockaddr_storage& address) {
  Source source{};
  if (address.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    source = kMappedV4;
    std::memcpy(source.data() + 12, &v4.sin_addr, sizeof v4.sin_addr);
  } else if (address.ss_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address, sizeof v6);
    bool mapped = IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr);
    std::memcpy(source.data(), &v6.sin6_addr, mapped ? sizeof v6.sin6_addr : kV6Network);
  }
  return source;
}

bool Admission::enter(const Source& source) {
  if (limit_ > 0 && count_ >= limit_) return false;
  if (per_source_ > 0) {
    std::size_t& from_there = counts_[source];
    if (from_there >= per_source_) return false;
    ++from_there;
  }
  ++count_;
  return true;
}

void Admission::leave(const Source& source) {
  --count_;
  auto found = counts_.find(source);
  if (found != counts_.end() && --found->second == 0) counts_.erase(found);
}

}  // namespace roll
