// SPDX-License-Identifier: MIT
#include "supervise/shim.h"

#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "base/atomic_file.h"
#include "base/file_lock.h"
#include "base/folder_removal.h"
#include "base/own_file.h"
#include "base/packet_socket.h"
#include "loop/loop.h"
#include "process/json_reader.h"
#include "process/log_file.h"
#include "process/shim_protocol.h"
#include "supervise/control.h"
#include "supervise/forked_server.h"
#include "supervise/inherited_sockets.h"
#include "supervise/notify_socket.h"
#include "supervise/socket_network.h"
#include "supervise/sockmap_http_clients.h"
#include "supervise/supervisor.h"

namespace rollctl {

namespace {

constexpr Millis kConnectPatience{1000};
// A rollctl that ordered the drain has this long to journal its end; then the shim does.
constexpr Millis kEndPatience{5000};
// After its last report this process clears discarded folders for this long at most.
constexpr Millis kClearPatience{2000};
constexpr size_t kLargestSpec = size_t{8} * 1024 * 1024;

// The lock ends with this process: a locked run directory has a live shim.
Result<Fd> claim(const std::string& run_dir) {
  Fd dir(::open(run_dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!dir) return fail(last_os_failure("cannot open " + run_dir));
  if (::flock(dir.get(), LOCK_EX | LOCK_NB) != 0) return fail(last_os_failure("cannot lock " + run_dir));
  if (::fchdir(dir.get()) != 0) return fail(last_os_failure("cannot change to " + run_dir));
  return dir;
}

Result<LaunchSpec> spec_from(int file) {
  const auto text = read_all(file, kLargestSpec);
  if (!text) return fail(text.error());
  const auto value = parse_json_object(*text, "launch spec");
  if (!value) return fail(value.error());
  return launch_spec_from_json(*value);
}

// NotFound where rollctl has not written launch.json.
Result<LaunchSpec> staged_spec() {
  const auto file = open_own_file(kLaunchSpec, O_RDONLY);
  if (!file) return fail(file.error());
  return spec_from(file->get());
}

struct Orders {
  LaunchSpec spec;
  std::optional<shim::Launch> launch = {};  // where it came together with the spec
};

// Blocks until the orders are complete or rollctl has gone.
Result<Orders> receive_orders(int connection) {
  auto staged = staged_spec();
  if (staged) return Orders{std::move(*staged)};
  if (staged.error().kind != ErrorKind::NotFound) return fail(staged.error());
  auto packet = await_packet(connection);
  if (!packet) return fail(packet.error());
  const auto request = shim::parse_request(packet->text);
  if (!request.body) return fail(request.body.error());
  const auto* launch = std::get_if<shim::Launch>(&*request.body);
  if (launch == nullptr || packet->fds.size() > 1)
    return fail(ErrorKind::Invalid, "the first request from rollctl is not a launch");
  const int file = packet->fds.empty() ? -1 : packet->fds.front().get();
  if (file >= 0 && ::lseek(file, 0, SEEK_SET) != 0)
    return fail(last_os_failure("cannot read the launch spec"));
  auto spec = file >= 0 ? spec_from(file) : staged_spec();
  if (!spec) return fail(spec.error());
  return Orders{std::move(*spec), *launch};
}

// The user of every process of the instance. Nothing for root, whose processes can change to any user.
std::optional<uid_t> sole_sender(const LaunchSpec& spec) {
  const uid_t user = spec.credentials && ::geteuid() == 0 ? spec.credentials->uid : ::geteuid();
  return user != 0 ? std::optional(user) : std::nullopt;
}

bool is_same_folder(int dir, const std::string& path) {
  struct stat ours{};
  struct stat theirs{};
  return ::fstat(dir, &ours) == 0 && ::stat(path.c_str(), &theirs) == 0 && ours.st_dev == theirs.st_dev &&
         ours.st_ino == theirs.st_ino;
}

class AppLockTurns final : public AppLockGate {
 public:
  explicit AppLockTurns(const std::string& run_dir)
      : path_(run_dir.substr(0, run_dir.find_last_of('/')) + "/" + kAppLock) {}

  std::shared_ptr<void> take() override {
    auto lock = FileLock::try_acquire(path_);
    if (!lock || !*lock) return nullptr;
    return std::make_shared<FileLock>(std::move(**lock));
  }

 private:
  std::string path_;
};

// Connects the Supervisor to the real roles. Its many members are these roles, the loop's watches, and the
// stages of the end.
class Shim final : public SupervisorOutput {
 public:
  static Result<std::unique_ptr<Shim>> create(std::unique_ptr<Loop> loop, LaunchSpec spec, ProcessId self,
                                              Fd connection) {
    std::unique_ptr<Shim> shim(new Shim(std::move(loop), std::move(spec), std::move(self)));
    auto control = Control::create(
        *shim->loop_, shim->run_dir_,
        {[raw = shim.get()](const shim::Launch& order) { return raw->launch(order); },
         [raw = shim.get()] { return raw->execute(); }, [raw = shim.get()] { raw->look_again(); }});
    if (!control) return fail(control.error());
    shim->control_ = std::move(*control);
    shim->control_->serve(shim->supervisor_, shim->network_);
    shim->control_->adopt_launcher(std::move(connection));
    return shim;
  }

  // Blocks until this process is to exit.
  void run(const std::optional<shim::Launch>& order) {
    for (const int signal : {SIGHUP, SIGINT, SIGPIPE}) ::signal(signal, SIG_IGN);
    on_terminate_ = loop_->on_signal(SIGTERM, [this] {
      if (!is_launched()) return call_off();
      const LaunchSpec& spec = supervisor_.record().spec;
      (void)supervisor_.drain({spec.drain_signal, spec.drain_deadline, DrainStart::Signal, spec.drain_scope});
      look_again();
    });
    prepared_ = prepare();
    if (order) (void)launch(*order);
    look_again();
    if (!is_over_) loop_->run();
    clear_discarded_folders();
  }

  Status save(const InstanceRecord& record) override {
    if (is_finished_) return {};
    return write_instance_record(run_dir_, record);
  }

  void publish(const ShimEvent& event) override { control_->publish(event); }

  void note(const std::string& line) override {
    const std::string& path = supervisor_.record().spec.journal_path;
    if (!path.empty()) (void)append_line(path, line);
  }

  // Removes the folder before it reports the end, so that no client finds it afterwards. Then stays a while:
  // if this process exited with a request unread, its client would get ECONNRESET instead of the report.
  void finish(const ShimEvent& event, const std::string& journal_line) override {
    is_finished_ = true;
    end_line_ = journal_line;
    remove_folder();
    control_->publish(event);
    end_patience_ = loop_->after(kEndPatience, [this] { end(); });
  }

 private:
  Shim(std::unique_ptr<Loop> loop, LaunchSpec spec, ProcessId self)
      : loop_(std::move(loop)),
        run_dir_(spec.run_dir),
        turns_(run_dir_),
        supervisor_({clock_, server_, network_, *this, turns_, http_clients_}, std::move(spec),
                    std::move(self)),
        sockets_(supervisor_.record().spec.listen),
        network_(supervisor_.record(), sockets_),
        http_clients_(supervisor_.record()),
        server_(*loop_, supervisor_.record().spec, sockets_,
                {"NOTIFY_SOCKET=" + run_dir_ + "/" + kNotifySocket},
                {
                    [this] {
                      supervisor_.executed();
                      write_into_log();
                      look_again();
                      ::malloc_trim(0);
                    },
                    [this](const std::string& message) {
                      supervisor_.execution_failed(message);
                      look_again();
                    },
                    [this](pid_t child) { return notify_ && notify_->includes(child); },
                    [this] {
                      if (notify_) notify_->read_now();
                    },
                    [this](const ProcessId& main) { supervisor_.main_changed(main); },
                    [this](const ExitStatus& exit) {
                      supervisor_.server_exited(exit);
                      look_again();
                    },
                    [this] {
                      supervisor_.last_process_gone();
                      look_again();
                    },
                }) {}

  // 0755: processes of other users may have to reach a socket that the server makes there.
  Status make_server_folder() {
    const std::string folder = run_dir_ + "/" + kServerFolder;
    const auto& credentials = supervisor_.record().spec.credentials;
    const bool is_made = ::mkdir(folder.c_str(), 0755) == 0 && ::chmod(folder.c_str(), 0755) == 0;
    // Without root the launch fails later, when the child cannot change to that user.
    const bool is_given = is_made && (!credentials || ::geteuid() != 0 ||
                                      ::chown(folder.c_str(), credentials->uid, credentials->gid) == 0);
    return is_given ? Status() : fail(last_os_failure("cannot make " + folder));
  }

  // discard_folder() deletes an empty folder and renames any other.
  void remove_folder() {
    for (const char* name : {kInstanceFile, kControlSocket, kNotifySocket}) ::unlink(name);
    ::rmdir(kServerFolder);
    is_renamed_ = discard_folder(run_dir_) == Discarded::Aside;
  }

  // Deletes what is left of this and earlier renamed folders.
  void clear_discarded_folders() const {
    if (is_renamed_) (void)clear_discarded(run_dir_.substr(0, run_dir_.find_last_of('/')), kClearPatience);
  }

  Status launch(const shim::Launch& order) {
    if (has_orders_) return fail(ErrorKind::Invalid, "this shim has its orders already");
    has_orders_ = true;
    ::unlink(kLaunchSpec);
    return order.held ? Status() : execute();
  }

  Status execute() {
    if (!has_orders_ || is_launched()) return fail(ErrorKind::Invalid, "no launch is held");
    if (prepared_) prepared_ = control_->open();
    supervisor_.start(prepared_);
    return {};
  }

  [[nodiscard]] bool is_launched() const { return supervisor_.phase() != Phase::Staged; }

  // This process's own errors go into the server's log.
  void write_into_log() const {
    const std::string& path = supervisor_.record().spec.log_path;
    if (path.empty()) return;
    const Fd log = open_log(path);
    if (!log) return;
    (void)::dup2(log.get(), STDOUT_FILENO);
    (void)::dup2(log.get(), STDERR_FILENO);
  }

  // rollctl has gone, or this process got SIGTERM, before the server was to run: leaves nothing behind.
  void call_off() {
    if (std::exchange(is_finished_, true)) return;
    remove_folder();
    end();
  }

  Status prepare() {
    if (Status made = make_server_folder(); !made) return made;
    auto notify = NotifySocket::create(
        *loop_, run_dir_ + "/" + kNotifySocket, sole_sender(supervisor_.record().spec),
        [this](pid_t sender) { return server_.includes(sender); },
        [this](const NotifyMessage& message, const NotifySocket::Sender& sender) {
          server_.look_whether_executed();
          if (message.main_pid) follow(*message.main_pid, sender);
          supervisor_.notified(message);
          look_again();
        });
    if (!notify) return fail(notify.error());
    notify_ = std::move(*notify);
    return server_.prepare();
  }

  void follow(pid_t pid, const NotifySocket::Sender& sender) {
    if (const auto main = server_.follow(pid, sender)) supervisor_.main_changed(*main);
  }

  // After every event: ends this process, or sets its one timer. Idle, it has none.
  void look_again() {
    if (is_finished_) {
      if (!control_->is_end_awaited() || control_->is_end_seen() || end_line_.empty()) end();
      return;
    }
    if (!is_launched() && !control_->has_launcher()) return call_off();
    const auto due = supervisor_.next_due();
    if (due == armed_for_) return;
    armed_for_ = due;
    alarm_.reset();
    if (!due) return;
    const auto delay = std::chrono::ceil<Micros>(*due - clock_.now());
    alarm_ = loop_->after(delay, [this] {
      armed_for_.reset();
      supervisor_.tick();
      look_again();
    });
  }

  void end() {
    if (std::exchange(is_over_, true)) return;
    if (!end_line_.empty() && !control_->is_end_seen()) note(end_line_);
    loop_->stop();
  }

  SystemClock clock_;
  std::unique_ptr<Loop> loop_;
  std::string run_dir_;
  Status prepared_;
  bool has_orders_ = false;
  bool is_finished_ = false;  // the supervisor has made its last report
  bool is_over_ = false;
  bool is_renamed_ = false;  // its folder, and not cleared yet
  std::string end_line_;
  std::optional<TimePoint> armed_for_;
  AppLockTurns turns_;
  Supervisor supervisor_;
  InheritedSockets sockets_;
  SocketNetwork network_;
  SockmapHttpClients http_clients_;
  ForkedServer server_;
  std::unique_ptr<NotifySocket> notify_;
  std::unique_ptr<Control> control_;
  Watch on_terminate_;
  Watch alarm_;
  Watch end_patience_;
};

}  // namespace

Status run_shim(const std::string& run_dir) {
  const auto dir = claim(run_dir);
  if (!dir) return fail(dir.error());
  // No other process will remove this directory.
  const auto give_up = [&] {
    ::unlink(kLaunchSocket);
    ::unlink(kLaunchSpec);
    ::rmdir(run_dir.c_str());
  };
  auto connection = connect_for_packets(".", kLaunchSocket, kConnectPatience);
  if (!connection && connection.error().os_error == ECONNREFUSED) {
    give_up();
    return {};  // rollctl has gone already
  }
  if (!connection) return fail(connection.error());
  if (Status known = check_peer(connection->get()); !known) return known;
  // Before the spec is awaited: no time is to be lost once it is there.
  auto loop = Loop::create();
  if (!loop) return fail(loop.error());
  const auto self = ProcessRef::self();
  if (!self) return fail(self.error());
  auto orders = receive_orders(connection->get());
  if (orders && !is_same_folder(dir->get(), orders->spec.run_dir))
    orders = fail(ErrorKind::Invalid, "the launch spec is for another run directory");
  if (!orders) {
    give_up();
    const bool is_called_off = orders.error().kind == ErrorKind::NotFound;
    return is_called_off ? Status() : fail(orders.error());
  }
  auto shim = Shim::create(std::move(*loop), std::move(orders->spec), self->id(), std::move(*connection));
  if (!shim) return fail(shim.error());
  (*shim)->run(orders->launch);
  return {};
}

}  // namespace rollctl
