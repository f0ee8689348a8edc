#include "engine/grammar/matcher.hpp"

#include "engine/grammar/mask_builder.hpp"

#include <utility>

namespace quern::engine::grammar {

Matcher::Matcher(std::shared_ptr<const CompiledGrammar> grammar)
    : grammar_(std::move(grammar)), machine_(grammar_->program()), state_(machine_.start()) {}

bool Matcher::accept_bytes(std::string_view bytes) {
  State at = state_;
  for (const char c : bytes) {
    machine_.step(at.threads, static_cast<std::uint8_t>(c), scratch_);
    if (scratch_.dead()) return false;
    std::swap(at, scratch_);
  }
  state_ = std::move(at);
  return true;
}

bool Matcher::accept(TokenId token) {
  const TokenIndex& index = grammar_->vocabulary().index;
  if (index.is_end(token)) return state_.may_end;
  const std::string_view bytes = index.bytes(token);
  return !bytes.empty() && accept_bytes(bytes);
}

std::shared_ptr<const TokenMask> Matcher::mask() {
  const Hash128 key = machine_.hash(state_);
  if (auto known = grammar_->find_mask(key)) return known;
  auto fresh = std::make_shared<const TokenMask>(MaskBuilder(*grammar_, machine_).build(state_));
  grammar_->keep_mask(key, fresh);
  return fresh;
}

std::string Matcher::forced(std::size_t limit) {
  std::string out;
  State at = state_;
  while (out.size() < limit && !at.may_end) {
    const std::bitset<256> next = machine_.next_bytes(at.threads);
    if (next.count() != 1) break;
    const auto byte = static_cast<std::uint8_t>(next._Find_first());
    machine_.step(at.threads, byte, scratch_);
    if (scratch_.dead()) break;
    out.push_back(static_cast<char>(byte));
    std::swap(at, scratch_);
  }
  return out;
}

bool Matcher::may_follow(std::string_view bytes, std::uint8_t byte) {
  State at = state_;
  for (const char c : bytes) {
    machine_.step(at.threads, static_cast<std::uint8_t>(c), scratch_);
    if (scratch_.dead()) return false;
    std::swap(at, scratch_);
  }
  machine_.step(at.threads, byte, scratch_);
  return !scratch_.dead();
}

}  // namespace quern::engine::grammar
