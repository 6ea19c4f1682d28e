// SPDX-License-Identifier: MIT
// Any bytes of a client, cut into any packets: libroll finds the same requests as a second reader, which
// parses whole messages; and the output for evhttp is unambiguous.
#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libroll/request_reader.h"

namespace {

using std::string;
using std::string_view;

constexpr std::size_t kHead = 600;
constexpr std::uint64_t kBody = 100;
constexpr std::size_t kNone = string_view::npos;
const string kAlphabet = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const string kHexDigits = "0123456789abcdefABCDEF";

enum class Verdict { Complete, Incomplete, Refused };

struct Request {
  string line;
  std::multimap<string, string> fields;  // without the framing fields; names in lower case
  string body;
  bool last = false;     // the server reads no later request
  std::size_t size = 0;  // in the stream
  bool operator==(const Request& other) const {
    return line == other.line && fields == other.fields && body == other.body;
  }
};

bool only(string_view text, const string& letters) {
  return !text.empty() && text.find_first_not_of(letters) == kNone;
}
bool is_text(string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](unsigned char c) { return (c < ' ' && c != '\t') || c == 127; });
}
bool is_name(string_view text) {
  return only(text, kAlphabet + "!#$%&'*+-.^_`|~");
}
string lower(string_view text) {
  string all(text);
  for (char& c : all) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return all;
}
string stripped(string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return string(text);
}

bool is_host(string_view text) {
  const std::size_t bracket = text.rfind(']');
  const std::size_t colon = text.find(':', bracket == kNone ? 0 : bracket);
  const string_view name = text.substr(0, colon);
  const string_view port = colon == kNone ? string_view() : text.substr(colon + 1);
  if (port.size() > 5 || (!port.empty() && !only(port, "0123456789"))) return false;
  if (name.starts_with('['))
    return name.size() > 3 && name.ends_with(']') && only(name.substr(1, name.size() - 2), kHexDigits + ":.");
  if (!only(name, kAlphabet + "-._~!$&'()*+,;=%")) return false;
  for (std::size_t at = name.find('%'); at != kNone; at = name.find('%', at + 1))
    if (name.size() < at + 3 || !only(name.substr(at + 1, 2), kHexDigits)) return false;
  return true;
}

string host_without_port(string host, const string& port) {
  if (host.ends_with(':')) host.pop_back();
  return lower(host.ends_with(port) ? host.substr(0, host.size() - port.size()) : host);
}

// Whether the target has one of the four forms; an absolute one must agree with the Host field.
bool is_target(const string& method, const string& target, const std::optional<string>& host) {
  if (!is_text(target) || target.find_first_of(" \t#") != kNone) return false;
  if (method == "CONNECT") {
    const std::size_t port = target.rfind(':');
    return is_host(target) && port != kNone && port + 1 < target.size() && target.find(']', port) == kNone &&
           (!host || host_without_port(*host, "x") == lower(target));
  }
  if (target[0] == '/') return true;
  if (target == "*") return method == "OPTIONS";
  for (const auto& [scheme, port] : {std::pair("http://", ":80"), std::pair("https://", ":443")}) {
    if (!lower(target).starts_with(scheme)) continue;
    const string rest = target.substr(string(scheme).size());
    const string authority = rest.substr(0, rest.find_first_of("/?"));
    return is_host(authority) &&
           (!host || host_without_port(*host, port) == host_without_port(authority, port));
  }
  return false;
}

