// SPDX-License-Identifier: MIT
#include "steering/raw_bpf.h"

#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace roll::raw_bpf {

namespace {

int call(int command, bpf_attr& attributes) {
  return ::syscall(SYS_bpf, command, &attributes, sizeof attributes) == 0 ? 0 : errno;
}

uint64_t address_of(const void* pointer) {
  return reinterpret_cast<uintptr_t>(pointer);
}

bpf_attr element(int map, const void* key, const void* value) {
  bpf_attr attributes{};
  attributes.map_fd = static_cast<uint32_t>(map);
  attributes.key = address_of(key);
  attributes.value = address_of(value);
  return attributes;
}

}  // namespace

int update(int map, const void* key, const void* value) {
  bpf_attr attributes = element(map, key, value);
  return call(BPF_MAP_UPDATE_ELEM, attributes);
}

int look_up(int map, const void* key, void* value) {
  bpf_attr attributes = element(map, key, value);
  return call(BPF_MAP_LOOKUP_ELEM, attributes);
}

int erase(int map, const void* key) {
  bpf_attr attributes = element(map, key, nullptr);
  return call(BPF_MAP_DELETE_ELEM, attributes);
}

int next_key(int map, const void* previous, void* next) {
  bpf_attr attributes = element(map, previous, next);  // `value` and `next_key` share their place
  return call(BPF_MAP_GET_NEXT_KEY, attributes);
}

int value_size(int map, uint32_t& size) {
  bpf_map_info info{};
  bpf_attr attributes{};
  attributes.info.bpf_fd = static_cast<uint32_t>(map);
  attributes.info.info_len = sizeof info;
  attributes.info.info = address_of(&info);
  const int failure = call(BPF_OBJ_GET_INFO_BY_FD, attributes);
  size = info.value_size;
  return failure;
}

}  // namespace roll::raw_bpf
