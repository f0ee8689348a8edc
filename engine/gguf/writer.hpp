// Writes a GGUF v3 file front to back: header first, then the tensors' data in the order they were declared. The bytes
// go to a temporary file beside the target, which is renamed when all is there: a reader never sees half a file.
// Threads: one thread per writer. Ownership: an unfinished writer removes its temporary file.
// Errors: io with the path and the system's message. Disk space is reserved first, so a full disk shows at once.
#pragma once

#include "base/result.hpp"
#include "engine/gguf/header_builder.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace quern::engine::gguf {

class GgufWriter {
 public:
  static Result<GgufWriter> create(const std::string& path, HeaderBuilder header);

  GgufWriter(GgufWriter&& other) noexcept;
  GgufWriter& operator=(GgufWriter&& other) noexcept;
  GgufWriter(const GgufWriter&) = delete;
  GgufWriter& operator=(const GgufWriter&) = delete;
  ~GgufWriter();

  const HeaderBuilder& header() const noexcept { return header_; }

  // The next bytes of the current tensor; the padding behind its last one is written too.
  // REQUIRES: bytes fit into what is left of the current tensor.
  Status write(std::span<const std::byte> bytes);

  // REQUIRES: every tensor's data was written. Gives the file its name; the writer is spent, whatever the outcome.
  // The system writes the data back at its leisure: after a power cut the file may be incomplete.
  Status finish();

 private:
  GgufWriter() = default;
  Status write_raw(std::span<const std::byte> bytes);
  Status reserve_space(std::uint64_t size_bytes);
  void skip_empty_tensors() noexcept;
  void discard() noexcept;

  std::string path_, temporary_path_;
  int fd_ = -1;
  HeaderBuilder header_;
  std::size_t tensor_index_ = 0;      // the tensor that write() goes on with
  std::uint64_t tensor_written_ = 0;  // bytes of it
};

}  // namespace quern::engine::gguf
