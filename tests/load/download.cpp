// SPDX-License-Identifier: MIT
#include "load/download.h"

#include <array>

#include "load/request.h"

namespace rollctl::load {
namespace {

using namespace std::chrono_literals;

constexpr auto kRateStep = 10ms;
constexpr uint64_t kFirstBytes = 16384;  // besides the body these pay for the head

// The other clients of this thread want their turn.
constexpr uint64_t kMostAtATime = 1 << 20;

constexpr auto kPauseAfterFailure = 100ms;

}  // namespace

Download::Download(Surroundings& surroundings, std::string path, const Endpoint& target)
    : s_(surroundings),
      path_(std::move(path)),
      target_(target),
      connection_(surroundings, *this),
      digest_(EVP_MD_CTX_new()) {}

void Download::begin() {
  EVP_DigestInit_ex(digest_.get(), EVP_sha256(), nullptr);
  record_ = s_.ledger.downloads.size();
  DownloadRecord fresh;
  fresh.path = path_;
  s_.ledger.downloads.push_back(std::move(fresh));
  s_.ledger.count_sent(Mode::Download);
  started_ = last_byte_ = std::chrono::steady_clock::now();
  asking_ = true;
  allowed_ = kFirstBytes;
  connection_.begin(target_, get_request(path_, target_, Persistence::Close));
}

void Download::next() {
  connection_.close();
  done_ = !s_.options.repeat_downloads || s_.stopping;
  if (done_) return;
  bool failed = record().state == DownloadRecord::State::Failed;
  pause_until_ = std::chrono::steady_clock::now() + (failed ? kPauseAfterFailure : 0ms);
  s_.tick_by(pause_until_);
}

void Download::tick(TimePoint now) {
  if (done_) return;
  if (!asking_) {
    if (now >= pause_until_) return begin();
    return s_.tick_by(pause_until_);
  }
  std::chrono::duration<double> since = now - started_;
  auto by_rate = static_cast<uint64_t>(since.count() * static_cast<double>(s_.options.download_rate));
  allowed_ = s_.options.download_rate > 0 ? by_rate : record().bytes + kMostAtATime;
  connection_.resume();
  if (asking_ && now - last_byte_ > s_.options.timeout) connection_.abandon("timeout");
}

void Download::stop() {
  if (asking_) return;
  connection_.close();
  done_ = true;
}

void Download::abandon() {
  if (asking_) connection_.abandon("unfinished");
}

size_t Download::read_budget() {
  if (allowed_ > record().bytes) return allowed_ - record().bytes;
  auto now = std::chrono::steady_clock::now();
  s_.tick_by(s_.options.download_rate > 0 ? now + kRateStep : now);
  return 0;
}

void Download::on_body(std::string_view data) {
  EVP_DigestUpdate(digest_.get(), data.data(), data.size());
  record().bytes += data.size();
  last_byte_ = std::chrono::steady_clock::now();
}

void Download::on_answered(const AnswerReader& answer) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> sum{};
  unsigned size = 0;
  EVP_DigestFinal_ex(digest_.get(), sum.data(), &size);
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (unsigned i = 0; i < size; ++i) {
    record().sha256 += {kDigits.at(sum.at(i) >> 4), kDigits.at(sum.at(i) & 15)};
  }
  record().release = answer.release();
  if (!is_good_status(answer.status())) return finish_with(status_failure(answer.status()), answer.status());
  if (!s_.options.expected_sha256.empty() && s_.options.expected_sha256 != record().sha256) {
    return finish_with("wrong_checksum", answer.status());
  }
  asking_ = false;
  auto took = std::chrono::steady_clock::now() - started_;
  record().state = DownloadRecord::State::Complete;
  record().took = std::chrono::duration_cast<Millis>(took);
  s_.ledger.count_answer(Mode::Download, answer.status(), answer.release(), took);
}

void Download::finish_with(const std::string& failure, int status) {
  asking_ = false;
  record().state = DownloadRecord::State::Failed;
  record().failure = failure;
  record().took = std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now() - started_);
  s_.ledger.count_failure(Mode::Download, failure, connection_.source(), status);
}

void Download::on_quiet(const AnswerReader& /*answer*/) {
  next();
}

void Download::on_failed(const std::string& kind) {
  finish_with(kind, 0);
  next();
}

void Download::on_closed() {
  next();
}

}  // namespace rollctl::load
