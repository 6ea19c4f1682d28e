/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * Decides which listener of a SO_REUSEPORT group gets a new connection. It only looks up: what it decides is
 * data in `roll_state` and `roll_probes`.
 */
/* The helpers need the types of linux/bpf.h first. */
/* clang-format off */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
/* clang-format on */
#include "steer_layout.h"

char _license[] SEC("license") = "Dual MIT/GPL";

struct {
  __uint(type, BPF_MAP_TYPE_REUSEPORT_SOCKARRAY);
  __uint(max_entries, ROLL_STEER_SLOTS);
  __type(key, __u32);
  __type(value, __u64);
} roll_sockets SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct roll_steer_state);
} roll_state SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(max_entries, 256);
  __type(key, struct roll_probe_key);
  __type(value, __u32);
} roll_probes SEC(".maps");

/* A hash, although the keys are slots: an array would allocate all of them for every CPU, at every load. */
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_HASH);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(max_entries, ROLL_STEER_SLOTS);
  __type(key, __u32);
  __type(value, struct roll_steer_counters);
} roll_counters SEC(".maps");

#define IPV4_SOURCE_OFFSET 12
#define IPV6_SOURCE_OFFSET 8

struct tcp_start {
  __be16 source;
  __be16 destination;
  __be32 sequence;
  __be32 acknowledged;
  __u8 offset;
  __u8 flags;
};
#define TCP_SYN_SHIFT 1
#define TCP_ACK_SHIFT 4

static __always_inline int select_slot(struct sk_reuseport_md* ctx, __u32 slot) {
  return bpf_sk_select_reuseport(ctx, &roll_sockets, &slot, 0);
}

/* Adds 0 or 1 to each; without branches, which would multiply what the verifier has to walk through. */
static __always_inline void count(__u32 slot, __u64 connection, __u64 fallback, __u64 migration) {
  struct roll_steer_counters* counters = bpf_map_lookup_elem(&roll_counters, &slot);
  if (!counters) return;
  counters->connections += connection;
  counters->fallbacks += fallback;
  counters->migrations += migration;
}

/* Which slot is this packet's source aimed at, if at any? */
static __always_inline __u32* aimed_slot(struct sk_reuseport_md* ctx, __be16 source_port) {
  struct roll_probe_key key = {.port = source_port};
  long failure;
  if (ctx->eth_protocol == bpf_htons(ETH_P_IPV6)) {
    failure = bpf_skb_load_bytes_relative(ctx, IPV6_SOURCE_OFFSET, key.address, 16, BPF_HDR_START_NET);
  } else {
    key.address[10] = 0xff;
    key.address[11] = 0xff;
    failure = bpf_skb_load_bytes_relative(ctx, IPV4_SOURCE_OFFSET, key.address + 12, 4, BPF_HDR_START_NET);
  }
  return failure ? 0 : bpf_map_lookup_elem(&roll_probes, &key);
}

struct walk {
  struct sk_reuseport_md* ctx;
  const struct roll_steer_table* table;
  __u32 start;
  __u32 slot; /* the one that was found */
};

/* Stops at the first slot whose socket takes the connection. A callback, which the verifier walks through
   once and not once for each try. */
static long try_serving(__u32 tries, void* data) {
  struct walk* walk = data;
  const __u32 serving_count = walk->table->serving_count;
  const __u32 slot = walk->table->serving[(walk->start + tries) % serving_count & (ROLL_STEER_SLOTS - 1)];
  if (select_slot(walk->ctx, slot)) return 0;
  walk->slot = slot;
  return 1;
}

SEC("sk_reuseport/migrate")
int roll_steer(struct sk_reuseport_md* ctx) {
  __u32 zero = 0;
  struct roll_steer_state* state = bpf_map_lookup_elem(&roll_state, &zero);
  if (!state) return SK_DROP;

  __u64 is_migration = 1; /* there is no packet then */
  __u64 is_syn = 0;
  if (!ctx->migrating_sk) {
    struct tcp_start tcp = {};
    if (bpf_skb_load_bytes(ctx, 0, &tcp, sizeof tcp)) return SK_DROP;
    __u32* aimed = aimed_slot(ctx, tcp.source);
    if (aimed) return select_slot(ctx, *aimed) ? SK_DROP : SK_PASS;
    is_migration = 0;
    is_syn = (tcp.flags >> TCP_SYN_SHIFT) & ~(tcp.flags >> TCP_ACK_SHIFT) & 1;
  }

  __u32 active = *(volatile __u32*)&state->active;
  struct roll_steer_table* table = &state->tables[active & 1];
  __u32 slot = table->entries[ctx->hash & (ROLL_STEER_ENTRIES - 1)];
  if (slot != ROLL_STEER_NO_SLOT && !select_slot(ctx, slot)) {
    count(slot, is_syn, 0, is_migration);
    return SK_PASS;
  }

  /*
   * The one that was meant has gone. Passing without a selection would let the kernel hash over all members,
   * those that are not in the rotation included. The walk starts anywhere, so that a client that tries again
   * gets another chance.
   */
  if (table->serving_count == 0) return SK_DROP;
  struct walk walk = {ctx, table, bpf_get_prandom_u32(), ROLL_STEER_NO_SLOT};
  bpf_loop(ROLL_STEER_FALLBACKS, try_serving, &walk, 0);
  if (walk.slot == ROLL_STEER_NO_SLOT) return SK_DROP;
  count(walk.slot, is_syn, is_syn, is_migration);
  return SK_PASS;
}
