// Pseudo-random bytes at several GB/s: xoshiro256++, seeded through splitmix64. Not for secrets.
// Threads: one thread per generator. Source: Blackman and Vigna, https://prng.di.unimi.it (public domain).
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace quern::app {

class RandomBytes {
 public:
  // Equal (seed, stream) give equal bytes; different streams of one seed are independent.
  RandomBytes(std::uint64_t seed, std::uint64_t stream) noexcept {
    std::uint64_t x = seed ^ mix(stream + 0x9E3779B97F4A7C15u);
    for (std::uint64_t& word : state_) word = mix(x += 0x9E3779B97F4A7C15u);
  }

  std::uint64_t next() noexcept {
    const std::uint64_t result = std::rotl(state_[0] + state_[3], 23) + state_[0];
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  void fill(std::span<std::byte> out) noexcept {
    for (; out.size() >= sizeof(std::uint64_t); out = out.subspan(sizeof(std::uint64_t))) {
      const std::uint64_t word = next();
      std::memcpy(out.data(), &word, sizeof word);
    }
    const std::uint64_t last = next();
    if (!out.empty()) std::memcpy(out.data(), &last, out.size());
  }

 private:
  static std::uint64_t mix(std::uint64_t z) noexcept {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  std::array<std::uint64_t, 4> state_;
};

}  // namespace quern::app
