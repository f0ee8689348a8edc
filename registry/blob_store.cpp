#include "registry/blob_store.hpp"

#include "registry/disk_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace quern::registry {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kTemporary = "tmp-";
constexpr std::size_t kCopyPieceBytes = 1 << 20;

std::string absolute_variable(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr && *value == '/' ? value : "";
}

std::chrono::seconds age_of(const struct stat& info) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now) - std::chrono::seconds(info.st_mtime);
}

// Whether the name still means the file that is open: it may have been removed before it was locked.
bool is_named(int fd, const std::string& path) {
  struct stat open {
  }, named{};
  return ::fstat(fd, &open) == 0 && ::stat(path.c_str(), &named) == 0 && open.st_dev == named.st_dev &&
         open.st_ino == named.st_ino;
}

// Takes the file away unless somebody has a lock on it.
Result<bool> remove_unlocked(const std::string& path) {
  const OwnedFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW));
  if (fd.get() < 0) return errno == ENOENT ? Result<bool>(false) : io_error(path, "opened");
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) return false;
  if (!is_named(fd.get(), path)) return false;
  if (::unlink(path.c_str()) != 0) return errno == ENOENT ? Result<bool>(false) : io_error(path, "removed");
  return true;
}

template <class Visit>
Status each_file(const std::string& folder, const Visit& visit) {
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    struct stat info {};
    const std::string path = it->path().string();
    if (::lstat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
    visit(it->path().filename().string(), path, info);
  }
  if (error) return fail(Errc::io, "{}: cannot be listed: {}", folder, error.message());
  return {};
}

}  // namespace

std::string models_folder(const std::string& option) {
  if (option != "auto") return option;
  const std::string data = absolute_variable("XDG_DATA_HOME");
  if (!data.empty()) return data + "/quern/models";
  const std::string home = absolute_variable("HOME");
  return home.empty() || home == "/" ? "/var/lib/quern/models" : home + "/.local/share/quern/models";
}

Result<BlobStore> BlobStore::open(const std::string& folder) {
  if (folder.empty()) return fail_field("--models-dir", "want a folder, found an empty text");
  std::error_code error;
  const fs::path path = fs::absolute(folder, error).lexically_normal();
  BlobStore store(error ? folder : path.string());
  fs::create_directories(store.blobs_, error);
  if (error) return fail(Errc::io, "models folder {}: cannot be made: {}", store.folder_, error.message());
  return store;
}

Result<BlobStore> BlobStore::existing(const std::string& folder) {
  std::error_code error;
  BlobStore store(fs::absolute(folder, error).lexically_normal().string());
  if (!error && fs::is_directory(store.blobs_, error)) return store;
  return fail(Errc::not_found, "models folder {}: there is none", folder);
}

std::string BlobStore::path_of(const Digest& digest) const {
  return fmt::format("{}/{}", blobs_, digest.file_name());
}
std::string BlobStore::part_path(const Digest& digest) const {
  return path_of(digest) + ".part";
}
std::string BlobStore::state_path(const Digest& digest) const {
  return path_of(digest) + ".part.state";
}

bool BlobStore::owns(std::string_view path) const {
  if (!path.starts_with(blobs_ + "/")) return false;
  const std::string_view name = path.substr(blobs_.size() + 1);
  return name.starts_with("sha256-") && Digest::parse(name).has_value();
}

bool BlobStore::has(const Digest& digest) const {
  return size_of(digest).has_value();
}

Result<std::uint64_t> BlobStore::size_of(const Digest& digest) const {
  const std::string path = path_of(digest);
  struct stat info {};
  if (digest.empty() || ::stat(path.c_str(), &info) != 0) {
    return fail(digest.empty() || errno == ENOENT ? Errc::not_found : Errc::io, "{}: there is no such blob", path);
  }
  return static_cast<std::uint64_t>(info.st_size);
}

Result<BlobHold> BlobStore::hold(const Digest& digest) const {
  const std::string path = path_of(digest);
  OwnedFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) return io_error(path, "opened");
  while (::flock(fd.get(), LOCK_SH) != 0) {
    if (errno != EINTR) return io_error(path, "locked");
  }
  if (!is_named(fd.get(), path)) return fail(Errc::not_found, "{}: it was removed just now", path);
  return BlobHold(std::move(fd));
}

