// The listening Unix socket: its file is made with mode 0600 in one step (no moment with wider permissions), a stale
// file is replaced only when nobody answers on it, and it is removed at the end only if it is still ours. Threads: one.
// Ownership: UnixSocketFile removes the file when destroyed.
#pragma once

#include "base/result.hpp"

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include <sys/types.h>

namespace quern::server {

class UnixSocketFile {
 public:
  UnixSocketFile() = default;
  UnixSocketFile(UnixSocketFile&& other) noexcept;
  UnixSocketFile& operator=(UnixSocketFile&& other) noexcept;
  UnixSocketFile(const UnixSocketFile&) = delete;
  UnixSocketFile& operator=(const UnixSocketFile&) = delete;
  ~UnixSocketFile() { remove(); }

  void remove() noexcept;  // Threads: any, whoever comes first

 private:
  friend Result<struct BoundUnixSocket> bind_unix_socket(const std::string& path);
  std::string path_;
  std::atomic<int> pin_{-1};  // O_PATH on the file: while it is open, no later file can get its inode number
};

struct BoundUnixSocket {
  int fd = -1;  // bound, not yet listening; the caller takes it over
  UnixSocketFile file;
};

// Errors: bad_input (path too long, a file that is no socket), io (naming the path: in use by a server that answers, no
// permission).
Result<BoundUnixSocket> bind_unix_socket(const std::string& path);

// User id of the process at the other end of a connected Unix socket (SO_PEERCRED).
std::optional<uid_t> peer_uid(int fd) noexcept;

}  // namespace quern::server
