#include "engine/grammar/constraint.hpp"

#include "engine/grammar/mask_helper.hpp"

#include <algorithm>
#include <utility>

namespace quern::engine::grammar {
namespace {

constexpr std::size_t kForcedBytes = 256;  // looked ahead at once
constexpr std::size_t kRecentTokens = 8;   // of the answer, for the borders of tokens that follow
constexpr std::string_view kBlanks = " \t\r\n";

// The longest tokens, one after another, that spell the bytes; where none fits, that is the end.
std::vector<TokenId> longest_tokens(const TokenTree& tree, std::string_view bytes) {
  std::vector<TokenId> out;
  while (!bytes.empty()) {
    std::size_t length = 0;
    TokenId best = kNoToken;
    std::uint32_t at = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      std::uint32_t child = at + 1;
      while (child < tree[at].end && tree[child].byte != static_cast<std::uint8_t>(bytes[i])) child = tree[child].end;
      if (child >= tree[at].end) break;
      at = child;
      if (!tree.tokens(at).empty()) {
        best = tree.tokens(at).front();
        length = i + 1;
      }
    }
    if (best == kNoToken) break;
    out.push_back(best);
    bytes.remove_prefix(length);
  }
  return out;
}

// Whether a token goes on from these bytes with something that may follow them.
bool could_be_longer(const TokenTree& tree, std::string_view token, std::string_view before, Matcher& matcher) {
  std::uint32_t at = 0;
  for (const char c : token) {
    std::uint32_t child = at + 1;
    while (child < tree[at].end && tree[child].byte != static_cast<std::uint8_t>(c)) child = tree[child].end;
    if (child >= tree[at].end) return false;
    at = child;
  }
  for (std::uint32_t child = at + 1; child < tree[at].end; child = tree[child].end) {
    if (matcher.may_follow(before, tree[child].byte)) return true;
  }
  return false;
}

}  // namespace

Constraint::Constraint(ConstraintPlan plan, const Tokenizer& tokenizer)
    : plan_(std::move(plan)), tokenizer_(tokenizer) {
  if (plan_.grammar != nullptr) matcher_.emplace(plan_.grammar);
  if (plan_.thoughts) thoughts_ = plan_.thoughts->opened ? Thoughts::open : Thoughts::undecided;
}

void Constraint::prepare() {
  if (!matcher_ || work_.load(std::memory_order_relaxed) != Work::none) return;
  work_.store(Work::waiting, std::memory_order_release);  // pairs with the exchange that takes it
  MaskHelper::instance().post(shared_from_this());
}

void Constraint::compute() {
  mask_ = matcher_->mask();
}

// A failure leaves the work to mask(), which meets it again and reports it.
void Constraint::run_waiting() noexcept {
  Work expected = Work::waiting;
  if (!work_.compare_exchange_strong(expected, Work::running, std::memory_order_acquire)) return;
  Work done = Work::ready;
  try {
    compute();
  } catch (...) {
    done = Work::none;
  }
  work_.store(done, std::memory_order_release);  // pairs with the loads in mask()
  work_.notify_all();
}

const TokenMask* Constraint::mask() {
  if (!matcher_) return nullptr;
  Work expected = Work::waiting;
  const bool taken = work_.compare_exchange_strong(expected, Work::none, std::memory_order_acq_rel);
  if (!taken && expected == Work::running) {
    work_.wait(Work::running, std::memory_order_acquire);
    expected = work_.load(std::memory_order_acquire);
  }
  if (taken || expected != Work::ready) compute();
  work_.store(Work::none, std::memory_order_relaxed);
  return mask_.get();
}

bool Constraint::accept(TokenId token) {
  if (plan_.thoughts) note_thoughts(token);
  recent_.push_back(token);
  if (recent_.size() > 2 * kRecentTokens) recent_.erase(recent_.begin(), recent_.end() - kRecentTokens);
  return !matcher_ || matcher_->accept(token);
}

