// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bpf/http_close_program.h"
#include "net/sock_diag.h"
#include "process/instance_record.h"
#include "supervise/roles.h"

namespace rollctl {

// The real HttpClients: the program http_close changes the responses.
class SockmapHttpClients final : public HttpClients {
 public:
  // The record must outlive this object. Connections are those of this process's tree.
  explicit SockmapHttpClients(const InstanceRecord& record) : record_(record) {}

  Status begin(HttpDrain http) override;
  HttpLook look(Millis silence) override;
  void end() override;

 private:
  struct Seen {
    enum class Kind {
      New,       // not taken yet
      Watched,   // by the program
      Blocking,  // passed over, because the server reads from it with blocking calls
      Other,     // no HTTP/1, or must not be touched
      Strange,   // of another instance
    };
    Kind kind = Kind::New;
    bool is_asked = false;
    bool is_here = false;  // at this look
  };

  void take_new(const std::vector<LiveConnection>& live);
  void take(int fd, Seen& seen, uint64_t cookie);
  void count_those_that_left();
  void follow(Seen& seen, uint64_t cookie);

  const InstanceRecord& record_;
  HttpDrain http_ = HttpDrain::Keep;
  std::optional<HttpCloseProgram> program_;
  std::map<uint64_t, Seen> seen_;  // by cookie
  size_t asked_ = 0;
  size_t left_ = 0;
  size_t other_gone_ = 0;
  // A server makes either none of its sockets non-blocking, or each while it waits for a request.
  bool any_nonblocking_ = false;
  std::string problem_;
};

}  // namespace rollctl
