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

// One address that is steered by a classic program. The program chooses by position, and positions change
// when a member of the group closes. So this object holds a duplicate of every known listener: each stays
// open until its owner and this object have closed it, and this object chooses when positions change
// (ListenerRetirement). A program is replaced only by a different one.
//
// More than twelve methods: those of Steering for one address, and the upkeep.
class ClassicGroup {
 public:
  // Calls back once that process has exited.
  using WatchExit = std::function<Watch(const ProcessRef& process)>;
  ClassicGroup(std::shared_ptr<SockDiag> diag, const Endpoint& bound, WatchExit watch_exit)
      : diag_(std::move(diag)), watch_exit_(std::move(watch_exit)), bound_(bound) {}

  [[nodiscard]] const Endpoint& bound() const { return bound_; }
  [[nodiscard]] bool empty() const { return members_.empty(); }
  [[nodiscard]] bool attached() const { return attached_; }
  [[nodiscard]] bool has(InstanceId instance) const;

  // Whether a listener outside the rotation is left.
  [[nodiscard]] bool has_others() const;

  // SO_COOKIE of each listener of the instance.
  [[nodiscard]] std::vector<uint64_t> cookies_of(InstanceId instance) const;

  // Makes these the instance's listeners. Others that it had are held until no other process has them open.
  Status put(InstanceId instance, const ProcessId& server, std::vector<Listener> listeners);

  // The instance has gone. Its listeners are held until no other process has them open.
  void disown(InstanceId instance);

  // Makes the part of `rotation` that listens here the rotation; Unchanged where that part is empty, and
  // nothing changes.
  enum class Applied { Written, Unchanged };
  Result<Applied> apply(const Rotation& rotation);

  // See Steering::fall_back_to().
  Status fall_back_to(Steering::Fallback fallback);

  // Attaches a program for aimed connections only; the kernel hashes all others.
  Status guard();

  // Sets the rotation without attaching a program.
  void remember(const Rotation& rotation) { rotation_ = rotation; }

  // The position of a listener of the instance, in turn where it has several. NotFound where it has none.
  Result<GroupPosition> next_position(InstanceId instance);

  // The upkeep: steers away from and closes listeners that only this object holds, and finds positions again
  // where they have changed. True while a listener outside the rotation is left. Takes 0.1 ms; 1 ms after a
  // change.
  Result<bool> tend();

  // Detaches the program: the kernel hashes again. Listeners are still held.
  Status lift();

  // The same, and closes all duplicates.
  Status detach();

 private:
  struct Member {
    InstanceId instance = 0;  // 0: its instance has gone
    Fd fd;
    uint32_t inode = 0;
    uint64_t cookie = 0;
    std::optional<GroupPosition> position;
    std::optional<ProcessRef> server;
    std::vector<ProcessRef> holders;  // empty: this user may not inspect them
    std::vector<Watch> exits;         // of the holders; declared after them, so that the watches end first
    bool abandoned = false;           // no other process has it open
  };

  [[nodiscard]] bool serves(const Member& member) const;
  [[nodiscard]] bool is_held(Member& member) const;
  void watch_holders(Member& member) const;
  Result<std::vector<uint64_t>> look_at_members();
  Status ensure_current();
  void forget_positions();
  Status locate(const std::vector<uint64_t>& present);
  Status install();
  Status attach();
  Status release();
  Member* find(uint64_t cookie);
  [[nodiscard]] const Member* find(uint64_t cookie) const;
  void drop(uint64_t cookie);

  std::shared_ptr<SockDiag> diag_;
  WatchExit watch_exit_;
  Endpoint bound_;
  std::vector<Member> members_;
  std::set<uint64_t> located_with_;  // the group's members, by cookie, when the positions were found
  size_t size_ = 0;                  // of the group at that time
  std::set<uint64_t> last_seen_;     // members at the last look, by cookie
  Rotation rotation_;
  bool attached_ = false;
  std::vector<sock_filter> installed_;  // the program that is attached; empty: none of this object's
  // The program's choices.
  std::vector<WeightedPosition> spread_;
  GroupPosition otherwise_ = kNoPosition;
  Steering::Fallback fallback_ = Steering::Fallback::Nobody;
  size_t turn_ = 0;
};

}  // namespace rollctl
