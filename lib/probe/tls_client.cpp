// SPDX-License-Identifier: MIT
#include "probe/tls_client.h"

#include <dlfcn.h>

#include <utility>

#include "probe/tls_module.h"

namespace rollctl {

namespace {

template <typename Function>
bool find(void* library, const char* name, Function*& function) {
  function = reinterpret_cast<Function*>(::dlsym(library, name));
  return function != nullptr;
}

}  // namespace

TlsClient::TlsClient(std::string library) : library_(std::move(library)) {}

Status TlsClient::load() {
  if (failure_ != nullptr) return {};
  // Never unloaded: OpenSSL cannot be.
  void* const library = ::dlopen(library_.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr || !find(library, "roll_tls_connect", connect_) ||
      !find(library, "roll_tls_failure", failure_))
    return fail(ErrorKind::Unsupported, std::string("cannot load TLS: ") + ::dlerror(),
                "install the rollctl package again, or set ROLLCTL_LIBEXEC_DIR");
  return {};
}

Result<bufferevent*> TlsClient::connect(event_base* base, int socket, const std::string& host,
                                        const std::string& ca_file) {
  if (Status loaded = load(); !loaded) return fail(loaded.error());
  const char* failure = "";
  bufferevent* const stream = connect_(base, socket, host.empty() ? nullptr : host.c_str(),
                                       ca_file.empty() ? nullptr : ca_file.c_str(), &failure);
  if (stream == nullptr) return fail(ErrorKind::Failed, std::string("cannot set up TLS: ") + failure);
  return stream;
}

const char* TlsClient::failure(bufferevent* stream) const {
  return failure_ == nullptr ? nullptr : failure_(stream);
}

}  // namespace rollctl
