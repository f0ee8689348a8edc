// A file mapped read-only and shared. Threads: const after open. Ownership: the map lives as long as the object.
// A file that shrinks while mapped raises SIGBUS at the next read behind its new end. open() takes a shared advisory
// lock, which polite writers respect, and has base/fault_guard watch the map, which explains the fault.
#pragma once

#include "base/fault_guard.hpp"
#include "base/result.hpp"

#include <cstddef>
#include <span>
#include <string>

namespace quern {

class MmapFile {
 public:
  // Errors: not_found, bad_input (not a regular file), io (with errno text). An empty file is an empty span.
  static Result<MmapFile> open(const std::string& path);

  MmapFile() = default;
  MmapFile(MmapFile&& other) noexcept;
  MmapFile& operator=(MmapFile&& other) noexcept;
  MmapFile(const MmapFile&) = delete;
  MmapFile& operator=(const MmapFile&) = delete;
  ~MmapFile();

  std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }
  const std::string& path() const noexcept { return path_; }
  // Takes whole pages of a part of bytes() out of this process; they are read again when they are used. Does nothing
  // for bytes of others.
  void drop(std::span<const std::byte> part) const noexcept;

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  int fd_ = -1;  // kept open for the lock
  fault_guard::Watch watch_ = -1;
  std::string path_;
};

}  // namespace quern
