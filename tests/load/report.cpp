// SPDX-License-Identifier: MIT
#include "load/report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/duration.h"

namespace rollctl::load {
namespace {

using Json = nlohmann::ordered_json;

double milliseconds(Histogram::Nanos latency) {
  auto micros = std::chrono::duration_cast<Micros>(latency).count();
  return static_cast<double>(micros) / 1000.0;
}

Json latency_json(const Histogram& latency) {
  return {{"p50", milliseconds(latency.percentile(50))},
          {"p99", milliseconds(latency.percentile(99))},
          {"p99.9", milliseconds(latency.percentile(99.9))},
          {"max", milliseconds(latency.max())}};
}

template <typename Map>
Json counts_json(const Map& counts) {
  Json object = Json::object();
  for (const auto& [key, count] : counts) {
    if constexpr (std::is_same_v<typename Map::key_type, int>) {
      object[std::to_string(key)] = count;
    } else {
      object[key] = count;
    }
  }
  return object;
}

void put_counts(Json& object, const Tally& tally) {
  object["sent"] = tally.sent;
  object["answered"] = tally.answered;
  object["failed"] = tally.failed;
  object["outstanding"] = tally.sent - tally.answered - tally.failed;
  object["releases"] = counts_json(tally.releases);
  object["statuses"] = counts_json(tally.statuses);
  object["failures"] = counts_json(tally.failures);
}

std::string_view state_name(DownloadRecord::State state) {
  switch (state) {
    case DownloadRecord::State::Running:
      return "running";
    case DownloadRecord::State::Complete:
      return "complete";
    case DownloadRecord::State::Failed:
      return "failed";
  }
  return "";
}

Json downloads_json(const std::vector<DownloadRecord>& downloads) {
  Json list = Json::array();
  for (const auto& download : downloads) {
    list.push_back({{"path", download.path},
                    {"state", state_name(download.state)},
                    {"bytes", download.bytes},
                    {"sha256", download.sha256},
                    {"release", download.release},
                    {"failure", download.failure},
                    {"took_ms", download.took.count()}});
  }
  return list;
}

Json failures_json(const std::vector<FailureRecord>& failures) {
  Json list = Json::array();
  for (const auto& failure : failures) {
    list.push_back({{"time", format_time(failure.time)},
                    {"mode", mode_name(failure.mode)},
                    {"kind", failure.kind},
                    {"source", failure.source}});
  }
  return list;
}

// Downloads take as long as they are big.
Histogram request_latency(const Ledger& ledger) {
  Histogram latency = ledger.of(Mode::Connect).latency;
  latency.add(ledger.of(Mode::KeepAlive).latency);
  return latency;
}

template <typename Map>
std::string counts_text(const Map& counts) {
  std::string text;
  for (const auto& [key, count] : counts) {
    auto name = fmt::format("{}", key);
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name.empty() ? "(none)" : name, count);
  }
  return text.empty() ? "none" : text;
}

}  // namespace

std::string json_report(std::string_view event, const Ledger& ledger, Millis elapsed) {
  Json object = {{"v", 1}, {"event", event}, {"elapsed_ms", elapsed.count()}};
  if (event == "final") object["ok"] = ledger.is_clean();
  put_counts(object, ledger.total());
  object["unsolicited"] = ledger.unsolicited;
  object["latency_ms"] = latency_json(request_latency(ledger));
  object["connections"] = {{"opened", ledger.connections.opened},
                           {"reset_after_answer", ledger.connections.reset_after_answer},
                           {"left_to_client", ledger.connections.left_to_client}};
  for (Mode mode : kModes) {
    Json& books = object["modes"][std::string(mode_name(mode))];
    put_counts(books, ledger.of(mode));
    books["latency_ms"] = latency_json(ledger.of(mode).latency);
  }
  object["downloads"] = downloads_json(ledger.downloads);
  object["first_failures"] = failures_json(ledger.first_failures());
  // What a server sends need not be UTF-8.
  return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string text_report(const Ledger& ledger, Millis elapsed) {
  Tally total = ledger.total();
  auto latency = request_latency(ledger);
  double seconds = std::max(static_cast<double>(elapsed.count()) / 1000.0, 0.001);
  std::string text =
      fmt::format("sent {}, answered {}, failed {} in {} ({:.0f} requests/s, {} connections)\n", total.sent,
                  total.answered, total.failed, human_duration(elapsed),
                  static_cast<double>(total.sent) / seconds, ledger.connections.opened);
  text +=
      fmt::format("releases: {}\nstatuses: {}\n", counts_text(total.releases), counts_text(total.statuses));
  text += fmt::format("latency: p50 {:.2f} ms, p99 {:.2f} ms, p99.9 {:.2f} ms, max {:.2f} ms\n",
                      milliseconds(latency.percentile(50)), milliseconds(latency.percentile(99)),
                      milliseconds(latency.percentile(99.9)), milliseconds(latency.max()));
  text += fmt::format("failures: {}\n", counts_text(total.failures));
  if (ledger.unsolicited > 0) text += fmt::format("unsolicited data: {} times\n", ledger.unsolicited);
  for (const auto& download : ledger.downloads) {
    text += fmt::format("download {}: {}, {} bytes in {}", download.path, state_name(download.state),
                        download.bytes, human_duration(download.took));
    if (!download.release.empty()) text += ", from " + download.release;
    if (!download.sha256.empty()) text += ", sha256 " + download.sha256;
    if (!download.failure.empty()) text += ", " + download.failure;
    text += '\n';
  }
  if (total.sent == 0) text += "nothing was sent\n";
  return text;
}

}  // namespace rollctl::load
