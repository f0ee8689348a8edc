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

void Candidates::keep_best(std::size_t k) {
  if (form_ == Form::list && !has_removed_ && k >= n_) return;
  const std::span<const float> from = current();
  select_best(from, k, scratch_.ranked);
  reserve(scratch_.ranked.size());
  std::size_t n = 0;
  for (const Ranked& r : scratch_.ranked) {  // ascending, so n never overtakes r.index
    ids_[n] = id(r.index);
    logits_[n++] = sane_logit(r.logit);
  }
  form_ = Form::list;
  n_ = n;
  has_removed_ = false;
  weighed_ = false;
}

void Candidates::keep_from(float floor) {
  constexpr std::size_t kBlock = 64;  // most blocks of a vocabulary have nothing to keep, and one maximum tells
  const std::span<const float> from = current();
  floor = std::max(floor, -kLogitMax);
  reserve(from.size());
  std::size_t n = 0;
  for (std::size_t begin = 0; begin < from.size(); begin += kBlock) {
    const std::size_t end = std::min(begin + kBlock, from.size());
    if (!(max_of(from.subspan(begin, end - begin)) >= floor)) continue;
    for (std::size_t i = begin; i < end; ++i) {
      if (!(from[i] >= floor)) continue;
      ids_[n] = id(i);
      logits_[n++] = sane_logit(from[i]);
    }
  }
  form_ = Form::list;
  n_ = n;
  has_removed_ = false;
  weighed_ = false;
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
