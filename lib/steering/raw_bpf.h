// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

// The few bpf(2) calls on maps that are needed once a program is loaded, without libbpf, which a shim does
// not carry. All return 0 or an errno; none blocks.
namespace roll::raw_bpf {

int update(int map, const void* key, const void* value);
int look_up(int map, const void* key, void* value);
int erase(int map, const void* key);
// The first key for `previous` = nullptr; ENOENT after the last.
int next_key(int map, const void* previous, void* next);
// The size of one value in bytes.
int value_size(int map, uint32_t& size);

}  // namespace roll::raw_bpf