void Constraint::note_thoughts(TokenId token) {
  const ThoughtBudget& budget = *plan_.thoughts;
  if (thoughts_ == Thoughts::none) return;
  if (thoughts_ == Thoughts::closing) {
    if (++n_closed_ == budget.close.size()) thoughts_ = Thoughts::none;
    return;
  }
  text_ += tokenizer_.piece(token, true);
  if (thoughts_ == Thoughts::undecided) {
    const std::size_t first = std::min(text_.find_first_not_of(kBlanks), text_.size());
    const std::string_view rest = std::string_view(text_).substr(first);
    if (rest.starts_with(budget.begin)) {
      thoughts_ = Thoughts::open;
    } else if (!budget.begin.starts_with(rest)) {
      thoughts_ = Thoughts::none;
    }
    return;
  }
  ++n_thought_;
  if (text_.find(budget.end) != std::string::npos) {
    thoughts_ = Thoughts::none;
  } else if (text_.size() > 4096) {
    text_.erase(0, text_.size() - budget.end.size());
  }
}

const std::vector<TokenId>& Constraint::forced(std::size_t limit) {
  forced_.clear();
  if (thoughts_ == Thoughts::open && n_thought_ >= plan_.thoughts->max_tokens) {
    thoughts_ = Thoughts::closing;
    n_closed_ = 0;
  }
  if (thoughts_ == Thoughts::closing) {
    const std::vector<TokenId>& close = plan_.thoughts->close;
    const std::size_t n = std::min(limit, close.size() - n_closed_);
    forced_.assign(close.begin() + static_cast<std::ptrdiff_t>(n_closed_),
                   close.begin() + static_cast<std::ptrdiff_t>(n_closed_ + n));
  } else if (matcher_ && plan_.jump_ahead && limit > 0) {
    find_forced(limit);
  }
  return forced_;
}

// The bytes that have to follow, as the model itself would write them: encoded behind the last tokens of the answer,
// which stay as they are. The last token is left to the model where a longer one may be what it wants.
void Constraint::find_forced(std::size_t limit) {
  const std::string bytes = matcher_->forced(kForcedBytes);
  if (bytes.size() < 2) return;
  const TokenIndex& index = plan_.grammar->vocabulary().index;
  const std::size_t n_recent = std::min(recent_.size(), kRecentTokens);
  std::string before;
  for (std::size_t i = recent_.size() - n_recent; i < recent_.size(); ++i)
    before += tokenizer_.piece(recent_[i], false);
  std::vector<TokenId> tokens;
  const bool plain =
      std::all_of(bytes.begin(), bytes.end(), [](char c) { return static_cast<std::uint8_t>(c) < 0xFE; });
  if (plain && !before.empty()) {
    const auto encoded = tokenizer_.encode(before + bytes, {.add_special = false, .parse_special = false});
    std::string spelled;
    std::size_t i = 0;
    while (encoded && i < encoded->size() && spelled.size() < before.size()) {
      std::string piece = tokenizer_.piece((*encoded)[i++], false);
      if (spelled.empty() && tokenizer_.adds_space_prefix() && piece.starts_with(' ') && !before.starts_with(' ')) {
        piece.erase(0, 1);
      }
      spelled += piece;
    }
    if (spelled == before) tokens.assign(encoded->begin() + static_cast<std::ptrdiff_t>(i), encoded->end());
  }
  std::string spelled;
  for (const TokenId token : tokens) spelled += index.bytes(token);
  if (tokens.empty() || spelled != bytes) tokens = longest_tokens(index.tree(), bytes);

  std::size_t length = 0;
  for (const TokenId token : tokens) length += index.bytes(token).size();
  while (tokens.size() > limit) {
    length -= index.bytes(tokens.back()).size();
    tokens.pop_back();
  }
  if (!tokens.empty()) {
    const std::string_view last = index.bytes(tokens.back());
    const std::string_view all = std::string_view(bytes).substr(0, length);
    const bool at_end = length == bytes.size();
    if (at_end && could_be_longer(index.tree(), last, all, *matcher_)) tokens.pop_back();
  }
  forced_ = std::move(tokens);
}

}  // namespace quern::engine::grammar
