// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>

#include "base/fd.h"
#include "base/packet_socket.h"
#include "loop/loop.h"
#include "process/shim_protocol.h"
#include "supervise/roles.h"
#include "supervise/supervisor.h"

namespace rollctl {

// The shim's control socket: at most 64 clients at a time, of root or this user, served in turn. A client
// that does not read is dropped. With 64 clients connected, a new one replaces a client that never sent a
// request, or waits in the backlog.
//
// More than twelve members and methods: one act() per kind of request.
class Control {
 public:
  // Called from the loop.
  struct Callbacks {
    // Requests of the rollctl that started this shim. An error is the reply; a success has none.
    std::function<Status(const shim::Launch&)> launch;
    std::function<Status()> execute;
    // A request was handled, or a client has gone.
    std::function<void()> change;
  };

  // Binds RUN_DIR/control.sock. Connections are refused until open().
  static Result<std::unique_ptr<Control>> create(Loop& loop, const std::string& run_dir, Callbacks callbacks);

  // The target of requests; to be called before the loop runs. Both must outlive this object.
  void serve(Supervisor& supervisor, ServerNetwork& network);

  // Accepts connections from now on.
  Status open();

  // Serves the connection to the rollctl that started this shim.
  void adopt_launcher(Fd connection);

  void publish(const ShimEvent& event);

  // Whether that rollctl is still connected.
  [[nodiscard]] bool has_launcher() const;
  // Whether a client that ordered the drain is still connected.
  [[nodiscard]] bool is_end_awaited() const;
  // Whether one of them has acknowledged the end of the drain.
  [[nodiscard]] bool is_end_seen() const { return is_end_seen_; }

 private:
  struct Client {
    Fd connection;
    Watch readable;
    bool is_launcher = false;
    bool has_asked = false;  // sent a valid request
    bool asked_for_drain = false;
    std::vector<SteeringHandle> staged;  // by StageSteering, for its HoldSteering
  };

  Control(Loop& loop, Fd listener, Callbacks callbacks)
      : loop_(loop), listener_(std::move(listener)), callbacks_(std::move(callbacks)) {}
  void listen();
  void accept();
  Client& adopt(Fd connection);
  void read(Client& client);
  void handle(Client& client, Packet packet);
  void send(Client& client, const std::string& text, std::span<const int> fds = {});
  void drop(Client& client);
  void drop_the_gone();

  // One per kind of request.
  void act(Client& client, int64_t id, const shim::Launch& launch, std::vector<Fd>& fds);
  void act(Client& client, int64_t id, const shim::Execute&, std::vector<Fd>& fds);
  void act(Client& client, int64_t id, const shim::GetRecord&, std::vector<Fd>& fds);
  void act(Client& client, int64_t id, const shim::TakeListeners&, std::vector<Fd>& fds);
  void act(Client& client, int64_t id, const shim::SetRole& role, std::vector<Fd>& fds);
  void act(Client& client, int64_t id, const shim::OpenGate&, std::vector<Fd>& fds);
  void act(Client& client, int64_t id, const shim::HoldSteering& hold, std::vector<Fd>& fds);
  void act(Client& client, int64_t id, const shim::StageSteering& stage, std::vector<Fd>& fds);
  void act(Client& client, int64_t id, const shim::TakeSteering&, std::vector<Fd>& fds);
  void act(Client& client, int64_t id, const shim::GetCounters&, std::vector<Fd>& fds);
  void act(Client& client, int64_t id, const shim::Drain& drain, std::vector<Fd>& fds);
  void act(Client& client, int64_t id, const shim::SawEnd&, std::vector<Fd>& fds);
  void reply(Client& client, int64_t id, Status status);
  static Status stage(Client& client, const std::vector<shim::SteeredAddress>& addresses,
                      std::vector<Fd>& fds);

  Loop& loop_;
  Fd listener_;
  Callbacks callbacks_;
  Supervisor* supervisor_ = nullptr;
  ServerNetwork* network_ = nullptr;
  std::list<Client> clients_;
  bool has_opened_ = false;
  bool is_end_seen_ = false;
  Watch acceptable_;
};

}  // namespace rollctl
