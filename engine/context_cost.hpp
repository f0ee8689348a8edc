// What attention adds to the work of a token, as a function of the tokens before it, in units of a token's matrix
// products. Layers whose window is the same form one term; a layer sees at most its window.
// Threads: any; plain numbers.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace quern::engine {

struct ContextCost {
  struct Term {
    double per_token = 0;      // work that one visible earlier token adds
    std::uint32_t window = 0;  // earlier tokens that are visible at most; 0: all
  };
  std::vector<Term> terms;

  // Layers of one window; adds to the term of that window.
  void add(double per_token, std::uint32_t window) {
    const auto same = [window](const Term& term) { return term.window == window; };
    const auto it = std::find_if(terms.begin(), terms.end(), same);
    if (it != terms.end()) {
      it->per_token += per_token;
    } else {
      terms.push_back({per_token, window});
    }
  }

  // Of one token behind n_before others.
  double at(std::uint32_t n_before) const noexcept {
    double work = 0;
    for (const Term& term : terms)
      work += term.per_token * (term.window == 0 ? n_before : std::min(n_before, term.window));
    return work;
  }

  // Of n tokens behind n_before others, together.
  double of_range(std::uint32_t n_before, std::uint32_t n) const noexcept {
    double work = 0;
    for (const Term& term : terms) {
      const std::uint32_t limit = term.window == 0 ? UINT32_MAX : term.window;
      const double n_growing = std::min(n, limit > n_before ? limit - n_before : 0);
      const double visible = n_growing * (n_before + (n_growing - 1) / 2) + (n - n_growing) * limit;
      work += term.per_token * visible;
    }
    return work;
  }
};

}  // namespace quern::engine
