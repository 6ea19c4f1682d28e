// SPDX-License-Identifier: MIT
#pragma once

#include "deploy/world.h"

namespace rollctl {

// Writes events down and tells the observer; stamps them with the time and the generation.
class Recorder {
 public:
  Recorder(World& world, int64_t generation) : world_(world), generation_(generation) {}

  // Before an act, which must not follow until that is acknowledged, nor when it has failed; an act that does
  // not follow for another reason does no harm. Intents are the journal's alone.
  Acknowledgement intend(Event event) {
    stamp(event);
    return world_.journal.commit(event);
  }

  // An event that must be on the disk before anything follows: a change's end, and its beginning where
  // somebody else's program is run next. Told, too.
  Status commit(Event event) {
    stamp(event);
    Status written = world_.journal.commit(event).await();
    world_.observer.on_event(event);
    return written;
  }

  // The beginning of a change that goes on with an intent of its own.
  Status begin(Event event) {
    stamp(event);
    Status written = world_.journal.note(event);
    world_.observer.on_event(event);
    return written;
  }

  // After an act; a journal that cannot be written does not undo what has happened.
  void happened(Event event) {
    stamp(event);
    if (Status written = world_.journal.note(event); !written)
      world_.observer.on_warning(written.error().message);
    world_.observer.on_event(event);
  }

 private:
  void stamp(Event& event) const {
    event.time = world_.scheduler.wall_now();
    event.generation = generation_;
  }

  World& world_;
  int64_t generation_;
};

}  // namespace rollctl
