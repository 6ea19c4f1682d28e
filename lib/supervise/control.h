// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>

#include "base/fd.h"
#include "loop/loop.h"
#include "process/packet_socket.h"
#include "process/shim_protocol.h"
#include "supervise/roles.h"
#include "supervise/supervisor.h"

namespace roll {

// The shim's side of the sockets: several clients at a time, each of root or this user, each answered in
// turn. A client that does not read is dropped.
class Control {
 public:
  // Binds RUN_DIR/control.sock. `on_change` is called from the loop after a client's order was carried out
  // or a client has gone.
  static Result<std::unique_ptr<Control>> create(Loop& loop, const std::string& run_dir,
                                                 std::function<void()> on_change);

  // Requests are refused until this is called. Both must outlive this object.
  void serve(Supervisor& supervisor, ServerNetwork& network);

  // Takes a connected client, such as the rollctl that launched this shim.
  void adopt(Fd connection);

  void publish(const ShimEvent& event);

  [[nodiscard]] bool is_empty() const { return clients_.empty(); }
  // A client that asked for the drain, was told of its end and has not hung up.
  [[nodiscard]] bool is_end_awaited() const;
  // One of them has said that it dealt with the end.
  [[nodiscard]] bool is_end_seen() const { return is_end_seen_; }

 private:
  struct Client {
    Fd connection;
    Watch readable;
    bool asked_for_drain = false;
  };

  Control(Loop& loop, Fd listener, std::function<void()> on_change)
      : loop_(loop), listener_(std::move(listener)), on_change_(std::move(on_change)) {}
  void accept();
  void read(Client& client);
  void handle(Client& client, Packet packet);
  void send(Client& client, const std::string& text, std::span<const int> fds = {});
  void drop(Client& client);
  void drop_the_gone();

  // One per kind of request.
  void act(Client& client, int64_t id, const shim::Launch&, std::vector<Fd>& fds);
  void act(Client& client, int64_t id, const shim::GetRecord&, std::vector<Fd>& fds);
  void act(Client& client, int64_t id, const shim::TakeListeners&, std::vector<Fd>& fds);
  void act(Client& client, int64_t id, const shim::SetRole& role, std::vector<Fd>& fds);
  void act(Client& client, int64_t id, const shim::OpenGate&, std::vector<Fd>& fds);
  void act(Client& client, int64_t id, const shim::HoldSteering& hold, std::vector<Fd>& fds);
  void act(Client& client, int64_t id, const shim::TakeSteering&, std::vector<Fd>& fds);
  void act(Client& client, int64_t id, const shim::GetCounters&, std::vector<Fd>& fds);
  void act(Client& client, int64_t id, const shim::Drain& drain, std::vector<Fd>& fds);
  void act(Client& client, int64_t id, const shim::SawEnd&, std::vector<Fd>& fds);
  void reply(Client& client, int64_t id, Status status);

  Loop& loop_;
  Fd listener_;
  std::function<void()> on_change_;
  Supervisor* supervisor_ = nullptr;
  ServerNetwork* network_ = nullptr;
  std::list<Client> clients_;
  bool is_end_seen_ = false;
  Watch acceptable_;
};

}  // namespace roll
