// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>

#include "base/fd.h"

// The calls of bpf(2) that steering and http_close need. For steering they load one program without
// relocations and its maps in half the time of libbpf, which probes the kernel's features first. All return 0
// or an errno; none blocks.
namespace rollctl::raw_bpf {

// Sizes in bytes; the name is shown by bpftool.
struct MapShape {
  const char* name;
  uint32_t type;
  uint32_t key_size;
  uint32_t value_size;
  uint32_t max_entries;
  uint32_t flags;
};
int create_map(const MapShape& shape, Fd& map);

struct ReuseportProgram {
  const char* name;
  std::span<const unsigned char> instructions;
  std::span<const int> maps;  // the instructions refer to them by index
  std::span<char> log = {};   // receives the verifier's log, 0-terminated; empty: none
};
// For SO_REUSEPORT groups, migrations included. ENOSPC where the log does not fit.
int load_program(const ReuseportProgram& program, Fd& loaded);

// The program sees the messages that the sockets in `map`, a SOCKHASH, send (BPF_SK_MSG_VERDICT).
int attach_to_sockets(int program, int map);

int update(int map, const void* key, const void* value);
int look_up(int map, const void* key, void* value);
int erase(int map, const void* key);
// The first key for `previous` = nullptr; ENOENT after the last.
int next_key(int map, const void* previous, void* next);
// The size of one value in bytes.
int value_size(int map, uint32_t& size);

}  // namespace rollctl::raw_bpf
