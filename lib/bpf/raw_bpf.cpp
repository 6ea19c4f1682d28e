// SPDX-License-Identifier: MIT
#include "bpf/raw_bpf.h"

#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

namespace rollctl::raw_bpf {

namespace {

constexpr uint32_t kLogEveryInstruction = 2;

int call(int command, bpf_attr& attributes) {
  return ::syscall(SYS_bpf, command, &attributes, sizeof attributes) == 0 ? 0 : errno;
}

int open_with(int command, bpf_attr& attributes, Fd& opened) {
  const long fd = ::syscall(SYS_bpf, command, &attributes, sizeof attributes);
  if (fd < 0) return errno;
  opened = Fd(static_cast<int>(fd));
  return 0;
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

int create_map(const MapShape& shape, Fd& map) {
  bpf_attr attributes{};
  attributes.map_type = shape.type;
  attributes.key_size = shape.key_size;
  attributes.value_size = shape.value_size;
  attributes.max_entries = shape.max_entries;
  attributes.map_flags = shape.flags;
  ::strncpy(attributes.map_name, shape.name, sizeof attributes.map_name - 1);
  return open_with(BPF_MAP_CREATE, attributes, map);
}

int load_program(const ReuseportProgram& program, Fd& loaded) {
  bpf_attr attributes{};
  attributes.prog_type = BPF_PROG_TYPE_SK_REUSEPORT;
  attributes.expected_attach_type = BPF_SK_REUSEPORT_SELECT_OR_MIGRATE;
  attributes.insns = address_of(program.instructions.data());
  attributes.insn_cnt = static_cast<uint32_t>(program.instructions.size() / sizeof(bpf_insn));
  attributes.fd_array = address_of(program.maps.data());
  attributes.license = address_of("Dual MIT/GPL");
  ::strncpy(attributes.prog_name, program.name, sizeof attributes.prog_name - 1);
  if (!program.log.empty()) {
    attributes.log_level = kLogEveryInstruction;
    attributes.log_buf = address_of(program.log.data());
    attributes.log_size = static_cast<uint32_t>(program.log.size());
  }
  // The verifier gives up with EAGAIN when a signal is pending (bpf_check() in kernel/bpf/verifier.c).
  sigset_t all, before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const int failure = open_with(BPF_PROG_LOAD, attributes, loaded);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return failure;
}

int attach_to_sockets(int program, int map) {
  bpf_attr attributes{};
  attributes.target_fd = static_cast<uint32_t>(map);
  attributes.attach_bpf_fd = static_cast<uint32_t>(program);
  attributes.attach_type = BPF_SK_MSG_VERDICT;
  return call(BPF_PROG_ATTACH, attributes);
}

int next_key(int map, const void* previous, void* next) {
  bpf_attr attributes = element(map, previous, next);  // `value` and `next_key` share a union
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

}  // namespace rollctl::raw_bpf
