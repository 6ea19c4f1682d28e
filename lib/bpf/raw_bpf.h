// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>

#include "base/fd.h"

// The few calls of bpf(2) that steering needs. One program without relocations and its maps are loaded so in
// half the time that libbpf takes, which asks each kernel first what it can do. All return 0 or an errno;
// none blocks.
namespace rollctl::raw_bpf {

// Sizes in bytes; the name is the kernel's, for people.
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
  std::span<const int> maps;  // by their places, which the instructions name
  std::span<char> log = {};   // for the verifier's words on each instruction, 0 behind them; or empty
};
// One that also decides about migrations. ENOSPC where the log has no room for all that is said.
int load_program(const ReuseportProgram& program, Fd& loaded);

int update(int map, const void* key, const void* value);
int look_up(int map, const void* key, void* value);
int erase(int map, const void* key);
// The first key for `previous` = nullptr; ENOENT after the last.
int next_key(int map, const void* previous, void* next);
// The size of one value in bytes.
int value_size(int map, uint32_t& size);

}  // namespace rollctl::raw_bpf