// The chunked body at the front of `text`.
Verdict read_chunks(string_view text, string& body, std::size_t& size) {
  std::size_t extras = 0;
  std::size_t at = 0;
  while (true) {
    const std::size_t end = text.find("\r\n", at);
    if (end == kNone) return Verdict::Incomplete;
    const string_view line = text.substr(at, end - at);
    const string_view digits = line.substr(0, line.find(';'));
    if (!only(digits, kHexDigits) || digits.size() > 16 || !is_text(line)) return Verdict::Refused;
    extras += line.size() - digits.size();
    if (extras > kHead) return Verdict::Refused;
    const std::uint64_t length = std::strtoull(string(digits).c_str(), nullptr, 16);
    at = end + 2;
    if (length == 0) break;
    if (length > kBody - body.size()) return Verdict::Refused;
    if (text.size() < at + length + 2) return Verdict::Incomplete;
    if (text.substr(at + length, 2) != "\r\n") return Verdict::Refused;
    body += text.substr(at, length);
    at += length + 2;
  }
  while (true) {
    const std::size_t end = text.find("\r\n", at);
    if (end == kNone) return Verdict::Incomplete;
    const string_view line = text.substr(at, end - at);
    extras += line.size() + 2;
    if (extras > kHead) return Verdict::Refused;
    at = end + 2;
    if (line.empty()) break;
    if (!is_name(line.substr(0, line.find(':'))) || line.find(':') == kNone || !is_text(line))
      return Verdict::Refused;
  }
  size = at;
  return Verdict::Complete;
}

bool names(const std::multimap<string, string>& fields, const string& option) {
  for (auto [field, end] = fields.equal_range("connection"); field != end; ++field) {
    string rest = lower(field->second) + ",";
    for (std::size_t comma = 0; (comma = rest.find(',')) != kNone; rest.erase(0, comma + 1))
      if (stripped(rest.substr(0, comma)) == option) return true;
  }
  return false;
}

// The request at the front of `stream`. Incomplete: more bytes may complete it, or it may be refused already.
Verdict second_reader(string_view stream, Request& request) {
  const std::size_t start = stream.starts_with("\r\n") ? 2 : 0;
  const std::size_t head_end = stream.find("\r\n\r\n", start);
  if (head_end == kNone) return Verdict::Incomplete;
  if (head_end + 4 > kHead) return Verdict::Refused;
  std::vector<string> lines;
  string head(stream.substr(start, head_end - start + 2));
  for (std::size_t end = 0; (end = head.find("\r\n")) != kNone; head.erase(0, end + 2))
    lines.push_back(head.substr(0, end));
  for (const string& line : lines)
    if (!is_text(line)) return Verdict::Refused;

  request.line = lines.front();
  const std::size_t blank = request.line.find(' ');
  const std::size_t last_blank = request.line.rfind(' ');
  if (blank == kNone || blank == last_blank) return Verdict::Refused;
  const string method = request.line.substr(0, blank);
  const string target = request.line.substr(blank + 1, last_blank - blank - 1);
  const string version = request.line.substr(last_blank + 1);
  const std::vector<string> methods{"GET",     "HEAD",  "POST",    "PUT",  "DELETE",
                                    "OPTIONS", "TRACE", "CONNECT", "PATCH"};
  if (std::find(methods.begin(), methods.end(), method) == methods.end()) return Verdict::Refused;
  if (version != "HTTP/1.0" && version != "HTTP/1.1") return Verdict::Refused;
  const bool old = version == "HTTP/1.0";

  std::vector<string> hosts, lengths, encodings;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const std::size_t colon = lines[i].find(':');
    if (colon == kNone || !is_name(string_view(lines[i]).substr(0, colon))) return Verdict::Refused;
    const string name = lower(lines[i].substr(0, colon));
    const string value = stripped(string_view(lines[i]).substr(colon + 1));
    if (name == "host") hosts.push_back(value);
    if (name == "expect" && !old && lower(value) != "100-continue") return Verdict::Refused;
    if (name == "content-length") {
      lengths.push_back(value);
    } else if (name == "transfer-encoding") {
      encodings.push_back(value);
    } else {
      request.fields.emplace(name, value);
    }
  }
  if (hosts.size() > 1 || (hosts.empty() && !old)) return Verdict::Refused;
  if (!hosts.empty() && !hosts[0].empty() && !is_host(hosts[0])) return Verdict::Refused;
  if (!is_target(method, target, hosts.empty() ? std::nullopt : std::optional(hosts[0])))
    return Verdict::Refused;
  if (lengths.size() + encodings.size() > 1) return Verdict::Refused;
  if (!encodings.empty() && (old || lower(encodings[0]) != "chunked")) return Verdict::Refused;

  std::uint64_t length = 0;
  if (!lengths.empty()) {
    const char* end = lengths[0].data() + lengths[0].size();
    if (!only(lengths[0], "0123456789") ||
        std::from_chars(lengths[0].data(), end, length).ec != std::errc() || length > kBody)
      return Verdict::Refused;
  }
  const bool has_body = length > 0 || !encodings.empty();
  const bool unread = has_body && (method == "HEAD" || method == "TRACE");
  if (method == "CONNECT" && has_body) return Verdict::Refused;
  request.last = unread || method == "CONNECT" || names(request.fields, "close") ||
                 (old && !names(request.fields, "keep-alive"));
  request.size = head_end + 4;
  if (unread || !has_body) return Verdict::Complete;
  const string_view rest = stream.substr(head_end + 4);
  if (!encodings.empty()) {
    std::size_t size = 0;
    const Verdict verdict = read_chunks(rest, request.body, size);
    request.size += size;
    return verdict;
  }
  if (rest.size() < length) return Verdict::Incomplete;
  request.body = rest.substr(0, length);
  request.size += length;
  return Verdict::Complete;
}

