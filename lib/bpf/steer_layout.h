/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * The maps' keys and values, shared by the steering program and user space. C, for both compilers.
 *
 * Shims keep the maps of an older or newer rollctl alive. So a member is never moved, removed or given
 * another meaning; new ones go to the end of roll_steer_state, whose `size` tells how much a running program
 * has.
 */
#ifndef ROLL_STEER_LAYOUT_H
#define ROLL_STEER_LAYOUT_H

#include <linux/types.h>

/* NOLINTBEGIN(readability-identifier-naming): C, and named as the kernel shows it */

#define ROLL_STEER_VERSION 1
#define ROLL_STEER_ENTRIES 1024 /* of a rotation; a power of two */
#define ROLL_STEER_SLOTS 1024   /* a power of two */
#define ROLL_STEER_FALLBACKS 16 /* serving slots that are tried before a SYN is dropped */
#define ROLL_STEER_NO_SLOT 0xffff
#define ROLL_STEER_WEIGHT_UNIT 1000000
#define ROLL_STEER_PROBES 1024 /* aimed connections at the same time */

/* Where clients go while no serving slot has a listener, because each was closed and opened anew. */
enum roll_steer_miss {
  ROLL_MISS_REFUSE, /* nowhere: another listener of the group may be of a server that is not ready */
  ROLL_MISS_ANY,    /* to any listener of the group, as the kernel chooses */
};

/* The maps that are loaded with the program, in this order. */
enum roll_steer_map {
  ROLL_MAP_SOCKETS,  /* slot -> socket */
  ROLL_MAP_STATE,    /* one struct roll_steer_state */
  ROLL_MAP_PROBES,   /* struct roll_probe_key -> slot */
  ROLL_MAP_COUNTERS, /* slot -> struct roll_steer_counters, per CPU */
  ROLL_MAPS
};

/* One rotation. Written only while it is not the active one. */
struct roll_steer_table {
  __u32 serving_count;
  __u32 on_miss;                     /* enum roll_steer_miss */
  __u16 entries[ROLL_STEER_ENTRIES]; /* hash -> slot, ROLL_STEER_NO_SLOT for none */
  __u16 serving[ROLL_STEER_SLOTS];   /* each slot of the rotation once */
  __u64 weights[ROLL_STEER_SLOTS];   /* slot -> weight of its instance, in 1/ROLL_STEER_WEIGHT_UNIT */
};

/* The one element of ROLL_MAP_STATE. */
struct roll_steer_state {
  __u32 version;
  __u32 size;   /* of this struct, as the program was built */
  __u32 active; /* the table in use: 0 or 1 */
  __u32 reserved;
  struct roll_steer_table tables[2];
  __s64 owners[ROLL_STEER_SLOTS]; /* slot -> instance id, 0: free */
};

/* Key of ROLL_MAP_PROBES, whose value is a slot (__u32). */
struct roll_probe_key {
  __u8 address[16]; /* the probe's source; IPv4 as ::ffff:a.b.c.d */
  __be16 port;
  __u16 reserved;
};

/* Element of ROLL_MAP_COUNTERS, one per slot that has an owner. */
struct roll_steer_counters {
  __u64 connections; /* SYNs steered here by the rotation, fallbacks included */
  __u64 fallbacks;   /* of these: the slot that the rotation chose was empty */
  __u64 migrations;  /* handshakes and connections of a closed listener moved here */
};

/* NOLINTEND(readability-identifier-naming) */

#endif
