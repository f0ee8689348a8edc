// The folder of our own model files: blobs, each named by the SHA-256 of what it holds. What is whole has its name,
// what is not has another one, so that a kill at any time leaves no half file that looks whole.
//   <models>/blobs/sha256-<64 hex>              a whole file
//   <models>/blobs/sha256-<64 hex>.part         one that is being downloaded, with .part.state beside it; whoever
//                                               downloads has a flock on the .part
//   <models>/blobs/tmp-XXXXXX                   one that is being copied; goes with the process that writes it
// Names are built from checked digests alone. Threads: any, and any number of processes.
// Who is going to name a blob in the registry holds it meanwhile (BlobHold), so that nobody else takes it away.
#pragma once

#include "base/owned_fd.hpp"
#include "base/result.hpp"
#include "registry/digest.hpp"
#include "registry/disk_file.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace quern::registry {

// Where models are when `option` (--models-dir) is "auto": quern/models in $XDG_DATA_HOME, else in
// ~/.local/share, else (a service without HOME) /var/lib/quern/models. Relative values of the variables do not count.
std::string models_folder(const std::string& option);

struct Blob {
  Digest digest;
  std::uint64_t size_bytes = 0;
  std::chrono::seconds age{0};  // since it was written
};

// As long as it lives no process removes the blob (a shared flock). A download that has adopted its .part turns the
// lock that it has on it into one (flock(fd, LOCK_SH)): the blob is held without a gap then.
class BlobHold {
 public:
  BlobHold() = default;
  explicit BlobHold(OwnedFd fd) : fd_(std::move(fd)) {}

 private:
  OwnedFd fd_;
};

class BlobStore {
 public:
  // Makes the folder, and those above it (mode 0755), where they are missing. Errors: io naming the folder.
  static Result<BlobStore> open(const std::string& folder);
  // One that is there, for reading. Errors: not_found naming the folder.
  static Result<BlobStore> existing(const std::string& folder);

  const std::string& folder() const noexcept { return folder_; }  // <models>
  std::string path_of(const Digest& digest) const;
  std::string part_path(const Digest& digest) const;   // where a download writes
  std::string state_path(const Digest& digest) const;  // what it remembers about that
  bool owns(std::string_view path) const;              // whether it is the path of a whole blob of ours

  bool has(const Digest& digest) const;
  Result<std::uint64_t> size_of(const Digest& digest) const;  // Errors: not_found, io
  // Keeps others from removing it. Errors: not_found, io.
  Result<BlobHold> hold(const Digest& digest) const;

  // Whether somebody has a lock on it: who holds it, or has mapped it.
  bool is_held(const Digest& digest) const;

  // Gives `part`, a whole file inside of the folder whose digest the caller has computed, its name. It is on disk
  // then: file and folder are synced. One that has the name already is replaced by the same. Errors: io naming the
  // path.
  Status adopt(const std::string& part, const Digest& digest) const;
  // One in the folder without a name yet, for what arrives in pieces (BlobWriter). Errors: io.
  Result<TemporaryFile> temporary() const;
  // Small files: settings, templates, licences. Errors: io.
  Result<Digest> put(std::string_view bytes) const;
  // Copies a file of somebody else's, hashing it on the way. on_bytes: see digest_of_file(). Errors: those of reading,
  // overloaded where the disk has no room for it, io, cancelled. What was copied is gone then.
  Result<Digest> copy_in(const std::string& path, const std::function<bool(std::uint64_t)>& on_bytes = {}) const;

  // False: somebody holds it, or it is not there. Errors: io.
  Result<bool> remove(const Digest& digest) const;
  // Downloads that nobody goes on with, and copies whose process is gone. Returns the bytes that were freed.
  Result<std::uint64_t> remove_leftovers(std::chrono::seconds min_age, bool dry_run) const;

  Result<std::vector<Blob>> list() const;           // whole ones. Errors: io
  Result<std::uint64_t> total_bytes() const;        // of all in the folder, unfinished ones with what they occupy
  Result<std::uint64_t> free_bytes() const;         // that this user may still write. Errors: io
  Status check_space(std::uint64_t n_bytes) const;  // Errors: overloaded with both numbers

 private:
  explicit BlobStore(std::string folder) : folder_(std::move(folder)), blobs_(folder_ + "/blobs") {}
  std::string folder_, blobs_;
};

}  // namespace quern::registry
