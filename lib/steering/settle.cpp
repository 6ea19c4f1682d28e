// SPDX-License-Identifier: MIT
#include "steering/settle.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

namespace rollctl {

namespace {

// A dump costs up to 50 ms on a host with tens of thousands of sockets, a look-up some µs.
constexpr size_t kMostLookUps = 256;
constexpr Millis kExpensive{3};

class ClosingListeners final : public Settlement {
 public:
  ClosingListeners(SettleView view, Millis bound, const Clock& clock)
      : view_(std::move(view)), clock_(clock), began_(clock.now()), deadline_(began_ + bound) {}

  std::optional<SettleResult> poll() override {
    if (result_) return result_;
    const TimePoint now = clock_.now();
    if (now < next_look_ && now < deadline_) return std::nullopt;
    while (take_step()) {
      if (stage_ == Stage::Over) return finish(0, 0);
    }
    const TimePoint after = clock_.now();
    if (after >= deadline_) return finish_late();
    // Where a look is slow, settling takes a third of a CPU at most.
    if (after - now >= kExpensive) next_look_ = after + 2 * (after - now);
    return std::nullopt;
  }

 private:
  enum class Stage { OldReaders, Snapshot, Handshakes, LastFinishers, Queues, Over };

  // False where it has to wait. After a failed look it tries again until the bound.
  bool take_step() {
    switch (stage_) {
      case Stage::OldReaders:
        view_.grace_period();
        return enter(Stage::Snapshot);
      case Stage::Snapshot: {
        auto open = view_.handshakes();
        if (!open) return failed(open.error());
        open_ = std::move(*open);
        return enter(Stage::Handshakes);
      }
      case Stage::Handshakes: {
        look_again();
        return open_.empty() && enter(Stage::LastFinishers);
      }
      case Stage::LastFinishers:
        view_.grace_period();
        return enter(Stage::Queues);
      case Stage::Queues: {
        const auto queued = view_.queued();
        if (!queued) return failed(queued.error());
        queued_ = *queued;
        return queued_ == 0 && enter(Stage::Over);
      }
      case Stage::Over:
        return true;
    }
    return false;
  }

  void look_again() {
    if (open_.size() <= kMostLookUps) {
      std::erase_if(open_, [&](const Handshake& handshake) {
        const auto half_open = view_.is_half_open(handshake);
        return half_open.has_value() && !*half_open;
      });
    } else if (const auto now = view_.handshakes()) {
      std::vector<Handshake> both;
      std::ranges::set_intersection(open_, *now, std::back_inserter(both));
      open_ = std::move(both);
    }
  }

  bool failed(const Error& error) {
    failure_ = error.message;
    return false;
  }

  bool enter(Stage stage) {
    failure_.clear();
    stage_ = stage;
    return true;
  }

  std::optional<SettleResult> finish_late() {
    // The queues were not looked at yet.
    if (stage_ == Stage::Handshakes) queued_ = view_.queued().value_or(0);
    return finish(open_.size(), queued_);
  }

  std::optional<SettleResult> finish(size_t handshakes, size_t queued) {
    result_ =
        SettleResult{std::chrono::duration_cast<Millis>(clock_.now() - began_), handshakes, queued, failure_};
    return result_;
  }

  SettleView view_;
  const Clock& clock_;
  TimePoint began_;
  TimePoint deadline_;
  TimePoint next_look_{};
  Stage stage_ = Stage::OldReaders;
  std::vector<Handshake> open_;
  size_t queued_ = 0;
  std::string failure_;  // of the last look
  std::optional<SettleResult> result_;
};

class NothingToSettle final : public Settlement {
 public:
  std::optional<SettleResult> poll() override { return SettleResult{}; }
};

}  // namespace

std::unique_ptr<Settlement> begin_settling(SettleView view, Millis bound, const Clock& clock) {
  return std::make_unique<ClosingListeners>(std::move(view), bound, clock);
}

std::unique_ptr<Settlement> settled_at_once() {
  return std::make_unique<NothingToSettle>();
}

}  // namespace rollctl
