// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <functional>
#include <vector>

#include "state/journal.h"

namespace rollctl::test {

class FakeJournal final : public Journal {
 public:
  // Durable only after the acknowledgement was awaited.
  Acknowledgement commit(const Event& event) override {
    const size_t place = events.size();
    events.push_back(event);
    return Acknowledgement([this, place] {
      intents_.push_back(place);
      if (on_intent) on_intent(events[place]);
      return Status();
    });
  }
  Status note(const Event& event) override {
    events.push_back(event);
    return {};
  }

  std::vector<Event> events;
  std::function<void(const Event&)> on_intent;  // while it reaches the disk

  // The last intent of that name, or null.
  [[nodiscard]] const Event* last_intent(const std::string& name) const {
    const auto found = std::find_if(intents_.rbegin(), intents_.rend(),
                                    [&](size_t place) { return event_name(events[place]) == name; });
    return found == intents_.rend() ? nullptr : &events[*found];
  }
  [[nodiscard]] bool intends(const std::string& name, InstanceId id) const {
    return std::any_of(intents_.begin(), intents_.end(), [&](size_t place) {
      return event_name(events[place]) == name && event_instance(events[place]) == id;
    });
  }
  [[nodiscard]] auto count(const std::string& name) const {
    return std::count_if(events.begin(), events.end(),
                         [&](const Event& event) { return event_name(event) == name; });
  }

 private:
  std::vector<size_t> intents_;  // the durable ones
};

}  // namespace rollctl::test
