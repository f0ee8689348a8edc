// A file that is being downloaded: its bytes in a sparse file of the final size, and beside it which chunks of them are
// whole. A chunk is written before it is marked, each with one write, so that after a kill at any time what is marked
// is there; whether it survived a power failure, the digest over the whole file tells at the end.
// State file: a head of 1,024 bytes of text (size, size of a chunk, what the file is), then a byte per chunk, '#' or
// '.'. The lock is a flock on the part: who has it downloads, others wait and look at the state. Threads: one at a
// time; any number of processes. Errors: io, and overloaded where the disk has no room, naming the path; corrupt: a
// size that no state describes.
#pragma once

#include "base/owned_fd.hpp"
#include "base/result.hpp"
#include "registry/pull/chunk_map.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace quern::registry::pull {

struct PartLayout {
  std::uint64_t size = 0;
  std::uint64_t chunk_bytes = 0;  // of a new one; one that is there keeps its own
  std::string identity;           // what the bytes are: a digest, or an address and its ETag; one line
};

class PartFile {
 public:
  // Empty: another process has it. What is there of something else is forgotten.
  static Result<std::optional<PartFile>> open(const std::string& part_path, const std::string& state_path,
                                              const PartLayout& layout);

  ChunkMap& chunks() noexcept { return chunks_; }
  const ChunkMap& chunks() const noexcept { return chunks_; }
  int fd() const noexcept { return part_.get(); }
  const std::string& path() const noexcept { return part_path_; }
  bool resumed() const noexcept { return resumed_; }  // some chunks were there when it was opened

  Status write(std::uint64_t offset, std::span<const std::byte> bytes);
  // REQUIRES: all its bytes were written.
  Status mark_whole(std::size_t chunk);
  Status forget_all();  // nothing is whole any more
  Status remove();      // both files
  // After the part has got its final name: the lock as a shared one, which keeps others from removing it.
  Result<OwnedFd> release();

 private:
  PartFile(std::string part_path, std::string state_path, PartLayout layout, OwnedFd part, OwnedFd state)
      : part_path_(std::move(part_path)),
        state_path_(std::move(state_path)),
        layout_(std::move(layout)),
        part_(std::move(part)),
        state_(std::move(state)),
        chunks_(layout_.size, layout_.chunk_bytes) {}
  bool read_state();

  std::string part_path_, state_path_;
  PartLayout layout_;
  OwnedFd part_, state_;
  ChunkMap chunks_;
  bool resumed_ = false;
};

// What a download that may run elsewhere has so far; 0: nothing, or nothing that can be read.
std::uint64_t whole_bytes_in(const std::string& state_path);

}  // namespace quern::registry::pull
