#include "engine/gguf/writer.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace quern::engine::gguf {
namespace {

Error io_error(const std::string& path, const char* what, int code) {
  return fail(Errc::io, "{}: cannot {}: {}", path, what, std::strerror(code));
}

}  // namespace

Result<GgufWriter> GgufWriter::create(const std::string& path, HeaderBuilder header) {
  GgufWriter writer;
  writer.path_ = path;
  writer.header_ = std::move(header);
  const std::string temporary_path = fmt::format("{}.{}.tmp", path, ::getpid());
  writer.fd_ = ::open(temporary_path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (writer.fd_ < 0) return io_error(temporary_path, "create", errno);
  writer.temporary_path_ = temporary_path;
  const std::vector<std::byte> bytes = writer.header_.build();
  QUERN_CHECK(writer.reserve_space(bytes.size() + writer.header_.data_bytes()));
  QUERN_CHECK(writer.write_raw(bytes));
  writer.skip_empty_tensors();
  return writer;
}

GgufWriter::GgufWriter(GgufWriter&& other) noexcept {
  *this = std::move(other);
}

GgufWriter& GgufWriter::operator=(GgufWriter&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(temporary_path_, other.temporary_path_);
  std::swap(fd_, other.fd_);
  std::swap(header_, other.header_);
  std::swap(tensor_index_, other.tensor_index_);
  std::swap(tensor_written_, other.tensor_written_);
  return *this;
}

GgufWriter::~GgufWriter() {
  discard();
}

void GgufWriter::discard() noexcept {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  if (!temporary_path_.empty()) ::unlink(temporary_path_.c_str());
  temporary_path_.clear();
}

Status GgufWriter::reserve_space(std::uint64_t size_bytes) {
  if (::fallocate(fd_, FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(size_bytes)) == 0) return {};
  // Where a file system cannot reserve, writing will tell.
  const int code = errno;
  if (code != ENOSPC && code != EDQUOT && code != EFBIG) return {};
  return fail(Errc::io, "{}: cannot reserve {} bytes: {}", temporary_path_, size_bytes, std::strerror(code));
}

Status GgufWriter::write_raw(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t n_written = ::write(fd_, bytes.data(), bytes.size());
    if (n_written < 0 && errno == EINTR) continue;
    if (n_written < 0) return io_error(temporary_path_, "write", errno);
    bytes = bytes.subspan(static_cast<std::size_t>(n_written));
  }
  return {};
}

void GgufWriter::skip_empty_tensors() noexcept {
  const std::vector<TensorPlan>& tensors = header_.tensors();
  while (tensor_index_ < tensors.size() && tensors[tensor_index_].size_bytes == 0) ++tensor_index_;
}

Status GgufWriter::write(std::span<const std::byte> bytes) {
  if (bytes.empty()) return {};
  QUERN_ASSERT(tensor_index_ < header_.tensors().size());
  const TensorPlan& tensor = header_.tensors()[tensor_index_];
  QUERN_ASSERT(bytes.size() <= tensor.size_bytes - tensor_written_);
  QUERN_CHECK(write_raw(bytes));
  tensor_written_ += bytes.size();
  if (tensor_written_ < tensor.size_bytes) return {};
  const std::uint64_t tail = tensor.size_bytes % header_.alignment();
  if (tail != 0) QUERN_CHECK(write_raw(std::vector<std::byte>(static_cast<std::size_t>(header_.alignment() - tail))));
  ++tensor_index_;
  tensor_written_ = 0;
  skip_empty_tensors();
  return {};
}

Status GgufWriter::finish() {
  QUERN_ASSERT(tensor_index_ == header_.tensors().size());
  if (::close(std::exchange(fd_, -1)) != 0) {
    const int code = errno;
    discard();
    return io_error(path_, "write", code);
  }
  if (std::rename(temporary_path_.c_str(), path_.c_str()) != 0) {
    const int code = errno;
    discard();
    return io_error(path_, "rename to", code);
  }
  temporary_path_.clear();
  return {};
}

}  // namespace quern::engine::gguf
