// xoshiro256++ seeded through splitmix64: random numbers that are the same on every machine. Not for secrets.
// Threads: one. Source: Blackman and Vigna, "Scrambled linear pseudorandom number generators", arXiv 1805.01407.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace quern {

// One step of splitmix64: x moves on, and a mixture of it is returned.
inline std::uint64_t split_mix(std::uint64_t& x) noexcept {
  x += 0x9e3779b97f4a7c15u;
  std::uint64_t z = x;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

class Xoshiro256 {
 public:
  explicit Xoshiro256(std::uint64_t seed) noexcept {
    for (std::uint64_t& word : state_) word = split_mix(seed);  // four zero words cannot come out of it
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

 private:
  std::array<std::uint64_t, 4> state_{};
};

}  // namespace quern
