// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <vector>

#include "state/journal.h"

namespace roll::test {

class FakeJournal final : public Journal {
 public:
  struct Entry {
    Event event;
    bool committed = false;
  };

  Status commit(const Event& event) override {
    entries.push_back({event, true});
    return {};
  }
  Status note(const Event& event) override {
    entries.push_back({event, false});
    return {};
  }

  std::vector<Entry> entries;

  [[nodiscard]] std::vector<Event> events() const {
    std::vector<Event> all;
    for (const Entry& entry : entries) all.push_back(entry.event);
    return all;
  }

  // The last intent of that name; null where there is none.
  [[nodiscard]] const Event* last_intent(const std::string& name) const {
    const auto found = std::find_if(entries.rbegin(), entries.rend(), [&](const Entry& entry) {
      return entry.committed && entry.event.name == name;
    });
    return found == entries.rend() ? nullptr : &found->event;
  }
  [[nodiscard]] bool intends(const std::string& name, InstanceId id) const {
    return std::any_of(entries.begin(), entries.end(), [&](const Entry& entry) {
      return entry.committed && entry.event.name == name && entry.event.fields.value("id", 0) == id;
    });
  }
  [[nodiscard]] auto count(const std::string& name) const {
    return std::count_if(entries.begin(), entries.end(),
                         [&](const Entry& entry) { return entry.event.name == name; });
  }
};

}  // namespace roll::test
