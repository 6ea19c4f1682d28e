// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/address.h"
#include "base/fd.h"
#include "base/result.h"
#include "bpf/steer_program.h"
#include "bpf/steer_state.h"
#include "steering/steering.h"

namespace rollctl {

// One steered address: a program and its maps. All state that must survive this process is in the maps; an
// object of this class is a view of them.
//
// More than twelve methods: those of Steering for one address, and looks into the maps.
class SteerGroup {
 public:
  // For a program that was just loaded.
  static Result<std::unique_ptr<SteerGroup>> create(const Endpoint& bound, SteerMaps maps);

  // For a program that another process has filled and probably attached. Deletes its aimed connections.
  static Result<std::unique_ptr<SteerGroup>> adopt(const Endpoint& bound, SteerMaps maps);

  [[nodiscard]] const Endpoint& bound() const { return bound_; }
  [[nodiscard]] std::vector<uint32_t> slots_of(InstanceId instance) const;
  [[nodiscard]] std::vector<InstanceId> instances() const;

  // The listeners in the instance's slots, by SO_COOKIE.
  [[nodiscard]] std::vector<uint64_t> cookies_of(InstanceId instance) const;

  // Makes these the instance's listeners. Those in a slot stay there; the others go into the instance's empty
  // slots, into those of its listeners that are not named, and into free ones. While a listener is still in
  // an earlier steering's map, it is tried again for up to 5 s; after 15 ms an earlier program is detached.
  // After an error no slot was added.
  Status put(InstanceId instance, std::span<const Listener> listeners);

  // Takes the instance out of the rotation, if it is there, and frees its slots.
  Status remove(InstanceId instance);

  // Makes the part of `rotation` that has slots here the rotation; Unchanged where that part is empty, and
  // nothing changes.
  enum class Applied { Written, Unchanged };
  Result<Applied> apply(const Rotation& rotation);
  [[nodiscard]] Rotation rotation() const;

  // Where clients go on a miss, until the next apply(), put() or remove() that writes a rotation.
  void set_miss(roll_steer_miss miss) { state_.set_miss(miss); }

  enum class Attachment { No, Yes, Unknown };  // Unknown: adopted
  [[nodiscard]] Attachment attachment() const { return attachment_; }
  Status attach(int listener_fd);
  // Removes all owners, then detaches. After an error the owners are as before.
  Status detach(int listener_fd);
  // Removes all owners, of a group that has died with its last listener.
  void disown();

  // The duplicate of one listener, kept from the first put() until the program is attached.
  [[nodiscard]] int kept_listener() const { return kept_listener_.get(); }
  void close_kept_listener() { kept_listener_.reset(); }

  // Empties the slots. To be called after detach() or disown() and a grace period.
  void clear();

  [[nodiscard]] SteeringCounters counters(InstanceId instance) const;

  [[nodiscard]] Result<SteeringHandle> share(InstanceId instance) const;

  // A duplicate of the map of announced connections.
  [[nodiscard]] Result<Fd> share_probes() const { return duplicate(maps_.probes.get()); }

  // A slot of the instance with a listener in it, in turn where it has several.
  [[nodiscard]] std::optional<uint32_t> next_slot(InstanceId instance);

 private:
  SteerGroup(const Endpoint& bound, SteerMaps maps, SteerState state, Attachment attachment)
      : bound_(bound), maps_(std::move(maps)), state_(std::move(state)), attachment_(attachment) {}

  [[nodiscard]] uint64_t cookie_in(uint32_t slot) const;
  Result<uint32_t> take_free_slot(InstanceId instance);
  [[nodiscard]] const __s64* find_left_slot() const;
  void free_slot(uint32_t slot);
  Status insert(uint32_t slot, const Listener& listener);
  Status write_rotation(const Rotation& rotation);
  void await_readers();

  Endpoint bound_;
  SteerMaps maps_;
  SteerState state_;
  Attachment attachment_;
  Fd kept_listener_;
  bool readers_of_idle_table_ = false;  // possible since the last flip, until a grace period
  std::vector<uint32_t> disowned_;
  size_t aimed_ = 0;
};

}  // namespace rollctl
