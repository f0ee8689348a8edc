#include "base/mmap_file.hpp"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace quern {

Result<MmapFile> MmapFile::open(const std::string& path) {
  MmapFile file;
  file.path_ = path;
  // Non-blocking: opening a FIFO without a writer would otherwise hang before fstat can refuse it.
  file.fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file.fd_ < 0) {
    const int code = errno;
    return fail(code == ENOENT ? Errc::not_found : Errc::io, "{}: cannot open: {}", path, std::strerror(code));
  }
  struct stat info {};
  if (::fstat(file.fd_, &info) != 0) return fail(Errc::io, "{}: cannot stat: {}", path, std::strerror(errno));
  if (!S_ISREG(info.st_mode)) return fail(Errc::bad_input, "{}: want a regular file", path);
  ::flock(file.fd_, LOCK_SH | LOCK_NB);  // advisory: tells polite writers that the file is in use; failure is harmless
  file.size_ = static_cast<std::size_t>(info.st_size);
  if (file.size_ == 0) return file;
  void* map = ::mmap(nullptr, file.size_, PROT_READ, MAP_SHARED, file.fd_, 0);
  if (map == MAP_FAILED) {
    const int code = errno;
    file.size_ = 0;
    return fail(Errc::io, "{}: cannot map: {}", path, std::strerror(code));
  }
  file.data_ = static_cast<const std::byte*>(map);
  file.watch_ = fault_guard::watch(file.bytes(), path);
  return file;
}

void MmapFile::drop(std::span<const std::byte> part) const noexcept {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<std::uintptr_t>(part.data()), end = begin + part.size();
  const auto map = reinterpret_cast<std::uintptr_t>(data_);
  if (begin < map || end > map + size_) return;
  const std::uintptr_t first = (begin + page - 1) / page * page, last = end / page * page;
  // Only a hint: where it is not taken, the pages stay.
  if (first < last) ::madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
}

MmapFile::MmapFile(MmapFile&& other) noexcept {
  *this = std::move(other);
}

MmapFile& MmapFile::operator=(MmapFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(fd_, other.fd_);
  std::swap(watch_, other.watch_);
  std::swap(path_, other.path_);
  return *this;
}

MmapFile::~MmapFile() {
  fault_guard::forget(watch_);
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace quern
