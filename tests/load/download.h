// SPDX-License-Identifier: MIT
#pragma once

#include <openssl/evp.h>

#include <memory>
#include <string>

#include "load/connection.h"
#include "load/surroundings.h"

namespace rollctl::load {

// Gets one path and takes its checksum while it comes; once, or again and again until the surroundings say
// stop. A download that was begun is finished also then. Its records stand in Ledger::downloads.
class Download final : private ConnectionOwner {
 public:
  Download(Surroundings& surroundings, std::string path, const Endpoint& target);

  void start() { begin(); }
  void tick(TimePoint now);
  void stop();
  void abandon();
  [[nodiscard]] bool is_done() const { return done_; }

 private:
  struct FreeDigest {
    void operator()(EVP_MD_CTX* digest) const { EVP_MD_CTX_free(digest); }
  };

  void on_body(std::string_view data) override;
  size_t read_budget() override;
  void on_answered(const AnswerReader& answer) override;
  void on_quiet(const AnswerReader& answer) override;
  void on_failed(const std::string& kind) override;
  void on_closed() override;

  void begin();
  void next();
  DownloadRecord& record() { return s_.ledger.downloads.at(record_); }
  void finish_with(const std::string& failure, int status);

  Surroundings& s_;
  std::string path_;
  Endpoint target_;
  Connection connection_;
  std::unique_ptr<EVP_MD_CTX, FreeDigest> digest_;
  size_t record_ = 0;
  uint64_t allowed_ = 0;  // bytes of body that may have been read by now
  TimePoint started_;
  TimePoint last_byte_;
  TimePoint pause_until_;
  bool asking_ = false;
  bool done_ = false;
};

}  // namespace rollctl::load
