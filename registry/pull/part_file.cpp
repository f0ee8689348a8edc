#include "registry/pull/part_file.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace quern::registry::pull {
namespace {

constexpr std::size_t kHeadBytes = 1024;
constexpr std::size_t kMaxIdentity = 768;
constexpr std::uint64_t kMaxChunks = 1u << 18, kMinChunk = 4096, kMaxChunk = 1ull << 32;
constexpr char kWhole = '#', kMissing = '.';

Error part_error(const std::string& path, std::string_view doing, int reason = errno) {
  if (reason == ENOSPC || reason == EDQUOT || reason == EFBIG) {
    return fail(Errc::overloaded,
                "{}: the disk has no room for more; what is there is kept: make room, then pull again", path);
  }
  return fail(Errc::io, "{}: cannot {}: {}", path, doing, std::strerror(reason));
}

Status write_all(int fd, const std::string& path, std::span<const std::byte> bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return part_error(path, "write");
    if (n == 0) return part_error(path, "write", ENOSPC);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
  return {};
}

Status write_all(int fd, const std::string& path, std::string_view text, std::uint64_t offset) {
  return write_all(fd, path, std::as_bytes(std::span(text)), offset);
}

std::string head_of(const PartLayout& layout) {
  std::string out =
      fmt::format("quern part 1\nsize {}\nchunk {}\nis {}\n", layout.size, layout.chunk_bytes, layout.identity);
  out.resize(kHeadBytes, ' ');
  return out;
}

// The number behind "name " on a line of its own.
std::optional<std::uint64_t> number_of(std::string_view head, std::string_view name) {
  const std::size_t at = head.find(fmt::format("\n{} ", name));
  if (at == std::string_view::npos) return std::nullopt;
  std::uint64_t value = 0;
  const char* const begin = head.data() + at + name.size() + 2;
  const auto [end, code] = std::from_chars(begin, head.data() + head.size(), value);
  if (code != std::errc{} || end == head.data() + head.size() || *end != '\n') return std::nullopt;
  return value;
}

struct StateText {
  std::string head, chunks;
};
// Empty: not of this form.
std::optional<StateText> read_state_text(int fd) {
  struct stat info {};
  if (::fstat(fd, &info) != 0 || info.st_size < static_cast<off_t>(kHeadBytes) ||
      info.st_size > static_cast<off_t>(kHeadBytes + kMaxChunks)) {
    return std::nullopt;
  }
  std::string text(static_cast<std::size_t>(info.st_size), '\0');
  for (std::size_t at = 0; at < text.size();) {
    const ssize_t n = ::pread(fd, text.data() + at, text.size() - at, static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return std::nullopt;
    at += static_cast<std::size_t>(n);
  }
  return StateText{text.substr(0, kHeadBytes), text.substr(kHeadBytes)};
}

bool is_named(int fd, const std::string& path) {
  struct stat open {
  }, named{};
  return ::fstat(fd, &open) == 0 && ::stat(path.c_str(), &named) == 0 && open.st_dev == named.st_dev &&
         open.st_ino == named.st_ino;
}

// The part with its lock; an fd below 0: another process has it.
Result<OwnedFd> open_locked(const std::string& path) {
  for (int tries = 0; tries < 100; ++tries) {
    OwnedFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (fd.get() < 0) return part_error(path, "open");
    while (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) return OwnedFd();
      if (errno != EINTR) return part_error(path, "lock");
    }
    if (is_named(fd.get(), path)) return fd;  // else its owner gave it its final name, or removed it, just now
  }
  return fail(Errc::io, "{}: other processes make and remove it all the time", path);
}

}  // namespace

