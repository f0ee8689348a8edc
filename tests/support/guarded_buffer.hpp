// Memory with an unreadable page directly behind its last byte and one before its first page, so that a kernel that
// reads or writes past the end dies at once. Elements keep only the alignment that their size gives them: that is the
// point.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

namespace quern::test {

template <class T>
class GuardedBuffer {
 public:
  explicit GuardedBuffer(std::size_t n) : size_(n) {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    const std::size_t used = (n * sizeof(T) + page - 1) / page * page;
    mapped_bytes_ = used + 2 * page;
    void* base = ::mmap(nullptr, mapped_bytes_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED) std::abort();
    mapped_ = static_cast<std::byte*>(base);
    if (used != 0 && ::mprotect(mapped_ + page, used, PROT_READ | PROT_WRITE) != 0) std::abort();
    data_ = reinterpret_cast<T*>(mapped_ + page + used - n * sizeof(T));
  }
  explicit GuardedBuffer(std::span<const T> values) : GuardedBuffer(values.size()) {
    if (!values.empty()) std::memcpy(data_, values.data(), values.size_bytes());
  }
  explicit GuardedBuffer(const std::vector<T>& values) : GuardedBuffer(std::span<const T>(values)) {}
  ~GuardedBuffer() { ::munmap(mapped_, mapped_bytes_); }
  GuardedBuffer(const GuardedBuffer&) = delete;
  GuardedBuffer& operator=(const GuardedBuffer&) = delete;

  T* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  T& operator[](std::size_t i) const noexcept { return data_[i]; }
  std::vector<T> copy() const { return {data_, data_ + size_}; }

 private:
  std::byte* mapped_ = nullptr;
  std::size_t mapped_bytes_ = 0;
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace quern::test
