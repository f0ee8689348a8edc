#include "server/keys/key_file.hpp"

#include "base/owned_fd.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace quern::server {
namespace {

constexpr std::size_t kMaxFileBytes = 8u << 20;
constexpr mode_t kMode = 0600;
constexpr mode_t kForbidden = S_IWGRP | S_IRWXO;

Error io_error(const std::string& path, std::string_view doing) {
  const int reason = errno;
  const bool missing = reason == ENOENT || reason == ENOTDIR;
  return fail(missing ? Errc::not_found : Errc::io, "keys file {}: cannot {}: {}", path, doing, std::strerror(reason));
}

Status check_owner(const std::string& path, int fd) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return io_error(path, "look at it");
  if (!S_ISREG(info.st_mode)) return fail(Errc::bad_input, "keys file {}: want a regular file", path);
  const uid_t self = ::geteuid();
  if (self != 0 && info.st_uid != self && info.st_uid != 0) {
    return fail(Errc::bad_input, "keys file {}: want a file of this user or of root, found one of user {}", path,
                info.st_uid);
  }
  if ((info.st_mode & kForbidden) != 0) {
    return fail(Errc::bad_input, "keys file {}: want mode 0600 (or 0640), found {:04o}; chmod 600 repairs it", path,
                info.st_mode & 07777u);
  }
  return {};
}

Result<std::string> read_all(const std::string& path, int fd) {
  std::string text;
  char bytes[16384];
  for (;;) {
    const ssize_t n = ::read(fd, bytes, sizeof(bytes));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return io_error(path, "read");
    if (n == 0) return text;
    text.append(bytes, static_cast<std::size_t>(n));
    if (text.size() > kMaxFileBytes) {
      return fail(Errc::corrupt, "keys file {}: want at most {} bytes, found more", path, kMaxFileBytes);
    }
  }
}

Status write_all(const std::string& path, int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return io_error(path, "write");
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return ::fsync(fd) == 0 ? Status() : io_error(path, "write");
}

// Goes with the scope, unless it has got its name.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& beside) : path_(beside + ".XXXXXX") {
    fd_ = OwnedFd(::mkostemp(path_.data(), O_CLOEXEC));
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (fd_.get() >= 0 && !renamed_) ::unlink(path_.c_str());
  }
  int fd() const noexcept { return fd_.get(); }
  bool rename_to(const std::string& path) {
    renamed_ = ::rename(path_.c_str(), path.c_str()) == 0;
    return renamed_;
  }

 private:
  std::string path_;
  OwnedFd fd_;
  bool renamed_ = false;
};

// root edits the files of others, who must be able to read them afterwards.
Status keep_rights(const std::string& path, int fd) {
  struct stat old {};
  if (::stat(path.c_str(), &old) != 0) {
    return errno == ENOENT && ::fchmod(fd, kMode) == 0 ? Status() : io_error(path, "set the mode of it");
  }
  struct stat made {};
  if (::fstat(fd, &made) != 0) return io_error(path, "write beside it");
  const bool same = made.st_uid == old.st_uid && made.st_gid == old.st_gid;
  if (!same && ::fchown(fd, old.st_uid, old.st_gid) != 0) return io_error(path, "keep the owner and the group of it");
  return ::fchmod(fd, kMode | (old.st_mode & S_IRGRP)) == 0 ? Status() : io_error(path, "keep the mode of it");
}

Status replace(const std::string& path, const std::string& text) {
  TemporaryFile file(path);
  if (file.fd() < 0) return io_error(path, "write beside it");
  QUERN_CHECK(keep_rights(path, file.fd()));
  QUERN_CHECK(write_all(path, file.fd(), text));
  if (!file.rename_to(path)) return io_error(path, "replace it");
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const OwnedFd directory(::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0 || ::fsync(directory.get()) != 0) return io_error(path, "write its folder");
  return {};
}

// Where a symbolic link leads: the file behind it is what is replaced.
std::string resolved(const std::string& path) {
  std::error_code error;
  const std::filesystem::path real = std::filesystem::canonical(path, error);
  return error ? path : real.string();
}

}  // namespace

Result<KeySet> read_key_file(const std::string& path) {
  const OwnedFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return io_error(path, "open");
  QUERN_CHECK(check_owner(path, file.get()));
  QUERN_TRY(const std::string text, read_all(path, file.get()));
  Result<KeySet> set = parse_keys(text);
  if (!set) return Error{Errc::corrupt, fmt::format("keys file {}: {}", path, set.error().detail), {}};
  return set;
}

Status edit_key_file(const std::string& path_in, const std::function<Status(KeySet&)>& change) {
  const std::string path = resolved(path_in);
  const std::string lock_path = path + ".lock";
  const OwnedFd lock(::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kMode));
  if (lock.get() < 0) return io_error(lock_path, "open");
  while (::flock(lock.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return io_error(lock_path, "lock");
  }
  Result<KeySet> set = read_key_file(path);
  if (!set && set.error().code == Errc::not_found) {
    QUERN_TRY(const KeyHash salt, random_salt());
    set = KeySet{.salt = salt, .keys = {}};
  }
  if (!set) return set.error();
  QUERN_CHECK(change(*set));
  return replace(path, keys_text(*set));
}

}  // namespace quern::server
