/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * Adds "Connection: close" to the next response of a draining HTTP/1 server, so that its client closes the
 * connection. README.md beside this file has the rule and its reasons.
 */
/* The helpers need the types of linux/bpf.h first. */
/* clang-format off */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
/* clang-format on */
#include "http_close_layout.h"

/* The members that are read of the kernel's structures. The loader finds their places in the kernel's BTF. */
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
typedef struct {
  __s64 counter;
} atomic64_t;
struct sock_common {
  atomic64_t skc_cookie;
};
struct sock {
  struct sock_common __sk_common;
};
struct inet_sock {
  struct sock sk;
};
struct inet_connection_sock {
  struct inet_sock icsk_inet;
  struct {
    __u32 lrcvtime;
  } icsk_ack;
};
struct tcp_sock {
  struct inet_connection_sock inet_conn;
  __u32 copied_seq;
  __u32 write_seq;
  __u32 snd_una;
  __u32 lsndtime;
};
#pragma clang attribute pop

struct {
  __uint(type, BPF_MAP_TYPE_SOCKHASH);
  __uint(max_entries, ROLL_HTTP_CONNECTIONS);
  __type(key, __u64);
  __type(value, __u32);
} roll_http_sock SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, ROLL_HTTP_CONNECTIONS);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, __u64);
  __type(value, struct roll_http_connection);
} roll_http_conn SEC(".maps");

#define SCAN 2048        /* of a head; a power of two */
#define STATUS_LINE 256  /* its longest; a power of two */
#define ONE_PIECE 32768  /* a longer message is not made into one piece */
#define SHORTEST_HEAD 17 /* "HTTP/1.1 200" and two empty lines, at least */

#define CLOSE "Connection: close\r\n"
#define CLOSE_SIZE (sizeof CLOSE - 1)

struct scan {
  struct sk_msg_md* message;
  __u64 earlier, last; /* the 16 bytes up to the current one */
  __u32 after_status;  /* behind the status line; 0: not seen */
  __u32 after_name;    /* behind "\nConnection:"; 0: not seen */
  __u32 end;           /* behind the empty line; 0: not seen */
};

static long scan_byte(__u32 index, struct scan* scan) {
  const __u8* data = scan->message->data;
  const __u8* end = scan->message->data_end;
  __u32 at = index & (SCAN - 1);
  if (data + at + 1 > end) return 1;
  scan->earlier = scan->earlier << 8 | scan->last >> 56;
  scan->last = scan->last << 8 | data[at];
  if (!scan->after_status && (scan->last & 0xffff) == 0x0d0a) scan->after_status = at + 1;
  if ((scan->last | 0x2020202020202000) == 0x6e656374696f6e3a &&
      ((scan->earlier & 0xffffffff) | 0x00202020) == 0x0a636f6e && !scan->after_name)
    scan->after_name = at + 1;
  if ((scan->last & 0xffffffff) != 0x0d0a0d0a) return 0;
  scan->end = at + 1;
  return 1;
}

static __always_inline int is_digit(char c) {
  return c >= '0' && c <= '9';
}

/* Whether the message begins with "HTTP/1.x ddd". */
static __always_inline int is_response(const char* d) {
  return d[0] == 'H' && d[1] == 'T' && d[2] == 'T' && d[3] == 'P' && d[4] == '/' && d[5] == '1' &&
         d[6] == '.' && is_digit(d[7]) && d[8] == ' ' && d[9] >= '1' && d[9] <= '5' && is_digit(d[10]) &&
         is_digit(d[11]) && (d[12] == ' ' || d[12] == '\r');
}

static __always_inline int is_word(const char* d, const char* word, int size) {
  int same = 1;
  for (int i = 0; i < size; i++) same &= (d[i] | 0x20) == word[i];
  return same;
}

/* By byte: a copy would leave the text in a section, which would become a map. */
static __always_inline void write(char* place, const char* text, int size) {
  for (int i = 0; i < size; i++) place[i] = text[i];
}