Result<std::optional<PartFile>> PartFile::open(const std::string& part_path, const std::string& state_path,
                                               const PartLayout& asked) {
  PartLayout layout = asked;
  layout.chunk_bytes = std::clamp(layout.chunk_bytes, kMinChunk, kMaxChunk);
  while (layout.size / layout.chunk_bytes >= kMaxChunks) layout.chunk_bytes *= 2;
  if (layout.identity.empty() || layout.identity.size() > kMaxIdentity ||
      layout.identity.find('\n') != std::string::npos) {
    return fail(Errc::corrupt, "{}: want a name of its content of 1 to {} bytes in one line", part_path, kMaxIdentity);
  }
  QUERN_TRY(OwnedFd part, open_locked(part_path));
  if (part.get() < 0) return std::optional<PartFile>();
  OwnedFd state(::open(state_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
  if (state.get() < 0) return part_error(state_path, "open");
  PartFile out(part_path, state_path, std::move(layout), std::move(part), std::move(state));
  if (!out.read_state()) QUERN_CHECK(out.forget_all());
  return std::optional<PartFile>(std::move(out));
}

bool PartFile::read_state() {
  struct stat info {};
  if (::fstat(part_.get(), &info) != 0 || static_cast<std::uint64_t>(info.st_size) != layout_.size) return false;
  const std::optional<StateText> text = read_state_text(state_.get());
  if (!text) return false;
  const auto chunk = number_of(text->head, "chunk");
  if (!chunk || *chunk < kMinChunk || *chunk > kMaxChunk || layout_.size / *chunk > kMaxChunks) return false;
  PartLayout found = layout_;
  found.chunk_bytes = *chunk;
  ChunkMap chunks(found.size, found.chunk_bytes);
  if (text->head != head_of(found) || text->chunks.size() != chunks.n_chunks()) return false;
  for (std::size_t i = 0; i < chunks.n_chunks(); ++i) {
    if (text->chunks[i] == kWhole) chunks.mark_whole(i);
  }
  layout_ = std::move(found);
  chunks_ = std::move(chunks);
  resumed_ = chunks_.whole_bytes() > 0;
  return true;
}

Status PartFile::forget_all() {
  // Without its head a state means nothing, whatever else was done.
  if (::ftruncate(state_.get(), 0) != 0) return part_error(state_path_, "shorten");
  chunks_ = ChunkMap(layout_.size, layout_.chunk_bytes);
  resumed_ = false;
  if (::ftruncate(part_.get(), 0) != 0 || ::ftruncate(part_.get(), static_cast<off_t>(layout_.size)) != 0) {
    return part_error(part_path_, "set the size of it");
  }
  QUERN_CHECK(write_all(state_.get(), state_path_, std::string(chunks_.n_chunks(), kMissing), kHeadBytes));
  return write_all(state_.get(), state_path_, head_of(layout_), 0);
}

Status PartFile::write(std::uint64_t offset, std::span<const std::byte> bytes) {
  return write_all(part_.get(), part_path_, bytes, offset);
}

Status PartFile::mark_whole(std::size_t chunk) {
  QUERN_CHECK(write_all(state_.get(), state_path_, std::string_view(&kWhole, 1), kHeadBytes + chunk));
  chunks_.mark_whole(chunk);
  return {};
}

Status PartFile::remove() {
  if (::unlink(state_path_.c_str()) != 0 && errno != ENOENT) return part_error(state_path_, "remove");
  if (::unlink(part_path_.c_str()) != 0 && errno != ENOENT) return part_error(part_path_, "remove");
  return {};
}

Result<OwnedFd> PartFile::release() {
  if (::unlink(state_path_.c_str()) != 0 && errno != ENOENT) return part_error(state_path_, "remove");
  while (::flock(part_.get(), LOCK_SH) != 0) {
    if (errno != EINTR) return part_error(part_path_, "lock");
  }
  return std::move(part_);
}

std::uint64_t whole_bytes_in(const std::string& state_path) {
  const OwnedFd fd(::open(state_path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (fd.get() < 0) return 0;
  const std::optional<StateText> text = read_state_text(fd.get());
  if (!text) return 0;
  const auto size = number_of(text->head, "size"), chunk = number_of(text->head, "chunk");
  if (!size || !chunk || *chunk < kMinChunk || *size / *chunk > kMaxChunks) return 0;
  const auto n_whole = static_cast<std::uint64_t>(std::ranges::count(text->chunks, kWhole));
  return std::min(n_whole * *chunk, *size);
}

}  // namespace quern::registry::pull
