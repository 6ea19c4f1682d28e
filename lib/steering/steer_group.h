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

// One steered address: a program, its maps, and what they say. All that must survive this process stands in
// the maps; an object of this class is a view of them.
class SteerGroup {
 public:
  // Around a program that was just loaded.
  static Result<std::unique_ptr<SteerGroup>> create(const Endpoint& bound, SteerMaps maps);

  // Around one that another process has filled and, most likely, attached. Aimed connections that it did not
  // finish are forgotten.
  static Result<std::unique_ptr<SteerGroup>> adopt(const Endpoint& bound, SteerMaps maps);

  [[nodiscard]] const Endpoint& bound() const { return bound_; }
  [[nodiscard]] std::vector<uint32_t> slots_of(InstanceId instance) const;
  [[nodiscard]] std::vector<InstanceId> instances() const;

  // What stands in the instance's slots, by SO_COOKIE; without the empty ones.
  [[nodiscard]] std::vector<uint64_t> cookies_of(InstanceId instance) const;

  // Makes these the instance's listeners: what stands in its slots already stays, the rest goes into slots
  // that have become empty, into those of listeners that are not named any more, and into free ones. While a
  // listener is still in an earlier steering's map it is tried again, up to 5 s; after 15 ms an earlier
  // program that is still attached is detached. On an error nothing new stays.
  Status put(InstanceId instance, std::span<const Listener> listeners);

  // Takes the instance out of the rotation, if it is there, and frees its slots.
  Status remove(InstanceId instance);

  // Makes the part of `rotation` that has slots here the rotation. Where that is nobody, nothing changes.
  enum class Applied { Written, Nobody };
  Result<Applied> apply(const Rotation& rotation);
  [[nodiscard]] Rotation rotation() const;

  enum class Attachment { No, Yes, Unknown };  // Unknown: adopted
  [[nodiscard]] Attachment attachment() const { return attachment_; }
  Status attach(int listener_fd);
  // Disowns every slot, then detaches. On an error all is as before.
  Status detach(int listener_fd);
  // The same for a group that has died with its last listener.
  void disown();

  // The duplicate of one listener, kept from the first put() until the program is attached.
  [[nodiscard]] int kept_listener() const { return kept_listener_.get(); }
  void close_kept_listener() { kept_listener_.reset(); }

  // Lets go of every socket. Call it after detach() or disown(), when no look-up can be in the program any
  // more.
  void clear();

  [[nodiscard]] SteeringCounters counters(InstanceId instance) const;

  // Whether it is sure that the program has led nothing to the instance yet. May be asked when this group has
  // gone.
  [[nodiscard]] std::function<bool()> is_untouched(InstanceId instance) const;
  [[nodiscard]] Result<SteeringHandle> share(InstanceId instance) const;

  // Where aimed connections are announced; a duplicate.
  [[nodiscard]] Result<Fd> share_probes() const { return duplicate(maps_.probes.get()); }

  // A slot of the instance with a listener in it, another one each time where it has several.
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
  Status await_readers();

  Endpoint bound_;
  SteerMaps maps_;
  SteerState state_;
  Attachment attachment_;
  Fd kept_listener_;
  bool readers_of_idle_table_ = false;  // there may be some since the last flip
  std::vector<uint32_t> disowned_;
  size_t aimed_ = 0;
};

}  // namespace rollctl
