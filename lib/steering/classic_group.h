// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "base/process_ref.h"
#include "loop/watch.h"
#include "net/sock_diag.h"
#include "steering/classic_program.h"
#include "steering/steering.h"

namespace rollctl {

// One address that is steered by a classic program. The program knows positions only, and these change when a
// member of the group closes; so a duplicate of every listener that is known is held, and none closes before
// its owner *and* this object have let go: positions change at a moment of this object's choosing.
class ClassicGroup : public std::enable_shared_from_this<ClassicGroup> {
 public:
  // Calls back whenever that process has exited, as long as the watch lives.
  using WatchExit = std::function<Watch(const ProcessRef& process)>;
  ClassicGroup(std::shared_ptr<SockDiag> diag, const Endpoint& bound, WatchExit watch_exit)
      : diag_(std::move(diag)), watch_exit_(std::move(watch_exit)), bound_(bound) {}

  [[nodiscard]] const Endpoint& bound() const { return bound_; }
  [[nodiscard]] bool empty() const { return members_.empty(); }
  [[nodiscard]] bool attached() const { return attached_; }
  [[nodiscard]] bool has(InstanceId instance) const;

  // Whether somebody is here who is not in the rotation.
  [[nodiscard]] bool has_others() const;

  // SO_COOKIE of each listener of the instance.
  [[nodiscard]] std::vector<uint64_t> cookies_of(InstanceId instance) const;

  // Makes these the instance's listeners; others that it had are held until nobody else has them any more.
  Status put(InstanceId instance, const ProcessId& server, std::vector<Listener> listeners);

  // The instance has gone: what it had is held until nobody else has it.
  void disown(InstanceId instance);

  // Makes the part of `rotation` that listens here the rotation. Where that is nobody, nothing changes.
  enum class Applied { Written, Nobody };
  Result<Applied> apply(const Rotation& rotation);

  // Attaches a program that leads aimed connections only; of others the kernel decides.
  Status guard();

  // Only remembers it, for an address whose program is to be attached later.
  void remember(const Rotation& rotation) { rotation_ = rotation; }

  // The position of a listener of the instance, another one each time where it has several. NotFound where it
  // has none.
  Result<GroupPosition> next_position(InstanceId instance);

  // Connections from `source` go to `position` until the result goes.
  Result<std::shared_ptr<void>> aim(const Endpoint& source, GroupPosition position);

  // Looks what has happened meanwhile: a listener that nobody else holds gets no more connections and is
  // closed, and positions that have changed are found anew. True while somebody outside the rotation still
  // listens. 0.1 ms; 1 ms where something has changed.
  Result<bool> tend();

  // The kernel hashes again; listeners are still held.
  Status lift();

  // The same, and lets go of all of them.
  Status detach();

 private:
  struct Member {
    InstanceId instance = 0;  // 0: nobody's any more
    Fd fd;
    uint32_t inode = 0;
    uint64_t cookie = 0;
    std::optional<GroupPosition> position;
    std::optional<ProcessRef> server;
    std::vector<ProcessRef> holders;  // empty: this user may not see them
    std::vector<Watch> exits;         // of the holders; after them, so that these end first
    bool abandoned = false;           // nobody else holds it
  };

  [[nodiscard]] bool serves(const Member& member) const;
  [[nodiscard]] bool is_held(Member& member) const;
  void watch_holders(Member& member) const;
  Result<std::vector<uint64_t>> present_cookies();
  Status ensure_current();
  Status locate();
  Status install();
  Status attach(std::span<const AimedSource> more);
  Status release();
  void close_abandoned(std::vector<uint64_t> layout, uint64_t pinned);
  [[nodiscard]] bool may_move(const std::vector<uint64_t>& layout, uint64_t closing, uint64_t pinned) const;
  Member* find(uint64_t cookie);
  [[nodiscard]] const Member* find(uint64_t cookie) const;
  void drop(uint64_t cookie);

  std::shared_ptr<SockDiag> diag_;
  WatchExit watch_exit_;
  Endpoint bound_;
  std::vector<Member> members_;
  std::set<uint64_t> located_with_;  // who was in the group when the positions were found
  size_t size_ = 0;                  // and how many
  Rotation rotation_;
  bool attached_ = false;
  // What the program says besides `aimed_`.
  std::vector<WeightedPosition> spread_;
  GroupPosition otherwise_ = kNoPosition;
  std::vector<AimedSource> aimed_;
  size_t turn_ = 0;
};

}  // namespace rollctl
