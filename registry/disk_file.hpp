// Files that are either whole or not there: written under another name, synced, renamed. Threads: any.
// Errors: io (not_found for a missing file, overloaded for a full disk) naming the path.
#pragma once

#include "base/owned_fd.hpp"
#include "base/result.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace quern::registry {

// "PATH: cannot be DONE: reason", from errno.
Error io_error(const std::string& path, std::string_view done);
Status sync_file(const std::string& path);
Status sync_folder(const std::string& path);

// A new file that is locked (flock) while it is written, and goes away unless it gets its name. A kill leaves it behind
// without the lock.
class TemporaryFile {
 public:
  // prefix: the path up to its random end.
  static Result<TemporaryFile> create(const std::string& prefix);
  TemporaryFile(TemporaryFile&& other) noexcept;
  TemporaryFile& operator=(TemporaryFile&&) = delete;
  ~TemporaryFile();

  Status write(std::span<const std::byte> bytes);
  // Mode 0644, synced, then renamed, then its folder synced.
  Status rename_to(const std::string& path);

 private:
  TemporaryFile(std::string path, OwnedFd fd) : path_(std::move(path)), fd_(std::move(fd)) {}
  std::string path_;  // empty: it has its name
  OwnedFd fd_;
};

// The whole text becomes the content of `path`. Its folder must be there.
Status write_whole(const std::string& path, std::string_view text);
// Errors also: bad_input beyond max_bytes or for what is no regular file.
Result<std::string> read_whole(const std::string& path, std::size_t max_bytes);

}  // namespace quern::registry
