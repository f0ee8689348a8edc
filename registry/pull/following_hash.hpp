// Hashes a file from its beginning while it is still being written, on a thread of its own, close enough behind to read
// from the page cache. Hashing in order as chunks become whole, rather than per range, because SHA-256 has no way to
// join the sums of parts; on its own thread, because that is the one part of a download that the network's thread does
// not have to wait for: what remains when the last byte arrives is a few chunks.
// Threads: advance() any; the rest that of the owner. Ownership: joins its thread. REQUIRES: the fd stays open.
#pragma once

#include "base/result.hpp"
#include "registry/digest.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace quern::registry::pull {

struct FileHashes {
  Digest sha256;
  std::string git_sha1;  // hex; empty: was not asked for
};

class FollowingHash {
 public:
  FollowingHash(int fd, std::uint64_t size, bool with_git_sha1);
  ~FollowingHash();
  FollowingHash(const FollowingHash&) = delete;
  FollowingHash& operator=(const FollowingHash&) = delete;

  // So many bytes from the beginning are there now. Never less than before.
  void advance(std::uint64_t n_bytes);
  bool done() const noexcept { return done_.load(std::memory_order_acquire); }  // pairs with the store in run()
  std::uint64_t hashed() const noexcept { return hashed_.load(std::memory_order_relaxed); }
  // REQUIRES: done(). Errors: io.
  Result<FileHashes> result();

 private:
  void run();
  Result<FileHashes> hash_all();

  const int fd_;
  const std::uint64_t size_;
  const bool with_git_sha1_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t available_ = 0;  // guarded by mutex_
  bool stopping_ = false;        // guarded by mutex_
  std::atomic<std::uint64_t> hashed_{0};
  std::atomic<bool> done_{false};
  std::unique_ptr<Result<FileHashes>> result_;  // written before done_
  std::thread thread_;
};

}  // namespace quern::registry::pull