struct Reading {
  Verdict verdict = Verdict::Incomplete;
  string normal;
  bool last = false;
  std::size_t size = 0;
};

// libroll's reading of the stream in pieces of `piece` bytes.
Reading first_reader(string_view stream, std::size_t piece) {
  using State = roll::RequestReader::State;
  roll::RequestReader reader({kHead, kBody});
  Reading reading;
  string held;
  for (std::size_t at = 0; at < stream.size(); at += piece) {
    held.append(stream.substr(at, piece));
    std::size_t taken = 0;
    do {
      taken = reader.take(held);
      if (taken > held.size()) std::abort();
      held.erase(0, taken);
      reading.size += taken;
    } while (taken > 0 && !held.empty());
    reading.normal += reader.take_normal_form();
    if (reader.state() == State::Complete) {
      reading.verdict = Verdict::Complete;
      reading.last = reader.after() != roll::After::NextRequest;
      return reading;
    }
    if (reader.state() == State::Refused) {
      if (reader.refusal() < 400) std::abort();
      return {Verdict::Refused, {}, false, 0};
    }
    if (!held.empty()) std::abort();  // it needs more, but has left bytes
  }
  return {Verdict::Incomplete, {}, false, 0};
}

// Aborts unless both readers find the same request in `stream`. Returns its size if another may follow, else
// 0.
std::size_t compare(string_view stream, std::size_t piece) {
  const Reading reading = first_reader(stream, piece);
  Request request;
  const Verdict verdict = second_reader(stream, request);
  if (verdict == Verdict::Incomplete && reading.verdict != Verdict::Complete) return 0;
  if (verdict != reading.verdict) std::abort();
  if (verdict == Verdict::Refused) return 0;
  if (reading.size != request.size || reading.last != request.last) std::abort();

  // evhttp gets the same request, and no further bytes.
  Request normal;
  if (second_reader(reading.normal, normal) != Verdict::Complete || !(normal == request)) std::abort();
  if (normal.size != reading.normal.size()) std::abort();
  return request.last ? 0 : request.size;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  string_view stream(reinterpret_cast<const char*>(data), size);
  while (!stream.empty()) {
    const std::size_t whole = compare(stream, stream.size());
    for (std::size_t piece : {1, 7}) {
      if (compare(stream, piece) != whole) std::abort();
      if (first_reader(stream, piece).verdict != first_reader(stream, stream.size()).verdict) std::abort();
    }
    if (whole == 0) return 0;
    stream.remove_prefix(whole);
  }
  return 0;
}
