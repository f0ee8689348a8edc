// A blob that arrives in pieces: hashed while it is written, and named only if it is what was promised. Threads: one at
// a time. What has not got its name goes with the object.
#pragma once

#include "registry/blob_store.hpp"
#include "registry/disk_file.hpp"

#include <span>

namespace quern::registry {

class BlobWriter {
 public:
  // Errors: overloaded, where the disk has no room for so many bytes; io.
  static Result<BlobWriter> begin(const BlobStore& store, Digest wanted, std::uint64_t n_bytes);

  Status write(std::span<const std::byte> bytes);
  // Errors: bad_input: other bytes than promised; io.
  Status finish();

 private:
  BlobWriter(const BlobStore& store, Digest wanted, TemporaryFile file)
      : path_(store.path_of(wanted)), wanted_(std::move(wanted)), file_(std::move(file)) {}
  std::string path_;
  Digest wanted_;
  TemporaryFile file_;
  Sha256 hash_;
};

}  // namespace quern::registry
