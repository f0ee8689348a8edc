#include "engine/sampling/candidates.hpp"

#include "engine/sampling/portable_math.hpp"

namespace quern::engine::sampling {

void Candidates::assign(std::span<const float> logits) noexcept {
  form_ = Form::view;
  view_ = logits;
  n_ = logits.size();
  has_removed_ = false;
  weighed_ = false;
}

void Candidates::assign(std::span<const float> logits, const grammar::TokenMask& mask) {
  assign(logits);
  if (mask.n_allowed <= mask.few.size()) {
    reserve(mask.few.size());
    std::size_t n = 0;
    for (const TokenId id : mask.few) {
      if (static_cast<std::size_t>(id) >= logits.size()) continue;
      ids_[n] = id;
      logits_[n++] = sane_logit(logits[static_cast<std::size_t>(id)]);
    }
    become_list(n);
    has_removed_ = true;  // some may be no candidates
    return;
  }
  // Word by word: most are all ones or all zeros.
  own();
  for (std::size_t begin = 0; begin < n_; begin += 64) {
    const std::uint64_t word = begin / 64 < mask.bits.size() ? mask.bits[begin / 64] : 0;
    if (word == ~std::uint64_t{0}) continue;
    const std::size_t end = std::min<std::size_t>(begin + 64, n_);
    for (std::size_t i = begin; i < end; ++i) {
      if (((word >> (i - begin)) & 1) == 0) logits_[i] = kNoLogit;
    }
  }
}

void Candidates::reserve(std::size_t n) {
  if (logits_.size() < n) logits_.resize(n);
  if (ids_.size() < n) ids_.resize(n);
}

void Candidates::own() {
  if (form_ != Form::view) return;
  reserve(n_);
  for (std::size_t i = 0; i < n_; ++i) logits_[i] = sane_logit(view_[i]);
  form_ = Form::dense;
}

std::size_t Candidates::index_of(TokenId token) const noexcept {
  if (form_ != Form::list)
    return token >= 0 && static_cast<std::size_t>(token) < n_ ? static_cast<std::size_t>(token) : n_;
  const auto end = ids_.begin() + static_cast<std::ptrdiff_t>(n_);
  const auto found = std::lower_bound(ids_.begin(), end, token);
  return found != end && *found == token ? static_cast<std::size_t>(found - ids_.begin()) : n_;
}

TokenId Candidates::id(std::size_t index) const noexcept {
  return form_ == Form::list ? ids_[index] : static_cast<TokenId>(index);
}

void Candidates::become_list(std::size_t n) noexcept {
  form_ = Form::list;
  n_ = n;
  has_removed_ = false;
  weighed_ = false;
}

void Candidates::keep_listed(std::span<const Ranked> listed) {
  const std::span<const float> from = current();
  reserve(listed.size());
  std::size_t n = 0;
  for (const Ranked& r : listed) {  // ascending, so n never overtakes r.index
    ids_[n] = id(r.index);
    logits_[n++] = sane_logit(from[r.index]);
  }
  become_list(n);
}

void Candidates::keep_best(std::size_t k) {
  if (form_ == Form::list && !has_removed_ && k >= n_) return;
  select_best(current(), k, scratch_.ranked);
  keep_listed(scratch_.ranked);
}

void Candidates::keep_from(float floor) {
  // Most blocks of a vocabulary have nothing to keep, or (without a floor) nothing to drop: a count tells.
  constexpr std::size_t kBlock = 64;
  const std::span<const float> from = current();
  floor = std::max(floor, -kLogitMax);
  reserve(from.size());
  std::size_t n = 0;
  for (std::size_t begin = 0; begin < from.size(); begin += kBlock) {
    const std::size_t size = std::min(kBlock, from.size() - begin);
    const std::uint32_t n_kept = count_from(from.subspan(begin, size), floor);
    if (n_kept == 0) continue;
    if (n_kept == size && form_ != Form::list) {
      for (std::size_t i = 0; i < size; ++i) logits_[n + i] = std::min(from[begin + i], kLogitMax);
      for (std::size_t i = 0; i < size; ++i) ids_[n + i] = static_cast<TokenId>(begin + i);
      n += size;
      continue;
    }
    for (std::size_t i = begin; i < begin + size; ++i) {
      if (!(from[i] >= floor)) continue;
      ids_[n] = id(i);
      logits_[n++] = sane_logit(from[i]);
    }
  }
  become_list(n);
}

void Candidates::divide(float divisor) {
  compact();
  for (std::size_t i = 0; i < n_; ++i) {
    const float quotient = logits_[i] / divisor;
    logits_[i] = quotient > -kLogitMax ? quotient : -kLogitMax;
  }
  weighed_ = false;
}

void Candidates::compact() {
  if (form_ != Form::list || has_removed_) keep_from(-kLogitMax);
}

std::size_t Candidates::size() {
  compact();
  return n_;
}

std::span<const float> Candidates::logits() {
  compact();
  return {logits_.data(), n_};
}

std::span<const TokenId> Candidates::ids() {
  compact();
  return {ids_.data(), n_};
}

Candidates::Weights Candidates::weights() {
  compact();
  if (!weighed_) {
    if (weights_.size() < n_) weights_.resize(n_);
    weights_max_ = max_logit();
    exp_shifted(logits_.data(), weights_max_, n_, weights_.data());
    weights_total_ = sum_of({weights_.data(), n_});
    weighed_ = true;
  }
  return {{weights_.data(), n_}, weights_max_, weights_total_};
}

}  // namespace quern::engine::sampling
