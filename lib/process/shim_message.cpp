// SPDX-License-Identifier: MIT
#include "process/shim_message.h"

#include <string>
#include <utility>

#include "process/json_reader.h"

namespace rollctl::shim {

using nlohmann::json;

json addresses_to_json(const std::vector<SteeredAddress>& addresses) {
  json list = json::array();
  for (const auto& address : addresses)
    list.push_back({{"bound", address.bound.text()}, {"slots", address.slots}});
  return list;
}

Status read_addresses(const JsonReader& message, std::vector<SteeredAddress>& target) {
  const json* list = message.find("addresses");
  if (list == nullptr) return {};
  if (!list->is_array()) return fail(ErrorKind::Invalid, "message: member \"addresses\" should be a list");
  for (const auto& element : *list) {
    JsonReader fields(element, "message: addresses");
    SteeredAddress address;
    read_endpoint(fields, "bound", address.bound);
    fields.get("slots", address.slots);
    if (Status read = fields.status(); !read) return read;
    target.push_back(std::move(address));
  }
  return {};
}

void read_endpoint(JsonReader& reader, const char* name, Endpoint& target) {
  std::string text;
  reader.get(name, text);
  auto address = ListenAddress::parse(text);
  if (!address || address->host != ListenAddress::Host::Ip) return reader.complain(name, "HOST:PORT");
  target = address->endpoint;
}

Status check_version(JsonReader& message) {
  int64_t version = 0;
  message.get("v", version);
  if (version < 1) message.complain("v", "the protocol's version");
  return message.status();
}

}  // namespace rollctl::shim
