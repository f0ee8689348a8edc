#include "server/unix_socket.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace quern::server {
namespace {

class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const noexcept { return fd_; }
  int release() noexcept { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

Fd open_socket() {
  return Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

Result<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) {
    return fail(Errc::bad_input, "socket path {}: {} bytes, a Unix socket path has 1 to {}", path, path.size(),
                sizeof(address.sun_path) - 1);
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

const sockaddr* generic(const sockaddr_un& address) noexcept {
  return reinterpret_cast<const sockaddr*>(&address);
}

// Makes room for a new socket file. A file left by a killed server refuses connections; a live server answers.
Status remove_stale(const std::string& path, const sockaddr_un& address) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) {
    if (errno == ENOENT) return {};
    return fail(Errc::io, "socket {}: {}", path, std::strerror(errno));
  }
  if (!S_ISSOCK(found.st_mode)) return fail(Errc::bad_input, "socket {}: a file that is no socket is there", path);
  const Fd probe = open_socket();
  if (probe.get() < 0) return fail(Errc::io, "socket {}: {}", path, std::strerror(errno));
  if (::connect(probe.get(), generic(address), sizeof(address)) == 0 || errno == EAGAIN) {
    return fail(Errc::io, "socket {}: in use, a server answers on it", path);
  }
  if (errno != ECONNREFUSED) return fail(Errc::io, "socket {}: {}", path, std::strerror(errno));
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    return fail(Errc::io, "stale socket {}: cannot remove: {}", path, std::strerror(errno));
  }
  return {};
}

}  // namespace

UnixSocketFile::UnixSocketFile(UnixSocketFile&& other) noexcept
    : path_(std::exchange(other.path_, {})), pin_(other.pin_.exchange(-1)) {}

UnixSocketFile& UnixSocketFile::operator=(UnixSocketFile&& other) noexcept {
  remove();
  path_ = std::exchange(other.path_, {});
  pin_ = other.pin_.exchange(-1);
  return *this;
}

void UnixSocketFile::remove() noexcept {
  const int pin = pin_.exchange(-1);
  if (pin < 0) return;
  struct stat ours {
  }, there{};
  if (::fstat(pin, &ours) == 0 && ::lstat(path_.c_str(), &there) == 0 && ours.st_dev == there.st_dev &&
      ours.st_ino == there.st_ino) {
    ::unlink(path_.c_str());
  }
  ::close(pin);
}

Result<BoundUnixSocket> bind_unix_socket(const std::string& path) {
  QUERN_TRY(const sockaddr_un address, address_of(path));
  QUERN_CHECK(remove_stale(path, address));
  Fd socket = open_socket();
  // Linux makes the file with the mode of the socket's own inode less the umask: set before bind(), so that there is no
  // moment in which others could connect, and no process-wide umask to change under other threads.
  if (socket.get() < 0 || ::fchmod(socket.get(), S_IRUSR | S_IWUSR) != 0 ||
      ::bind(socket.get(), generic(address), sizeof(address)) != 0) {
    return fail(Errc::io, "socket {}: {}", path, std::strerror(errno));
  }
  BoundUnixSocket bound;
  bound.file.path_ = path;
  bound.file.pin_ = ::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC);
  struct stat made {};
  if (bound.file.pin_ < 0 || ::fstat(bound.file.pin_, &made) != 0) {
    return fail(Errc::io, "socket {}: {}", path, std::strerror(errno));
  }
  if ((made.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return fail(Errc::io, "socket {}: the file system made it with mode {:o}, want 600", path, made.st_mode & 07777u);
  }
  bound.fd = socket.release();
  return bound;
}

std::optional<uid_t> peer_uid(int fd) noexcept {
  ucred credentials{};
  socklen_t size = sizeof(credentials);
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return std::nullopt;
  return credentials.uid;
}

}  // namespace quern::server
