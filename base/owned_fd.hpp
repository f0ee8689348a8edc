// A file descriptor that is closed with its owner. Threads: as the descriptor.
#pragma once

#include <utility>

#include <unistd.h>

namespace quern {

class OwnedFd {
 public:
  OwnedFd() = default;
  explicit OwnedFd(int fd) noexcept : fd_(fd) {}
  OwnedFd(OwnedFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  OwnedFd& operator=(OwnedFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~OwnedFd() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const noexcept { return fd_; }  // -1: none

 private:
  int fd_ = -1;
};

}  // namespace quern
