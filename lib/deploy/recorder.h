// SPDX-License-Identifier: MIT
#pragma once

#include "deploy/world.h"

namespace rollctl {

// Writes the events of one change into the journal and tells them to the observer, with time and generation.
class Recorder {
 public:
  Recorder(World& world, int64_t generation) : world_(world), generation_(generation) {}

  // Writes an intent, for the journal alone. The act must not follow before the acknowledgement, nor where it
  // is an error. An intent without its act does no harm.
  Acknowledgement intend(Event event) {
    stamp(event);
    return world_.journal.commit(event);
  }

  // Blocks until the event is on the disk: for the end of a change, and for its beginning where a hook
  // follows.
  Status commit(Event event) {
    stamp(event);
    Status written = world_.journal.commit(event).await();
    world_.observer.on_event(event);
    return written;
  }

  // For the beginning of a change whose next step is an intent: that takes this event along to the disk.
  Status begin(Event event) {
    stamp(event);
    Status written = world_.journal.note(event);
    world_.observer.on_event(event);
    return written;
  }

  // Records what an act has done. Where the journal cannot be written, warns: the act is not undone.
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
