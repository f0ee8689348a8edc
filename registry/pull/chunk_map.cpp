#include "registry/pull/chunk_map.hpp"

#include <algorithm>

namespace quern::registry::pull {

ChunkMap::ChunkMap(std::uint64_t size, std::uint64_t chunk_bytes)
    : size_(size),
      chunk_bytes_(chunk_bytes),
      chunks_(static_cast<std::size_t>(size / chunk_bytes + (size % chunk_bytes != 0 ? 1 : 0)), State::missing),
      n_missing_(chunks_.size()) {}

ByteRange ChunkMap::range_of(std::size_t chunk) const noexcept {
  const std::uint64_t begin = chunk * chunk_bytes_;
  return {begin, std::min(begin + chunk_bytes_, size_)};
}

void ChunkMap::mark_whole(std::size_t chunk) noexcept {
  if (chunks_[chunk] == State::whole) return;
  if (chunks_[chunk] == State::missing) --n_missing_;
  chunks_[chunk] = State::whole;
  ++n_whole_;
  const ByteRange range = range_of(chunk);
  whole_bytes_ += range.end - range.begin;
}

std::uint64_t ChunkMap::whole_prefix() noexcept {
  while (first_gap_ < chunks_.size() && chunks_[first_gap_] == State::whole) ++first_gap_;
  return std::min(first_gap_ * chunk_bytes_, size_);
}

std::optional<ByteRange> ChunkMap::take(std::size_t n_connections, std::uint64_t max_bytes) noexcept {
  while (first_missing_ < chunks_.size() && chunks_[first_missing_] != State::missing) ++first_missing_;
  if (first_missing_ == chunks_.size()) return std::nullopt;
  const std::size_t share = n_missing_ / (2 * std::max<std::size_t>(n_connections, 1));
  const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(max_bytes / chunk_bytes_, chunks_.size()));
  const std::size_t wanted = std::max<std::size_t>(std::min(share, most), 1);
  const std::size_t begin = first_missing_;
  std::size_t end = begin;
  while (end < chunks_.size() && end - begin < wanted && chunks_[end] == State::missing) chunks_[end++] = State::taken;
  n_missing_ -= end - begin;
  return ByteRange{range_of(begin).begin, range_of(end - 1).end};
}

void ChunkMap::give_back(ByteRange range) noexcept {
  for (auto chunk = static_cast<std::size_t>(range.begin / chunk_bytes_);
       chunk < chunks_.size() && range_of(chunk).begin < range.end; ++chunk) {
    if (chunks_[chunk] != State::taken) continue;
    chunks_[chunk] = State::missing;
    ++n_missing_;
    first_missing_ = std::min(first_missing_, chunk);
  }
}

}  // namespace quern::registry::pull
