// A file mapped read-only and shared. Threads: const after open. Ownership: the map lives as long as the object.
// A file that shrinks while mapped would raise SIGBUS; open() takes a shared advisory lock and notes the size, and the
// process-wide SIGBUS handler (app/) turns such a fault into a clear message.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "base/result.hpp"

namespace quern {

class MmapFile {
 public:
  // Errors: not_found, io (with errno text); an empty file is an empty span.
  static Result<MmapFile> open(const std::string& path);

  MmapFile() = default;
  MmapFile(MmapFile&& other) noexcept;
  MmapFile& operator=(MmapFile&& other) noexcept;
  MmapFile(const MmapFile&) = delete;
  MmapFile& operator=(const MmapFile&) = delete;
  ~MmapFile();

  std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }
  const std::string& path() const noexcept { return path_; }

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  int fd_ = -1;
  std::string path_;
};

}  // namespace quern
