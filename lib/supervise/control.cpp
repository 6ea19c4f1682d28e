// SPDX-License-Identifier: MIT
#include "supervise/control.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <variant>

#include "process/steering_parts.h"

namespace rollctl {

namespace {

constexpr size_t kMostClients = 64;
constexpr Micros kAcceptAgain{100'000};

}  // namespace

Result<std::unique_ptr<Control>> Control::create(Loop& loop, const std::string& run_dir,
                                                 Callbacks callbacks) {
  auto listener = bind_for_packets(run_dir, kControlSocket);
  if (!listener) return fail(listener.error());
  return std::unique_ptr<Control>(new Control(loop, std::move(*listener), std::move(callbacks)));
}

Status Control::open() {
  if (Status listens = listen_for_packets(listener_.get()); !listens) return listens;
  has_opened_ = true;
  listen();
  return {};
}

void Control::listen() {
  acceptable_ = loop_.on_readable(listener_.get(), [this] { accept(); });
}

void Control::serve(Supervisor& supervisor, ServerNetwork& network) {
  supervisor_ = &supervisor;
  network_ = &network;
}

void Control::accept() {
  const auto is_idle = [](const Client& client) { return !client.has_asked; };
  for (;;) {
    const auto idle = std::find_if(clients_.begin(), clients_.end(), is_idle);
    const bool is_full = clients_.size() >= kMostClients;
    if (is_full && idle == clients_.end()) return acceptable_.reset();
    auto connection = accept_for_packets(listener_.get());
    if (!connection) {  // out of descriptors
      acceptable_ = loop_.after(kAcceptAgain, [this] { listen(); });
      return;
    }
    if (!*connection) return;
    if (!check_peer((*connection)->get())) continue;
    if (is_full) clients_.erase(idle);
    adopt(std::move(**connection));
  }
}

void Control::adopt_launcher(Fd connection) {
  Client& client = adopt(std::move(connection));
  client.is_launcher = client.has_asked = true;
}

bool Control::has_launcher() const {
  return std::any_of(clients_.begin(), clients_.end(),
                     [](const Client& client) { return client.is_launcher && client.connection; });
}

Control::Client& Control::adopt(Fd connection) {
  Client& client = clients_.emplace_back();
  client.connection = std::move(connection);
  client.readable = loop_.on_readable(client.connection.get(), [this, &client] {
    read(client);
    drop_the_gone();
    callbacks_.change();
  });
  return client;
}

bool Control::is_end_awaited() const {
  return std::any_of(clients_.begin(), clients_.end(),
                     [](const Client& client) { return client.asked_for_drain && client.connection; });
}

// Leaves the client in the list, which a caller may be iterating over.
void Control::drop(Client& client) {
  client.readable.reset();
  client.connection.reset();
}

void Control::drop_the_gone() {
  const size_t left = clients_.remove_if([](const Client& client) { return !client.connection; });
  if (left > 0 && has_opened_ && !acceptable_) listen();
}

void Control::publish(const ShimEvent& event) {
  if (clients_.empty()) return;
  const std::string text = shim::to_text(event);
  for (Client& client : clients_) send(client, text);
}

void Control::send(Client& client, const std::string& text, std::span<const int> fds) {
  if (client.connection && !send_packet(client.connection.get(), text, fds)) drop(client);
}

void Control::read(Client& client) {
  // A bound, so that a busy client does not starve the others.
  constexpr int kMostAtOnce = 16;
  for (int i = 0; i < kMostAtOnce && client.connection; ++i) {
    auto packet = receive_packet(client.connection.get());
    if (!packet) return drop(client);
    if (!*packet) return;
    handle(client, std::move(**packet));
  }
}

void Control::handle(Client& client, Packet packet) {
  auto request = shim::parse_request(packet.text);
  if (!request.body) return reply(client, request.id, fail(request.body.error()));
  client.has_asked = true;
  std::visit([&](const auto& body) { act(client, request.id, body, packet.fds); }, *request.body);
}

void Control::reply(Client& client, int64_t id, Status status) {
  shim::Reply reply;
  reply.id = id;
  reply.status = std::move(status);
  reply.record = supervisor_->record();
  send(client, to_text(reply));
}

void Control::act(Client& client, int64_t id, const shim::Launch& launch, std::vector<Fd>&) {
  Status launched = client.is_launcher
                        ? callbacks_.launch(launch)
                        : fail(ErrorKind::Invalid, "only the rollctl that started this shim may launch");
  if (!launched) reply(client, id, std::move(launched));
}

void Control::act(Client& client, int64_t id, const shim::Execute&, std::vector<Fd>&) {
  Status executed = client.is_launcher
                        ? callbacks_.execute()
                        : fail(ErrorKind::Invalid, "only the rollctl that started this shim may launch");
  if (!executed) reply(client, id, std::move(executed));
}

void Control::act(Client& client, int64_t id, const shim::GetRecord&, std::vector<Fd>&) {
  shim::Reply answer;
  answer.id = id;
  answer.record = supervisor_->record();
  answer.holds_steering = !supervisor_->steering().handles().empty();
  send(client, to_text(answer));
}

void Control::act(Client& client, int64_t id, const shim::TakeListeners&, std::vector<Fd>&) {
  const auto listeners = network_->listeners();
  if (!listeners) return reply(client, id, fail(listeners.error()));
  size_t next = 0;
  do {
    const size_t end = std::min(next + kMaxPacketFds, listeners->size());
    shim::Reply part;
    part.id = id;
    part.record = supervisor_->record();
    part.more = end < listeners->size();
    std::vector<int> fds;
    for (; next < end; ++next) {
      const Listener& listener = (*listeners)[next];
      part.listeners.push_back({listener.bound, listener.inode});
      fds.push_back(listener.fd.get());
    }
    send(client, to_text(part), fds);
  } while (next < listeners->size());
}

void Control::act(Client& client, int64_t id, const shim::SetRole& request, std::vector<Fd>&) {
  reply(client, id, supervisor_->set_role(request.role));
}

void Control::act(Client& client, int64_t id, const shim::OpenGate&, std::vector<Fd>&) {
  supervisor_->open_gate();
  reply(client, id, {});
}

void Control::act(Client& client, int64_t id, const shim::StageSteering& stage, std::vector<Fd>& fds) {
  shim::Reply answer;
  answer.id = id;
  answer.status = this->stage(client, stage.addresses, fds);
  send(client, to_text(answer));
}

Status Control::stage(Client& client, const std::vector<shim::SteeredAddress>& addresses,
                      std::vector<Fd>& fds) {
  auto handles = shim::join_handles(addresses, fds);
  if (!handles) return fail(handles.error());
  std::move(handles->begin(), handles->end(), std::back_inserter(client.staged));
  return {};
}

void Control::act(Client& client, int64_t id, const shim::HoldSteering& hold, std::vector<Fd>& fds) {
  Status staged = stage(client, hold.addresses, fds);
  auto handles = std::exchange(client.staged, {});
  if (!staged) return reply(client, id, std::move(staged));
  supervisor_->hold_steering(std::move(handles), hold.term);
  shim::Reply answer;
  answer.id = id;
  if (hold.reply_with == shim::ReplyWith::Record) answer.record = supervisor_->record();
  send(client, to_text(answer));
}

void Control::act(Client& client, int64_t id, const shim::TakeSteering&, std::vector<Fd>&) {
  auto parts = shim::split_into_parts(supervisor_->steering().handles());
  for (auto& part : parts) {
    shim::Reply answer;
    answer.id = id;
    answer.record = supervisor_->record();
    answer.addresses = std::move(part.addresses);
    answer.more = &part != &parts.back();
    send(client, to_text(answer), part.fds);
  }
}

void Control::act(Client& client, int64_t id, const shim::GetCounters&, std::vector<Fd>&) {
  shim::Reply answer;
  answer.id = id;
  answer.record = supervisor_->record();
  answer.counters = supervisor_->steering().counters();
  if (!supervisor_->steering().handles().empty()) answer.slots = supervisor_->steering().slot_use();
  send(client, to_text(answer));
}

void Control::act(Client& client, int64_t id, const shim::Drain& drain, std::vector<Fd>&) {
  client.asked_for_drain = true;
  reply(client, id, supervisor_->drain(drain.order));
}

void Control::act(Client& client, int64_t, const shim::SawEnd&, std::vector<Fd>&) {
  // Every client sends this, but only the one that ordered the drain journals it.
  if (client.asked_for_drain) is_end_seen_ = true;
}

}  // namespace rollctl
