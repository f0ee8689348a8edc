#include "registry/disk_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace quern::registry {

Error io_error(const std::string& path, std::string_view done) {
  const int reason = errno;
  Errc code = reason == ENOENT || reason == ENOTDIR ? Errc::not_found : Errc::io;
  if (reason == ENOSPC || reason == EDQUOT) code = Errc::overloaded;
  return fail(code, "{}: cannot be {}: {}", path, done, std::strerror(reason));
}

Status sync_file(const std::string& path) {
  const OwnedFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW));
  if (fd.get() < 0) return io_error(path, "opened");
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return io_error(path, "looked at");
  if (!S_ISREG(info.st_mode)) return fail(Errc::bad_input, "{}: want a regular file", path);
  return ::fsync(fd.get()) == 0 ? Status() : Status(io_error(path, "written to disk"));
}

Status sync_folder(const std::string& path) {
  const OwnedFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0) return io_error(path, "opened");
  return ::fsync(fd.get()) == 0 ? Status() : Status(io_error(path, "written to disk"));
}

Result<TemporaryFile> TemporaryFile::create(const std::string& prefix) {
  std::string path = prefix + "XXXXXX";
  OwnedFd fd(::mkostemp(path.data(), O_CLOEXEC));
  if (fd.get() < 0) return io_error(path, "made");
  TemporaryFile file(std::move(path), std::move(fd));
  if (::flock(file.fd_.get(), LOCK_EX | LOCK_NB) != 0) return io_error(file.path_, "locked");
  return file;
}

TemporaryFile::TemporaryFile(TemporaryFile&& other) noexcept
    : path_(std::exchange(other.path_, {})), fd_(std::move(other.fd_)) {}

TemporaryFile::~TemporaryFile() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

Status TemporaryFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd_.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return io_error(path_, "written");
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return {};
}

Status TemporaryFile::rename_to(const std::string& path) {
  constexpr mode_t kMode = 0644;
  if (::fchmod(fd_.get(), kMode) != 0 || ::fsync(fd_.get()) != 0) return io_error(path_, "written to disk");
  if (::rename(path_.c_str(), path.c_str()) != 0) return io_error(path, "given its name");
  path_.clear();
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return sync_folder(folder.empty() ? "." : folder);
}

Status write_whole(const std::string& path, std::string_view text) {
  QUERN_TRY(TemporaryFile file, TemporaryFile::create(path + ".tmp-"));
  QUERN_CHECK(file.write(std::as_bytes(std::span(text))));
  return file.rename_to(path);
}

Result<std::string> read_whole(const std::string& path, std::size_t max_bytes) {
  const OwnedFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info {};
  if (fd.get() < 0 || ::fstat(fd.get(), &info) != 0) return io_error(path, "read");
  if (!S_ISREG(info.st_mode)) return fail(Errc::bad_input, "{}: want a regular file", path);
  constexpr std::size_t kPiece = 64 << 10;
  std::string out;
  for (;;) {
    const std::size_t before = out.size();
    out.resize(before + kPiece);
    const ssize_t n = ::read(fd.get(), out.data() + before, kPiece);
    const int reason = errno;
    out.resize(before + static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    if (n == 0) return out;
    if (n < 0 && reason == EINTR) continue;
    errno = reason;
    if (n < 0) return io_error(path, "read");
    if (out.size() > max_bytes) return fail(Errc::bad_input, "{}: want at most {} bytes, found more", path, max_bytes);
  }
}

}  // namespace quern::registry