/* The server's own "Connection: ". Its value is changed only where it is "keep-alive" and nothing else. */
static __always_inline int answer_own(struct sk_msg_md* message, struct roll_http_connection* connection,
                                      __u32 after_name) {
  char* value = message->data;
  const char* end = message->data_end;
  value += after_name & (SCAN - 1);
  if (value + 2 > end) return SK_PASS;
  if (*value == ' ') value++;
  if (value + 12 > end) return SK_PASS;
  if (is_word(value, "close", 5) && value[5] == '\r') {
    connection->state = ROLL_HTTP_CLOSING;
  } else if (is_word(value, "keep", 4) && value[4] == '-' && is_word(value + 5, "alive", 5) &&
             value[10] == '\r') {
    write(value, "close     ", 10);
    connection->state = ROLL_HTTP_ASKED;
  }
  return SK_PASS;
}

static __always_inline int insert(struct sk_msg_md* message, struct roll_http_connection* connection,
                                  __u32 after_status) {
  if (after_status >= STATUS_LINE) return SK_PASS;
  __u32 size = message->size;
  if (size > ONE_PIECE) size = ONE_PIECE;
  if (bpf_msg_push_data(message, after_status, CLOSE_SIZE, 0)) return SK_PASS;
  /* Each piece would go out as a segment of its own, and Nagle's algorithm would hold the second. */
  if (bpf_msg_pull_data(message, 0, size + CLOSE_SIZE, 0))
    return bpf_msg_pop_data(message, after_status, CLOSE_SIZE, 0) ? SK_DROP : SK_PASS;
  char* place = message->data;
  const char* end = message->data_end;
  place += after_status & (STATUS_LINE - 1);
  if (place + CLOSE_SIZE > end) return SK_DROP;
  write(place, CLOSE, CLOSE_SIZE);
  connection->state = ROLL_HTTP_ASKED;
  return SK_PASS;
}

SEC("sk_msg")
int roll_http_close(struct sk_msg_md* message) {
  struct bpf_sock* sk = message->sk;
  if (!sk) return SK_PASS;
  struct tcp_sock* tcp = bpf_skc_to_tcp_sock(sk);
  if (!tcp) return SK_PASS;
  __u64 cookie = tcp->inet_conn.icsk_inet.sk.__sk_common.skc_cookie.counter;
  struct roll_http_connection* connection = bpf_map_lookup_elem(&roll_http_conn, &cookie);
  if (!connection || connection->state != ROLL_HTTP_OPEN) return SK_PASS;

  __u32 copied_seq = tcp->copied_seq;
  int has_read = connection->is_known ? connection->copied_seq != copied_seq
                                      : (__s32)(tcp->inet_conn.icsk_ack.lrcvtime - tcp->lsndtime) > 0;
  __u32 was_known = connection->is_known;
  __u32 before = connection->copied_seq;
  connection->copied_seq = copied_seq;
  connection->is_known = 1;
  if (!has_read || tcp->snd_una != tcp->write_seq) return SK_PASS;

  __u32 size = message->size;
  if (size < SHORTEST_HEAD) {
    connection->state = ROLL_HTTP_FOREIGN;
    return SK_PASS;
  }
  if (bpf_msg_pull_data(message, 0, size < SCAN ? size : SCAN, 0)) return SK_PASS;
  const char* data = message->data;
  if (data + SHORTEST_HEAD > (const char*)message->data_end) return SK_PASS;
  char hundreds = data[9], tens = data[10], ones = data[11];
  if (!is_response(data)) {
    connection->state = ROLL_HTTP_FOREIGN;
    return SK_PASS;
  }
  /* Zeros that the verifier does not know: it would follow each of their later values by itself. */
  __u32 zero = *(volatile __u32*)&connection->reserved;
  struct scan scan = {message, zero, zero, zero, zero, zero};
  bpf_loop(SCAN, scan_byte, &scan, 0);

  if (hundreds == '1') {
    if (tens == '0' && ones == '1') connection->state = ROLL_HTTP_FOREIGN;
    /* The response is still to come, unless it is a part of this message already. */
    if (scan.end == size) {
      connection->copied_seq = before;
      connection->is_known = was_known;
    }
    return SK_PASS;
  }
  if (!scan.after_status) return SK_PASS;
  return scan.after_name ? answer_own(message, connection, scan.after_name)
                         : insert(message, connection, scan.after_status);
}

char _license[] SEC("license") = "Dual MIT/GPL";
