// SPDX-License-Identifier: MIT
#include "process/waiting_shim.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <utility>

#include "base/atomic_file.h"
#include "base/packet_socket.h"
#include "process/json_reader.h"
#include "process/launcher.h"
#include "process/log_file.h"
#include "process/shim_protocol.h"
#include "process/systemd_launcher.h"
#include "process/systemd_unit.h"

namespace rollctl {

namespace {

constexpr Millis kConnectDeadline{5000};
constexpr Millis kEndPatience{1000};

// The spec in an unnamed file: it may be longer than a packet.
Result<Fd> spec_file(const LaunchSpec& spec) {
  Fd file(::memfd_create("launch-spec", MFD_CLOEXEC));
  if (!file) return fail(last_os_failure("cannot make a file for the launch spec"));
  if (Status written = write_all(file.get(), json_text(to_json(spec))); !written)
    return fail(written.error());
  return file;
}

ProcessId peer_process(int connection) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.pid <= 0) return {};
  const auto process = ProcessRef::open(peer.pid);
  return process ? process->id() : ProcessId{};
}

InstanceRecord first_record(const LaunchSpec& spec, ProcessId shim) {
  InstanceRecord record;
  record.id = spec.instance;
  record.app = spec.app;
  record.release = spec.release;
  record.generation = spec.generation;
  record.shim = std::move(shim);
  record.started = SystemClock().wall_now();
  record.spec = spec;
  return record;
}

// Created here and not by the server's child: a new file takes a disk a while, and this process waits for the
// shim anyway.
Status make_log(const std::string& path) {
  if (path.empty()) return {};
  if (open_log(path)) return {};
  Error error = last_os_failure("cannot open " + path);
  if (error.os_error == EPERM || error.os_error == ELOOP)
    error.hint =
        "a log must be a regular file with one hard link that belongs to root, this user or its folder's "
        "owner: remove it";
  return fail(std::move(error));
}

void remove_if_empty(const std::string& path) {
  struct stat file{};
  if (::stat(path.c_str(), &file) == 0 && S_ISREG(file.st_mode) && file.st_size == 0) ::unlink(path.c_str());
}

}  // namespace

Result<std::unique_ptr<WaitingShim>> WaitingShim::start(const std::string& shim_program,
                                                        const LaunchSpec& spec) {
  auto listener = listen_for_packets(spec.run_dir, kLaunchSocket);
  if (!listener) return fail(listener.error());
  Fd started(::eventfd(0, EFD_CLOEXEC));
  if (!started) return fail(last_os_failure("cannot make an event"));
  std::unique_ptr<WaitingShim> waiting(new WaitingShim(spec, std::move(*listener), std::move(started)));
  waiting->starting_ =
      BackgroundTask<Result<StartedShim>>([program = shim_program, spec, event = waiting->started_.get()] {
        DirectLauncher direct;
        SystemdLauncher systemd;
        Launcher& launcher = spec.unit ? static_cast<Launcher&>(systemd) : direct;
        auto shim = launcher.start(program, spec);
        (void)::eventfd_write(event, 1);
        return shim;
      });
  return waiting;
}

WaitingShim::~WaitingShim() {
  if (!listener_) return;
  listener_.reset();
  await_end();
  remove_if_empty(spec_.log_path);
  // After the shim has ended: it would report the missing socket.
  ::unlink((spec_.run_dir + "/" + kLaunchSocket).c_str());
}

void WaitingShim::await_end() {
  if (starting_.is_there()) {
    auto started = starting_.get();
    if (started) shim_ = std::move(*started);
  }
  // No process: the shim ended before the launcher could look.
  if (!shim_.process) return;
  pollfd ending{shim_.process->fd(), POLLIN, 0};
  ::poll(&ending, 1, static_cast<int>(kEndPatience.count()));
}

Status WaitingShim::look_whether_started() {
  if (!starting_.is_there() || !starting_.is_done()) return {};
  auto started = starting_.get();
  if (!started) return fail(started.error());
  shim_ = std::move(*started);
  return {};
}

// Accepts only a process of root or this user.
Result<Fd> WaitingShim::await_connection() {
  const auto deadline = std::chrono::steady_clock::now() + kConnectDeadline;
  for (;;) {
    auto connection = accept_for_packets(listener_.get());
    if (!connection) return fail(connection.error());
    if (*connection && check_peer((*connection)->get())) return std::move(**connection);
    if (*connection) continue;
    if (Status started = look_whether_started(); !started) return fail(started.error());
    if (shim_.process && shim_.process->has_exited()) return fail(ended_early(spec_, shim_.output));
    const auto left = std::chrono::ceil<Millis>(deadline - std::chrono::steady_clock::now());
    if (left <= Millis(0)) {
      return fail(ErrorKind::Failed, "roll-shim did not connect within 5 s",
                  spec_.unit ? "see `journalctl -u " + unit_name(spec_.app, spec_.instance) + "`" : "");
    }
    pollfd waiting[3] = {{listener_.get(), POLLIN, 0},
                         {starting_.is_there() ? started_.get() : -1, POLLIN, 0},
                         {shim_.process ? shim_.process->fd() : -1, POLLIN, 0}};
    ::poll(waiting, 3, static_cast<int>(left.count()));
  }
}

Result<std::unique_ptr<ShimClient>> WaitingShim::launch(Loop& loop, const LaunchSpec& spec,
                                                        Acknowledgement& intent,
                                                        ShimClient::OnEvent on_event) {
  const auto file = spec_file(spec);
  if (!file) return fail(file.error());
  if (Status made = make_log(spec.log_path); !made) return fail(made.error());
  auto connection = await_connection();
  if (!connection) return fail(connection.error());
  const auto say = [&](shim::RequestBody order, std::span<const int> fds) -> Status {
    Status said = send_packet(connection->get(), to_text(shim::Request{0, std::move(order)}), fds);
    // ECONNRESET if the shim ended before it read the request.
    const bool has_ended = !said && (said.error().os_error == EPIPE || said.error().os_error == ECONNRESET);
    if (!has_ended) return said;
    await_end();  // then its output says why
    return fail(ended_early(spec_, shim_.output));
  };
  const int fd = file->get();
  const std::span<const int> fds(&fd, 1);
  // Sockets that the server inherits are opened before it is executed, and clients may come to them at once.
  const bool is_held = spec.sockets != LaunchSpec::Sockets::Inherited;
  if (is_held)
    if (Status said = say(shim::Launch{.held = true}, fds); !said) return fail(said.error());
  if (Status intended = intent.await(); !intended) return fail(intended.error());
  if (Status said = is_held ? say(shim::Execute{}, {}) : say(shim::Launch{}, fds); !said)
    return fail(said.error());
  ::unlink((spec_.run_dir + "/" + kLaunchSocket).c_str());
  listener_.reset();
  auto record = first_record(spec, peer_process(connection->get()));
  return make_shim_client(loop, std::move(*connection), std::move(record), std::move(on_event));
}

}  // namespace rollctl
