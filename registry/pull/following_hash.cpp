#include "registry/pull/following_hash.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <vector>

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

namespace quern::registry::pull {
namespace {

constexpr std::size_t kBlockBytes = 1 << 20;
constexpr std::uint64_t kWriteBackBytes = 8u << 20;

// Git's name of a file: SHA-1 over a head with the size, and the content.
class GitHash {
 public:
  GitHash(bool wanted, std::uint64_t size)
      : context_(wanted ? ::EVP_MD_CTX_new() : nullptr, &::EVP_MD_CTX_free), wanted_(wanted) {
    const std::string head = fmt::format("blob {}", size);
    ok_ = wanted && context_ && ::EVP_DigestInit_ex(context_.get(), ::EVP_sha1(), nullptr) == 1 &&
          ::EVP_DigestUpdate(context_.get(), head.c_str(), head.size() + 1) == 1;
  }
  void add(std::span<const std::byte> bytes) {
    ok_ = ok_ && ::EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1;
  }
  Result<std::string> finish() {
    if (!wanted_) return std::string();
    std::array<unsigned char, 20> out{};
    if (!ok_ || ::EVP_DigestFinal_ex(context_.get(), out.data(), nullptr) != 1)
      return fail(Errc::io, "SHA-1 could not be computed");
    std::string text;
    for (const unsigned char byte : out) text += fmt::format("{:02x}", byte);
    return text;
  }

 private:
  std::unique_ptr<::EVP_MD_CTX, decltype(&::EVP_MD_CTX_free)> context_;
  bool wanted_, ok_ = false;
};

}  // namespace

FollowingHash::FollowingHash(int fd, std::uint64_t size, bool with_git_sha1)
    : fd_(fd), size_(size), with_git_sha1_(with_git_sha1), thread_([this] { run(); }) {}

FollowingHash::~FollowingHash() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void FollowingHash::advance(std::uint64_t n_bytes) {
  {
    const std::lock_guard lock(mutex_);
    if (n_bytes <= available_) return;
    available_ = n_bytes;
  }
  changed_.notify_all();
}

void FollowingHash::run() {
  result_ = std::make_unique<Result<FileHashes>>(hash_all());
  done_.store(true, std::memory_order_release);  // pairs with done()
}

Result<FileHashes> FollowingHash::hash_all() {
  std::vector<std::byte> block(kBlockBytes);
  Sha256 sha256;
  GitHash git(with_git_sha1_, size_);
  for (std::uint64_t at = 0, sent = 0; at < size_;) {
    std::uint64_t available = 0;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return stopping_ || available_ > at; });
      if (stopping_) return fail(Errc::cancelled, "hashing was given up");
      available = available_;
    }
    const auto n_wanted = static_cast<std::size_t>(std::min<std::uint64_t>(available - at, block.size()));
    const ssize_t n = ::pread(fd_, block.data(), n_wanted, static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(Errc::io, "what was downloaded cannot be read again: {}", std::strerror(errno));
    if (n == 0)
      return fail(Errc::io, "what was downloaded is cut at {} of {} bytes: somebody else changes the file", at, size_);
    const std::span<const std::byte> bytes(block.data(), static_cast<std::size_t>(n));
    sha256.add(bytes);
    git.add(bytes);
    at += static_cast<std::uint64_t>(n);
    if (at - sent >= kWriteBackBytes || at == size_) {
      // To the disk meanwhile, so that the sync at the end has little left to do. Only a hint: it may fail.
      [[maybe_unused]] const int hinted =
          ::sync_file_range(fd_, static_cast<off_t>(sent), static_cast<off_t>(at - sent), SYNC_FILE_RANGE_WRITE);
      sent = at;
    }
    hashed_.store(at, std::memory_order_relaxed);
  }
  FileHashes out;
  QUERN_TRY(out.sha256, sha256.finish());
  QUERN_TRY(out.git_sha1, git.finish());
  return out;
}

Result<FileHashes> FollowingHash::result() {
  return *result_;
}

}  // namespace quern::registry::pull
