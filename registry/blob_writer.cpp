#include "registry/blob_writer.hpp"

#include <utility>

namespace quern::registry {

Result<BlobWriter> BlobWriter::begin(const BlobStore& store, Digest wanted, std::uint64_t n_bytes) {
  QUERN_CHECK(store.check_space(n_bytes));
  QUERN_TRY(TemporaryFile file, store.temporary());
  return BlobWriter(store, std::move(wanted), std::move(file));
}

Status BlobWriter::write(std::span<const std::byte> bytes) {
  hash_.add(bytes);
  return file_.write(bytes);
}

Status BlobWriter::finish() {
  QUERN_TRY(const Digest found, hash_.finish());
  if (found != wanted_)
    return fail_field("digest", "expected {}, found {} of these bytes", wanted_.text(), found.text());
  return file_.rename_to(path_);
}

}  // namespace quern::registry
