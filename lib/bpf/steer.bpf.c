/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * Chooses the listener of a SO_REUSEPORT group that gets a new connection. It only looks up data in its maps
 * (steer_layout.h), which user space writes.
 */
/* The helpers need the types of linux/bpf.h first. */
/* clang-format off */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
/* clang-format on */
#include "steer_layout.h"

/*
 * The address of a map, by its index among the maps that are loaded with the program, so that no relocation
 * is needed. Written out as two struct bpf_insn of linux/bpf.h: load 64 bits into r1.
 */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define MAP_INTO_R1 (BPF_PSEUDO_MAP_IDX << 4 | BPF_REG_1)
#else
#define MAP_INTO_R1 (BPF_REG_1 << 4 | BPF_PSEUDO_MAP_IDX)
#endif
#define MAP(place)                                                                                         \
  ({                                                                                                       \
    register void* map_ asm("r1");                                                                         \
    asm volatile(".byte %[code], %[registers]\n.short 0\n.long %[map]\n.8byte 0"                           \
                 : "=r"(map_)                                                                              \
                 : [code] "i"(BPF_LD | BPF_IMM | BPF_DW), [registers] "i"(MAP_INTO_R1), [map] "i"(place)); \
    map_;                                                                                                  \
  })

/*
 * Loads a number of a roll_steer_state, `bytes` after its member. The compiler must not copy the sum: with
 * CAP_BPF but without CAP_PERFMON the verifier also follows a path on which nothing was added. There, that of
 * Linux 6.18 loses the 32-bit bounds of the pointer, and warns ("REG INVARIANTS VIOLATION") when it is
 * copied.
 */
#define LOAD(type, state, bytes, member)                                                                   \
  ({                                                                                                       \
    struct roll_steer_state* sum_ = (state);                                                               \
    __u64 value_;                                                                                          \
    asm volatile(                                                                                          \
        "%[sum] += %[behind]\n%[value] = *(" #type "*)(%[sum] + %[place])"                                 \
        : [sum] "+r"(sum_), [value] "=r"(value_)                                                           \
        : [behind] "r"((__u64)(bytes)), [place] "i"(__builtin_offsetof(struct roll_steer_state, member))); \
    value_;                                                                                                \
  })

#define IPV4_SOURCE_OFFSET 12
#define IPV6_SOURCE_OFFSET 8
#define AF_INET6 10

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

static __always_inline long select_slot(struct sk_reuseport_md* ctx, __u32 slot) {
  return bpf_sk_select_reuseport(ctx, MAP(ROLL_MAP_SOCKETS), &slot, 0);
}

/* Adds 0 or 1 to each, without branches: each would double the paths that the verifier walks. */
static __always_inline void count(__u32 slot, __u64 connection, __u64 fallback, __u64 migration) {
  struct roll_steer_counters* counters = bpf_map_lookup_elem(MAP(ROLL_MAP_COUNTERS), &slot);
  if (!counters) return;
  counters->connections += connection;
  counters->fallbacks += fallback;
  counters->migrations += migration;
}

/*
 * Whether a connection that its listener has left behind is an announced one: a probe. It must not get to
 * another instance, whose answer would count as that of the one that was asked.
 */
static __always_inline int is_aimed(struct bpf_sock* connection) {
  struct roll_probe_key key = {.port = connection->dst_port};
  if (connection->family == AF_INET6) {
    __builtin_memcpy(key.address, connection->dst_ip6, 16);
  } else {
    __u32 address = connection->dst_ip4;
    key.address[10] = 0xff;
    key.address[11] = 0xff;
    __builtin_memcpy(key.address + 12, &address, 4);
  }
  return bpf_map_lookup_elem(MAP(ROLL_MAP_PROBES), &key) != 0;
}

/* The slot that this packet's source is announced for; 0: none. */
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
  return failure ? 0 : bpf_map_lookup_elem(MAP(ROLL_MAP_PROBES), &key);
}

SEC("sk_reuseport/migrate")
int roll_steer(struct sk_reuseport_md* ctx) {
  __u32 zero = 0;
  struct roll_steer_state* state = bpf_map_lookup_elem(MAP(ROLL_MAP_STATE), &zero);
  if (!state) return SK_DROP;

  __u64 is_migration = 1; /* without a packet */
  __u64 is_syn = 0;
  struct bpf_sock* connection = ctx->migrating_sk;
  if (connection) {
    if (is_aimed(connection)) return SK_DROP;
  } else {
    struct tcp_start tcp = {};
    if (bpf_skb_load_bytes(ctx, 0, &tcp, sizeof tcp)) return SK_DROP;
    __u32* aimed = aimed_slot(ctx, tcp.source);
    if (aimed) return select_slot(ctx, *aimed) ? SK_DROP : SK_PASS;
    is_migration = 0;
    is_syn = (tcp.flags >> TCP_SYN_SHIFT) & ~(tcp.flags >> TCP_ACK_SHIFT) & 1;
  }

  __u64 table = (*(volatile __u32*)&state->active & 1) * sizeof(struct roll_steer_table);
  __u32 slot =
      LOAD(u16, state, table + (ctx->hash & (ROLL_STEER_ENTRIES - 1)) * sizeof(__u16), tables[0].entries);
  if (slot != ROLL_STEER_NO_SLOT && !select_slot(ctx, slot)) {
    count(slot, is_syn, 0, is_migration);
    return SK_PASS;
  }

  /*
   * The slot is empty. The walk starts at a random place, so that a client's retry tries other slots.
   */
  __u64 serving_count = LOAD(u32, state, table, tables[0].serving_count);
  if (serving_count == 0) return SK_DROP;
  __u64 place = bpf_get_prandom_u32();
  for (int tries = 0; tries < ROLL_STEER_FALLBACKS; tries++, place++) {
    place %= serving_count;
    slot = LOAD(u16, state, table + (place & (ROLL_STEER_SLOTS - 1)) * sizeof(__u16), tables[0].serving);
    if (select_slot(ctx, slot) == 0) goto selected;
  }
  /*
   * Without a selection the kernel hashes over all members of the group, including those outside the
   * rotation. SK_DROP refuses the client.
   */
  return LOAD(u32, state, table, tables[0].on_miss) == ROLL_MISS_ANY ? SK_PASS : SK_DROP;

selected:
  count(slot, is_syn, is_syn, is_migration);
  return SK_PASS;
}