bool BlobStore::is_held(const Digest& digest) const {
  const OwnedFd fd(::open(path_of(digest).c_str(), O_RDONLY | O_CLOEXEC));
  return fd.get() >= 0 && ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

Status BlobStore::adopt(const std::string& part, const Digest& digest) const {
  QUERN_CHECK(sync_file(part));
  const std::string path = path_of(digest);
  if (::rename(part.c_str(), path.c_str()) != 0) return io_error(part, "given its name");
  return sync_folder(blobs_);
}

Result<TemporaryFile> BlobStore::temporary() const {
  return TemporaryFile::create(fmt::format("{}/{}", blobs_, kTemporary));
}

Result<Digest> BlobStore::put(std::string_view bytes) const {
  QUERN_TRY(const Digest digest, digest_of(bytes));
  if (has(digest)) return digest;
  QUERN_TRY(TemporaryFile file, temporary());
  QUERN_CHECK(file.write(std::as_bytes(std::span(bytes))));
  QUERN_CHECK(file.rename_to(path_of(digest)));
  return digest;
}

Result<Digest> BlobStore::copy_in(const std::string& path, const std::function<bool(std::uint64_t)>& on_bytes) const {
  const OwnedFd from(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info {};
  if (from.get() < 0 || ::fstat(from.get(), &info) != 0) return io_error(path, "opened");
  if (!S_ISREG(info.st_mode)) return fail(Errc::bad_input, "{}: want a regular file", path);
  QUERN_CHECK(check_space(static_cast<std::uint64_t>(info.st_size)));
  QUERN_TRY(TemporaryFile to, temporary());
  Sha256 hash;
  std::vector<std::byte> piece(kCopyPieceBytes);
  for (std::uint64_t n_done = 0;;) {
    const ssize_t n = ::read(from.get(), piece.data(), piece.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return io_error(path, "read");
    if (n == 0) break;
    const auto bytes = std::span(piece).first(static_cast<std::size_t>(n));
    hash.add(bytes);
    QUERN_CHECK(to.write(bytes));
    n_done += bytes.size();
    if (on_bytes && !on_bytes(n_done)) return fail(Errc::cancelled, "{}: cancelled while it was copied", path);
  }
  QUERN_TRY(Digest digest, hash.finish());
  QUERN_CHECK(to.rename_to(path_of(digest)));
  return digest;
}

Result<bool> BlobStore::remove(const Digest& digest) const {
  if (digest.empty()) return false;
  return remove_unlocked(path_of(digest));
}

Result<std::uint64_t> BlobStore::remove_leftovers(std::chrono::seconds min_age, bool dry_run) const {
  std::uint64_t n_bytes = 0;
  std::vector<std::string> paths;
  QUERN_CHECK(each_file(blobs_, [&](const std::string& name, const std::string& path, const struct stat& info) {
    const bool part = name.ends_with(".part") || name.ends_with(".part.state");
    if (!(part && age_of(info) >= min_age) && !name.starts_with(kTemporary)) return;
    n_bytes += dry_run ? static_cast<std::uint64_t>(info.st_blocks) * 512 : 0;
    paths.push_back(path);
  }));
  std::ranges::sort(paths);  // a .part before its .part.state, which stays with it
  for (const std::string& path : paths) {
    if (dry_run) break;
    const bool state = path.ends_with(".part.state");
    if (state && ::access(path.substr(0, path.size() - 6).c_str(), F_OK) == 0) continue;
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) continue;
    QUERN_TRY(const bool removed, remove_unlocked(path));
    if (removed) n_bytes += static_cast<std::uint64_t>(info.st_blocks) * 512;
  }
  return n_bytes;
}

Result<std::vector<Blob>> BlobStore::list() const {
  std::vector<Blob> out;
  QUERN_CHECK(each_file(blobs_, [&](const std::string& name, const std::string&, const struct stat& info) {
    const Result<Digest> digest = name.starts_with("sha256-") ? Digest::parse(name) : Result<Digest>(Digest());
    if (digest && !digest->empty()) out.push_back({*digest, static_cast<std::uint64_t>(info.st_size), age_of(info)});
  }));
  std::ranges::sort(out, {}, &Blob::digest);
  return out;
}

Result<std::uint64_t> BlobStore::total_bytes() const {
  std::uint64_t n_bytes = 0;
  QUERN_CHECK(each_file(blobs_, [&](const std::string& name, const std::string&, const struct stat& info) {
    const bool whole = name.starts_with("sha256-") && name.find('.') == std::string::npos;
    n_bytes += static_cast<std::uint64_t>(whole ? info.st_size : info.st_blocks * 512);
  }));
  return n_bytes;
}

Result<std::uint64_t> BlobStore::free_bytes() const {
  struct statvfs info {};
  if (::statvfs(blobs_.c_str(), &info) != 0) return io_error(blobs_, "looked at");
  return std::uint64_t{info.f_bavail} * info.f_frsize;
}

Status BlobStore::check_space(std::uint64_t n_bytes) const {
  QUERN_TRY(const std::uint64_t n_free, free_bytes());
  if (n_bytes <= n_free) return {};
  return fail(Errc::overloaded, "{}: want {} bytes of free disk space, found {}", folder_, n_bytes, n_free);
}

}  // namespace quern::registry
