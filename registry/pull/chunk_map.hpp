// Which pieces of a file are here, and who fetches which next: pure bookkeeping. A file is cut into chunks of one size;
// a range is a run of chunks that one connection fetches. Ranges are handed out from the front, so that hashing can
// follow close behind, and get smaller towards the end, so that all connections finish together.
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace quern::registry::pull {

struct ByteRange {
  std::uint64_t begin = 0, end = 0;  // [begin, end)

  bool operator==(const ByteRange&) const = default;
};

class ChunkMap {
 public:
  // REQUIRES: chunk_bytes > 0. Nothing is whole.
  ChunkMap(std::uint64_t size, std::uint64_t chunk_bytes);

  std::uint64_t size() const noexcept { return size_; }
  std::uint64_t chunk_bytes() const noexcept { return chunk_bytes_; }
  std::size_t n_chunks() const noexcept { return chunks_.size(); }
  ByteRange range_of(std::size_t chunk) const noexcept;
  bool is_whole(std::size_t chunk) const noexcept { return chunks_[chunk] == State::whole; }

  void mark_whole(std::size_t chunk) noexcept;
  bool all_whole() const noexcept { return n_whole_ == chunks_.size(); }
  std::uint64_t whole_bytes() const noexcept { return whole_bytes_; }
  std::uint64_t whole_prefix() noexcept;  // bytes from the beginning without a gap

  // The next run of missing chunks for one of n_connections: at most max_bytes of it, at least a chunk. Empty: all are
  // taken or whole.
  std::optional<ByteRange> take(std::size_t n_connections, std::uint64_t max_bytes) noexcept;
  // What of a taken range is not whole is missing again.
  void give_back(ByteRange range) noexcept;

 private:
  enum class State : std::uint8_t { missing, taken, whole };

  std::uint64_t size_, chunk_bytes_;
  std::vector<State> chunks_;
  std::size_t n_whole_ = 0, n_missing_ = 0;
  std::uint64_t whole_bytes_ = 0;
  std::size_t first_gap_ = 0, first_missing_ = 0;  // no chunk before is not whole; is missing
};

}  // namespace quern::registry::pull
