// What holds one answer to its grammar while it is generated: the mask of the next token, what has to follow without
// being drawn (jump-ahead), and the end of thoughts that have used up their budget.
// Threads: one owner, which calls everything; prepare() lets a helper compute the next mask meanwhile, and mask() waits
// for it. Ownership: shared by its sequence and the helper. Errors: bad_alloc.
#pragma once

#include "engine/grammar/compiled_grammar.hpp"
#include "engine/grammar/matcher.hpp"
#include "engine/grammar/token_mask.hpp"
#include "engine/tokenizer/tokenizer.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace quern::engine::grammar {

// Thoughts are closed after so many tokens.
struct ThoughtBudget {
  std::uint32_t max_tokens = 0;
  std::string begin, end;      // the marks around them
  bool opened = false;         // the prompt ends with the first mark
  std::vector<TokenId> close;  // what closes them, end of the marks included
};

struct ConstraintPlan {
  std::shared_ptr<const CompiledGrammar> grammar;  // nullptr: any text
  std::optional<ThoughtBudget> thoughts;
  bool jump_ahead = true;
};

class Constraint : public std::enable_shared_from_this<Constraint> {
 public:
  // tokenizer: outlives it.
  Constraint(ConstraintPlan plan, const Tokenizer& tokenizer);

  // Lets a helper thread compute the mask; mask() gives it. nullptr: all tokens are allowed.
  void prepare();
  const TokenMask* mask();

  // The token that was drawn. False: the grammar does not allow it.
  bool accept(TokenId token);
  // What has to follow: at most `limit` tokens, each of which is to be given to accept() again. Valid until then.
  const std::vector<TokenId>& forced(std::size_t limit);
  // The answer is complete and nothing may follow.
  bool must_end() const noexcept { return matcher_.has_value() && matcher_->must_end(); }

 private:
  friend class MaskHelper;
  enum class Work : std::uint8_t { none, waiting, running, ready };

  void compute();
  void run_waiting() noexcept;  // the helper
  void note_thoughts(TokenId token);
  void find_forced(std::size_t limit);

  const ConstraintPlan plan_;
  const Tokenizer& tokenizer_;
  std::optional<Matcher> matcher_;
  std::shared_ptr<const TokenMask> mask_;
  std::atomic<Work> work_{Work::none};
  std::vector<TokenId> forced_, recent_;  // recent_: the last tokens of the answer

  enum class Thoughts : std::uint8_t { none, undecided, open, closing };
  Thoughts thoughts_ = Thoughts::none;
  std::uint32_t n_thought_ = 0;
  std::size_t n_closed_ = 0;  // tokens of plan_.thoughts->close that have been given
  std::string text_;          // the end of the answer, where thoughts are looked for
};

}  // namespace quern::engine::grammar
