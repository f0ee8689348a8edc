// A deterministic automaton over bytes: one regular part of a grammar. Every state can still reach an accepting one,
// so that what has not died can be completed. Threads: const data.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace quern::engine::grammar {

// Two independent 64-bit sums: equal keys stand for equal things.
struct Hash128 {
  std::uint64_t a = 0, b = 0;
  friend bool operator==(const Hash128&, const Hash128&) = default;
  friend auto operator<=>(const Hash128&, const Hash128&) = default;

  void mix(std::uint64_t value) noexcept {
    a = (a ^ value) * 0x9E3779B97F4A7C15ull;
    a ^= a >> 29;
    b = (b + value) * 0xD6E8FEB86659FD93ull;
    b ^= b >> 32;
  }
  void mix(const Hash128& other) noexcept {
    mix(other.a);
    mix(other.b);
  }
};
struct HashOfHash128 {
  std::size_t operator()(const Hash128& hash) const noexcept { return static_cast<std::size_t>(hash.a ^ hash.b); }
};

// A control token stands in the alphabet as its text between two bytes that no text has: UTF-8 knows neither.
inline constexpr std::uint8_t kControlBegin = 0xFF, kControlEnd = 0xFE;

struct ByteDfa {
  using State = std::uint16_t;
  static constexpr State kDead = 0;
  static constexpr std::uint32_t kNoLabel = 0xFFFFFFFFu;

  std::array<std::uint8_t, 256> class_of{};  // byte -> column: bytes that no state tells apart share one
  std::uint32_t n_classes = 0;
  std::vector<State> next;           // [n_states][n_classes]
  std::vector<std::uint32_t> label;  // [n_states] kNoLabel, or which alternative is complete here
  std::vector<std::uint8_t> border;  // [n_states] of counted automata: a character ends here; else empty
  std::vector<std::uint8_t> over;    // [n_states] no byte leads on: made by minimize()
  State start = kDead;               // kDead: it matches nothing

  std::size_t n_states() const noexcept { return label.size(); }  // the dead one included
  State step(State from, std::uint8_t byte) const noexcept {
    return next[std::size_t{from} * n_classes + class_of[byte]];
  }
  bool accepts(State state) const noexcept { return label[state] != kNoLabel; }
  bool matches_empty() const noexcept { return accepts(start); }
  std::size_t bytes() const noexcept { return next.size() * sizeof(State) + label.size() * 5 + 512; }
};

// The same language with the fewest states, numbered from the start in order of their bytes: equal languages give equal
// automata. States from which nothing can be completed become the dead one.
ByteDfa minimize(const ByteDfa& dfa);

// What a state still accepts, as an automaton of its own, whichever label it would have. minimize()d.
ByteDfa rest_of(const ByteDfa& dfa, ByteDfa::State state);

// Over all that tells automata apart.
Hash128 hash_of(const ByteDfa& dfa);

}  // namespace quern::engine::grammar
