// SPDX-License-Identifier: MIT
// Any datagrams to a $NOTIFY_SOCKET, with any descriptors and credentials: each is read, those of strangers
// change nothing, and no descriptor enters this process.
//
// The input is a row of datagrams, each ended by 0x1E. In the first byte of a datagram the low two bits are
// the number of descriptors, the next two select the credentials, the next one their order.
#include "supervise/notify_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "loop/loop.h"

namespace {

constexpr size_t kMostDatagrams = 8;  // the kernel queues about ten
constexpr rollctl::Millis kPatience{10'000};

void require(bool holds) {
  if (!holds) std::abort();
}

// As for a server: only its own processes count.
class Receiver {
 public:
  Receiver() {
    char name[] = "/tmp/roll-fuzz-XXXXXX";
    require(::mkdtemp(name) != nullptr);
    folder_ = name;
    loop_ = std::move(*rollctl::Loop::create());
    auto socket = rollctl::NotifySocket::create(
        *loop_, folder_ + "/n", std::nullopt,
        [this](pid_t sender) {
          ++seen_;
          return sender == ::getpid();
        },
        [this](const rollctl::NotifyMessage& message, const rollctl::NotifySocket::Sender&) {
          ++believed_;
          if (message.status) require(message.status->size() <= rollctl::kMaxStatusText);
        });
    require(socket.has_value());
    socket_ = std::move(*socket);
    sender_ = rollctl::Fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, (folder_ + "/n").c_str());
    require(::connect(sender_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    carried_ = rollctl::Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  }
  ~Receiver() { std::filesystem::remove_all(folder_); }

  [[nodiscard]] int carried() const { return carried_.get(); }

  void take(const msghdr& header, bool is_ours) {
    const size_t seen_before = seen_;
    const size_t believed_before = believed_;
    if (::sendmsg(sender_.get(), &header, MSG_DONTWAIT) < 0) return;  // refused by the kernel
    require(loop_->run_until([&] { return seen_ > seen_before; }, loop_->now() + kPatience) ==
            rollctl::WaitEnd::Satisfied);
    require(is_ours || believed_ == believed_before);
  }

 private:
  std::string folder_;
  std::unique_ptr<rollctl::Loop> loop_;
  std::unique_ptr<rollctl::NotifySocket> socket_;
  rollctl::Fd sender_;
  rollctl::Fd carried_;
  size_t seen_ = 0;
  size_t believed_ = 0;
};

void add(std::vector<char>& control, int type, const void* data, size_t size) {
  const size_t at = control.size();
  control.resize(at + CMSG_SPACE(size));
  cmsghdr part{};
  part.cmsg_level = SOL_SOCKET;
  part.cmsg_type = type;
  part.cmsg_len = CMSG_LEN(size);
  std::memcpy(control.data() + at, &part, sizeof part);
  std::memcpy(control.data() + at + CMSG_LEN(0), data, size);
}

void send(Receiver& receiver, unsigned char what, std::string_view text) {
  const std::vector<int> fds(what & 3U, receiver.carried());
  const pid_t whose[] = {0, ::getpid(), ::getppid(), 1};
  const ucred credentials{whose[(what >> 2U) & 3U], ::getuid(), ::getgid()};
  std::vector<char> control;
  const auto add_fds = [&] {
    if (!fds.empty()) add(control, SCM_RIGHTS, fds.data(), fds.size() * sizeof(int));
  };
  const bool fds_first = (what & 16U) != 0;
  if (fds_first) add_fds();
  if (credentials.pid != 0) add(control, SCM_CREDENTIALS, &credentials, sizeof credentials);
  if (!fds_first) add_fds();
  iovec part{const_cast<char*>(text.data()), text.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.empty() ? nullptr : control.data();
  header.msg_controllen = control.size();
  receiver.take(header, credentials.pid == 0 || credentials.pid == ::getpid());
}

int lowest_free_descriptor() {
  return rollctl::Fd(::dup(STDERR_FILENO)).get();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Receiver receiver;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const int free = lowest_free_descriptor();
  for (size_t count = 0; !rest.empty() && count < kMostDatagrams; ++count) {
    const size_t end = std::min(rest.find('\x1E'), rest.size());
    const std::string_view datagram = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (!datagram.empty()) send(receiver, static_cast<unsigned char>(datagram[0]), datagram.substr(1));
  }
  require(lowest_free_descriptor() == free);
  return 0;
}
