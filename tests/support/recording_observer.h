// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "deploy/world.h"

namespace rollctl::test {

class RecordingObserver final : public Observer {
 public:
  void on_event(const Event& event) override {
    events.push_back(event);
    if (hear) hear(event);
  }
  void on_fleet(const std::vector<InstanceView>& fleet) override { last_fleet = fleet; }
  void on_warning(const std::string& message) override { warnings.push_back(message); }

  std::function<void(const Event&)> hear;  // is told each event
  std::vector<Event> events;
  std::vector<InstanceView> last_fleet;
  std::vector<std::string> warnings;

  [[nodiscard]] auto count(const std::string& name) const {
    return std::count_if(events.begin(), events.end(),
                         [&](const Event& event) { return event_name(event) == name; });
  }
  // Its index in the sequence, or -1.
  [[nodiscard]] int place_of(const std::string& name, InstanceId id) const {
    const auto found = std::find_if(events.begin(), events.end(), [&](const Event& event) {
      return event_name(event) == name && event_instance(event).value_or(0) == id;
    });
    return found == events.end() ? -1 : static_cast<int>(found - events.begin());
  }
};

}  // namespace rollctl::test
