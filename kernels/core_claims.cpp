#include "kernels/core_claims.hpp"

#include "base/log.hpp"

#include <cerrno>
#include <cstddef>
#include <cstring>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace quern::kernels {
namespace {

// The socket, or -1 with errno.
int bind_abstract(const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (name.size() + 1 > sizeof(address.sun_path)) {
    errno = ENAMETOOLONG;
    return -1;
  }
  std::memcpy(address.sun_path + 1, name.data(), name.size());  // the leading 0 makes it abstract
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0) return fd;
  const int reason = errno;
  ::close(fd);
  errno = reason;
  return -1;
}

}  // namespace

CoreClaims::~CoreClaims() {
  for (const auto& [cpu, fd] : sockets_) {
    if (fd >= 0) ::close(fd);
  }
}

bool CoreClaims::claim(std::uint32_t os_cpu) {
  if (sockets_.contains(os_cpu)) return true;
  const int fd = bind_abstract(prefix_ + std::to_string(os_cpu));
  if (fd < 0 && errno == EADDRINUSE) return false;
  if (fd < 0) log::debug("core claims: CPU {}: {}", os_cpu, std::strerror(errno));
  sockets_.emplace(os_cpu, fd);
  return true;
}

void CoreClaims::release(std::uint32_t os_cpu) {
  const auto found = sockets_.find(os_cpu);
  if (found == sockets_.end()) return;
  if (found->second >= 0) ::close(found->second);
  sockets_.erase(found);
}

}  // namespace quern::kernels
