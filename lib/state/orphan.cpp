// SPDX-License-Identifier: MIT
#include "state/orphan.h"

#include <csignal>
#include <utility>

#include "net/process_sockets.h"

namespace rollctl {

Result<std::unique_ptr<Orphan>> Orphan::adopt(Loop& loop, SockDiag& diag, InstanceRecord record,
                                              OnEnded on_ended) {
  auto server = ProcessRef::open(record.server);
  if (!server) return fail(server.error());
  if (server->has_exited()) return fail(ErrorKind::NotFound, "the server has ended");
  return std::unique_ptr<Orphan>(
      new Orphan(loop, diag, std::move(record), std::move(*server), std::move(on_ended)));
}

Orphan::Orphan(Loop& loop, SockDiag& diag, InstanceRecord record, ProcessRef server, OnEnded on_ended)
    : loop_(loop),
      diag_(diag),
      record_(std::move(record)),
      server_(std::move(server)),
      on_ended_(std::move(on_ended)),
      exit_(loop.on_readable(server_.fd(), [this] {
        exit_.reset();
        deadline_.reset();
        on_ended_({connections_cut_, processes_killed_});
      })) {}

// `role.hold` is ignored: without a shim, the next rollctl ends the hold.
Status Orphan::set_role(const RoleOrder& role) {
  record_.state = role.state;
  record_.weight = role.weight;
  if (role.generation) record_.generation = *role.generation;
  return write_instance_record(record_.spec.run_dir, record_);
}

Status Orphan::drain(const DrainOrder& order) {
  record_.drain_deadline = loop_.now() + order.deadline;
  // Drain even if the record cannot be written.
  (void)set_role({InstanceState::Draining});
  deadline_ = loop_.after(order.deadline, [this] { cut(); });
  if (order.scope == DrainScope::All) signal_children(order.signal);
  Status sent = server_.send_signal(order.signal);
  // The server has just ended: exit_ reports it.
  if (!sent && sent.error().kind == ErrorKind::NotFound) return {};
  return sent;
}

void Orphan::cut() {
  const std::vector<uint16_t> ports = ports_of(record_.spec.listen);
  connections_cut_ = count_connections(diag_, record_.server, ports).value_or(0);
  processes_killed_ = signal_children(SIGKILL);
  (void)server_.send_signal(SIGKILL);
}

// Where the process tree cannot be read, only the server is reached.
size_t Orphan::signal_children(int signal) const {
  size_t reached = 0;
  for (const pid_t pid : process_tree(server_.id().pid).value_or(std::vector<pid_t>())) {
    if (pid == server_.id().pid) continue;
    const auto process = ProcessRef::open(pid);
    if (process && process->send_signal(signal)) ++reached;
  }
  return reached;
}

}  // namespace rollctl
