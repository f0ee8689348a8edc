// The tokens that may still be drawn, with their logits, always in ascending order of id: every stage is a map or a
// filter, so results do not depend on how a library sorts.
// It starts as a view of the caller's logits and copies only what a stage changes or keeps: a greedy or top-k request
// never copies the vocabulary. NaN and -infinity are "not a candidate"; +infinity counts as the largest float.
// Threads: one. Memory: 12 to 20 bytes per vocabulary entry, reused; allocates only while it grows to the vocabulary.
#pragma once

#include "base/assert.hpp"
#include "engine/grammar/token_mask.hpp"
#include "engine/sampling/scan.hpp"
#include "engine/sampling/token_table.hpp"
#include "engine/tokenizer/tokenizer.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace quern::engine::sampling {

inline constexpr float kLogitMax = std::numeric_limits<float>::max();
inline constexpr float kNoLogit = -std::numeric_limits<float>::infinity();

// -infinity for what can never be drawn, the largest float for what would overflow.
inline float sane_logit(float x) noexcept {
  return x > kNoLogit ? (x < kLogitMax ? x : kLogitMax) : kNoLogit;
}

// Memory that stages use inside one call.
struct Scratch {
  std::vector<float> keys;
  std::vector<std::uint32_t> lengths;
  std::vector<Ranked> ranked, bucket;
  TokenTable repeats;
};

class Candidates {
 public:
  // Candidate i is token i. The logits must stay as they are until the last call for this step.
  void assign(std::span<const float> logits) noexcept;

  // Only the tokens of the mask.
  void assign(std::span<const float> logits, const grammar::TokenMask& mask);

  // logit = change(logit) for one token, if it is still a candidate; -infinity removes it.
  template <class Change>
  void adjust(TokenId token, Change change) {
    own();
    const std::size_t i = index_of(token);
    if (i == n_ || logits_[i] == kNoLogit) return;
    logits_[i] = sane_logit(change(logits_[i]));
    weighed_ = false;
    if (form_ == Form::list && logits_[i] == kNoLogit) has_removed_ = true;
  }

  void keep_best(std::size_t k);  // the k best; of equal logits the lower ids
  void keep_from(float floor);    // those with logit >= floor

  // Those listed, by their index in the list of now; ascending.
  void keep_listed(std::span<const Ranked> listed);

  // keep(i) for each index of the list, ascending.
  template <class Keep>
  void keep_if(Keep keep) {
    compact();
    std::size_t n = 0;
    for (std::size_t i = 0; i < n_; ++i) {
      if (!keep(i)) continue;
      logits_[n] = logits_[i];
      ids_[n++] = ids_[i];
    }
    n_ = n;
    weighed_ = false;
  }

  // logit = change(index, logit) for each of the list.
  template <class Change>
  void change_each(Change change) {
    compact();
    for (std::size_t i = 0; i < n_; ++i) {
      logits_[i] = sane_logit(change(i, logits_[i]));
      if (logits_[i] == kNoLogit) has_removed_ = true;
    }
    weighed_ = false;
  }

  // logit /= divisor for all. REQUIRES: divisor > 0 and the largest quotient is finite.
  void divide(float divisor);

  float max_logit() const noexcept { return max_of(current()); }  // -infinity: no candidates
  std::uint32_t best_index() const noexcept { return argmax(current()); }

  // From here on as a list without removed ones; the accessors below do it first.
  void compact();
  std::size_t size();
  std::span<const float> logits();
  std::span<const TokenId> ids();
  TokenId id(std::size_t index) const noexcept;

  // exp(logit - max) of each, and their sum: the probabilities are the quotients. total is 0 for an empty list.
  struct Weights {
    std::span<const float> weight;
    float max_logit;
    double total;
  };
  Weights weights();

  Scratch& scratch() noexcept { return scratch_; }

 private:
  // view: of the caller's logits, nothing copied; dense: a copy of them, token i at i; list: ids_ says which.
  enum class Form : std::uint8_t { view, dense, list };

  std::span<const float> current() const noexcept {
    return form_ == Form::view ? view_ : std::span<const float>(logits_.data(), n_);
  }
  void own();                                          // view -> dense
  std::size_t index_of(TokenId token) const noexcept;  // n_ when it is not there
  void reserve(std::size_t n);
  void become_list(std::size_t n) noexcept;

  Form form_ = Form::view;
  bool has_removed_ = false;  // a list with -infinity in it
  bool weighed_ = false;
  std::size_t n_ = 0;  // the vectors below are longer: they never shrink
  std::span<const float> view_;
  std::vector<float> logits_, weights_;
  std::vector<TokenId> ids_;
  float weights_max_ = 0;
  double weights_total_ = 0;
  Scratch scratch_;
};

}  // namespace quern::engine::sampling
