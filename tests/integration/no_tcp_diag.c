// SPDX-License-Identifier: MIT
// Preloaded (LD_PRELOAD), it makes the kernel answer as one without the module tcp_diag: it asks for the
// sockets of a protocol that has no such module.
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

struct request {
  struct nlmsghdr header;
  struct inet_diag_req_v2 body;
};

ssize_t sendto(int socket, const void* data, size_t size, int flags, const struct sockaddr* to,
               socklen_t length) {
  struct request changed;
  if (size == sizeof changed && to != NULL && to->sa_family == AF_NETLINK) {
    memcpy(&changed, data, size);
    if (changed.header.nlmsg_type == SOCK_DIAG_BY_FAMILY && changed.body.sdiag_protocol == IPPROTO_TCP)
      changed.body.sdiag_protocol = IPPROTO_EGP;
    data = &changed;
  }
  return syscall(SYS_sendto, socket, data, size, flags, to, length);
}
