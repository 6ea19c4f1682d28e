// SPDX-License-Identifier: MIT
// Sets SO_REUSEPORT on the TCP sockets that a program binds to one of $ROLL_PRELOAD_PORTS. See README.md.
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))

typedef int (*BindFunction)(int, const struct sockaddr*, socklen_t);

// Weak, because older C libraries have it in libdl, which may not be loaded.
extern void* dlsym(void* handle, const char* name) __attribute__((weak));
static void* const kNextLibrary = (void*)-1L;  // RTLD_NEXT

// A bit for each port. Written before main() runs and only read afterwards, so threads, signal handlers and
// forked processes can read it without a lock.
static unsigned char wanted_ports[65536 / 8];
static BindFunction next_bind;

static void want_ports(const char* list) {
  while (*list != '\0') {
    unsigned long port = 0;
    for (; *list >= '0' && *list <= '9' && port < 65536; ++list)
      port = port * 10 + (unsigned long)(*list - '0');
    if (port > 0 && port < 65536) wanted_ports[port / 8] |= (unsigned char)(1U << (port % 8));
    while (*list != '\0' && *list != ',') ++list;
    if (*list == ',') ++list;
  }
}

__attribute__((constructor)) static void prepare(void) {
  const int saved_errno = errno;
  const char* list = getenv("ROLL_PRELOAD_PORTS");
  if (list != NULL) want_ports(list);
  // Another preloaded library may wrap bind(), too.
  if (dlsym != NULL) {
    void* found = dlsym(kNextLibrary, "bind");
    memcpy(&next_bind, &found, sizeof next_bind);
  }
  errno = saved_errno;
}

static int is_wanted(const struct sockaddr* address, socklen_t length) {
  sa_family_t family = AF_UNSPEC;
  in_port_t port = 0;
  if (address == NULL || length < sizeof(struct sockaddr_in)) return 0;
  memcpy(&family, address, sizeof family);
  if (family != AF_INET && family != AF_INET6) return 0;
  // At the same offset in both families.
  memcpy(&port, (const char*)address + offsetof(struct sockaddr_in, sin_port), sizeof port);
  port = ntohs(port);
  return (wanted_ports[port / 8] >> (port % 8)) & 1;
}

static int is_tcp(int fd) {
  int protocol = 0;
  socklen_t size = sizeof protocol;
  return getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) == 0 && protocol == IPPROTO_TCP;
}

EXPORTED int bind(int fd, const struct sockaddr* address, socklen_t length) {
  const int saved_errno = errno;
  if (is_wanted(address, length) && is_tcp(fd)) {
    const int on = 1;
    // A failure is ignored: then bind() fails with the reason.
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  }
  errno = saved_errno;
  return next_bind != NULL ? next_bind(fd, address, length) : (int)syscall(SYS_bind, fd, address, length);
}
