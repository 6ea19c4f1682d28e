// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "config/generation_spec.h"
#include "deploy/fleet.h"
#include "deploy/recorder.h"
#include "deploy/traffic.h"
#include "deploy/wait.h"
#include "deploy/world.h"

namespace rollctl {

// What a new instance of a generation is launched with.
struct LaunchPlace {
  LaunchSpec launch;
  ProbeSpec probe;
};

// Makes up a new instance: an id that was never used, its folders, its log. Nothing is started.
using PlaceInstance = std::function<Result<LaunchPlace>(const GenerationSpec& spec)>;

// Then the kernel has given up a handshake whose client is silent: 63 s with net.ipv4.tcp_synack_retries = 5,
// the default.
inline constexpr Millis kHandshakeLife{65'000};

// Why an act ended without success. Every ending of a change is one of these.
struct Ending {
  enum class Kind {
    Done,
    InstanceFailed,  // see `instance` and the member's trouble
    HookFailed,
    HostFailed,   // the journal, the kernel or the file system did not do what was asked
    Interrupted,  // by a first signal
    Abandoned,    // by a second one
  };
  Kind kind = Kind::Done;
  InstanceId instance = 0;
  std::string reason;
  std::string hint;

  [[nodiscard]] bool done() const { return kind == Kind::Done; }
};

inline Ending host_failed(const Error& error) {
  return {Ending::Kind::HostFailed, 0, error.message, error.hint};
}

// The four acts that every command is made of, and what they share. They work over what was discovered: an
// act may continue what another process began. Callbacks only change members; what is written here waits in
// straight lines.
class Acts {
 public:
  Acts(World& world, Recorder& recorder, Fleet& fleet, std::vector<ListenAddress> listen,
       PlaceInstance place);

  // Puts what serves under steering before anything new listens: new listeners get nothing until they are
  // shifted in. `traffic`: who serves from now on. `outside`: who is known to the steering but gets nothing
  // new.
  Ending gate(const Traffic& traffic, const std::vector<InstanceId>& outside = {});

  // Writes down that an instance of that generation is to be started, the first of the launch() that is to
  // come, and stages it: its shim gets ready while others are gated. launch() waits for the disk.
  Ending intend_launch(const GenerationSpec& spec);

  // Starts `count` instances and waits until each is ready and in the group of those that serve, at most
  // until `deadline` each. `meanwhile` is done while they start, also where there are none; its ending
  // counts. On any ending but Done those that were started are members still.
  Ending launch(const GenerationSpec& spec, int count, Millis deadline, std::vector<InstanceId>& launched,
                OnInterrupt on_interrupt, const std::function<Ending()>& meanwhile = {});

  // New connections go there from now on; who is in the rotation serves, who left it settles. begin_shift()
  // does not wait until all have heard so: settle() does, which is to come next. `drained_next`: who is told
  // to end as soon as it has settled; that is written down together with the shift.
  Ending shift(const Traffic& traffic);
  Ending begin_shift(const Traffic& traffic, const std::vector<InstanceId>& drained_next = {});

  // Tells those in the rotation that they serve, where an interrupted change did not come to it.
  Ending confirm();

  // Who left the rotation and has settled is kept, for so long, for an instant rollback; then its shim drains
  // it. Returns those whose shims cannot be told.
  std::vector<InstanceId> stand_by(const std::vector<InstanceId>& left, Millis duration,
                                   const DrainOrder& drain);

  // The instance belongs to another generation from now on: it came back with it.
  void adopt(InstanceId id, int64_t generation) { generations_[id] = generation; }

  // Watches new members for `duration`: dying or becoming unready is an ending.
  Ending bake(const std::vector<InstanceId>& fresh, Millis duration);

  // Those that clients may have reached while nobody served: they settle from now on, as those do that left
  // the rotation.
  std::vector<InstanceId> take_out_admitted(const std::vector<InstanceId>& ids);

  // Waits until those that left the rotation have settled.
  Ending settle(const std::vector<InstanceId>& leaving, Millis bound, OnInterrupt on_interrupt);

  // Writes down that they are to be told to end, while they settle.
  void intend_drain(const std::vector<InstanceId>& leaving);

  // Tells them to end. Does not wait for it.
  Ending begin_drain(const std::vector<InstanceId>& leaving, const DrainOrder& order);

  // Waits until none of them is left, as long as their shims grant: these enforce the deadlines. One that
  // does not, for it fell silent, makes it HostFailed.
  Ending await_drained(const std::vector<InstanceId>& leaving, OnInterrupt on_interrupt);

  // Waits until none of them listens any more, which is the time to lift the gate; at most `bound`.
  Waited await_closed(const std::vector<InstanceId>& leaving, Millis bound, OnInterrupt on_interrupt);

  // Readiness does not matter any more.
  void stop_probing();

  // Whether something went wrong with any of them by now.
  [[nodiscard]] bool any_in_trouble(const std::vector<InstanceId>& ids) const;
  // What went wrong with the first of them that is in trouble. Waits for a moment where one became unready:
  // it may have died, which its shim is about to tell.
  [[nodiscard]] Ending trouble_among(const std::vector<InstanceId>& ids);

  // Whether a signal has come by now, also while nothing waited.
  [[nodiscard]] Ending interruption() const;

  // Lets the kernel choose among all listeners again.
  Status ungate();

  // Leaves the gate to the shims of those that serve: they lift it, after `look_after` at the earliest, once
  // nobody outside the rotation listens any more, and no sooner than handshakes that are left are over.
  void leave_gate(Millis look_after);

  [[nodiscard]] const Traffic& traffic() const { return traffic_; }

  [[nodiscard]] size_t connections_cut() const;
  // Handshakes and queued connections that had not settled at the bound.
  [[nodiscard]] size_t left() const { return handshakes_left_ + queued_left_; }
  // Some of these are moved when their clients finish them, if the gate stays for so long: kHandshakeLife.
  [[nodiscard]] bool leaves_handshakes() const {
    return handshakes_left_ > 0 && gates() && world_.steering.outlives_rollctl() &&
           !traffic_.rotation.empty();
  }

 private:
  void wake_stranded(OnInterrupt on_interrupt);
  void forget_gone();
  [[nodiscard]] TimePoint last_deadline(const std::vector<InstanceId>& leaving) const;
  // shift.cpp
  struct ToldRole {
    InstanceId id;
    bool is_news;
    Acknowledgement heard;
  };
  Acknowledgement give_role(InstanceId id, RoleOrder role);
  void tell_roles(const Rotation& weights);
  Status await_roles();
  // launch.cpp
  struct IntendedLaunch {
    LaunchPlace place;
    Acknowledgement on_disk;
  };
  // Sets `id` once there is a member of that id.
  Ending start_one(const GenerationSpec& spec, InstanceId& id);
  // join.cpp
  void look(Member& member);
  void look_later(Member& member);
  std::optional<std::string> listens_elsewhere(Member& member);
  Status join(Member& member, std::vector<Listener> listeners);
  std::optional<std::string> refuse_group(const std::vector<GroupIdentity>& groups) const;
  std::optional<Endpoint> shared_port(const Member& member) const;
  void watch_readiness(Member& member);
  Result<bool> put_under_steering(Member& member);
  Result<std::set<InstanceId>> reachable_of(const std::set<InstanceId>& rotation);
  Status note_groups(Member& member, const std::vector<Listener>& listeners);
  Status hand_out_steering(InstanceId id, SteeringTerm term = {});
  Status guard(const Member& member);
  Status await_steering_held(InstanceId id);
  void await_all_steering_held();
  void let_go_of_steering(Member& member);
  void warn_unsupervised(InstanceId id, const Error& error);
  [[nodiscard]] bool listens_everywhere(const std::vector<Listener>& listeners) const;
  void become_ready(Member& member);
  [[nodiscard]] Ending ending_of(Waited waited, const std::vector<InstanceId>& ids);
  [[nodiscard]] std::string listen_text() const;
  [[nodiscard]] bool gates() const { return world_.steering.way() == Handover::Steer; }

  World& world_;
  Recorder& recorder_;
  Fleet& fleet_;
  std::vector<ListenAddress> listen_;
  PlaceInstance place_;
  Traffic traffic_;
  bool admits_all_ = false;                    // clients, to all that listen, for nobody serves
  std::map<InstanceId, int64_t> generations_;  // of those that were adopted
  std::vector<GroupIdentity> expected_;        // the groups of those that serve
  std::optional<IntendedLaunch> next_launch_;
  std::map<InstanceId, Acknowledgement> next_drains_;  // and whether that is on the disk
  std::map<InstanceId, ProbeSpec> probes_;
  std::map<InstanceId, Micros> look_delay_;
  std::vector<ToldRole> told_roles_;                  // and not awaited yet
  std::map<InstanceId, Acknowledgement> handed_out_;  // the steering, to shims that have not said yet
  std::map<InstanceId, Acknowledgement> let_go_;      // of it, likewise
  size_t handshakes_left_ = 0;                        // at the bound of settling
  size_t queued_left_ = 0;
};

}  // namespace rollctl
