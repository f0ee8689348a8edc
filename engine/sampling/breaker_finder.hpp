// From the texts of DRY's sequence breakers to the tokens of a vocabulary. One per model: it keeps the text of every
// token (about 1 MB for 128k tokens, made at the first use) and the tables of the last few requests, which are nearly
// always the default ones.
// Threads: any number at once (a mutex guards the cache; call it where a request is submitted, not inside a step).
// Cost of a new breaker: one search through that text, well under a millisecond.
#pragma once

#include "engine/sampling/breaker_table.hpp"
#include "engine/tokenizer/tokenizer.hpp"

#include <list>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace quern::engine::sampling {

class BreakerFinder {
 public:
  explicit BreakerFinder(const Tokenizer& tokenizer) : tokenizer_(&tokenizer) {}  // must outlive the finder

  // Empty texts are ignored. Texts and their number are bounded by validate().
  std::shared_ptr<const BreakerTable> find(std::span<const std::string> texts) const;

 private:
  void lay_out() const;
  void find_one(const std::string& text, std::vector<BreakerTable::Breaker>& found) const;

  const Tokenizer* tokenizer_;
  mutable std::mutex mutex_;                  // guards what follows
  mutable std::string text_;                  // of all tokens, one after the other
  mutable std::vector<std::uint32_t> begin_;  // [n_vocab + 1] where each token's text begins in text_; empty: not yet
  mutable std::list<std::pair<std::vector<std::string>, std::shared_ptr<const BreakerTable>>> recent_;  // newest first
};

}  // namespace quern::engine::sampling
