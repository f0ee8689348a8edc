#include "engine/grammar/stack.hpp"

#include <algorithm>
#include <tuple>

namespace quern::engine::grammar {

void intrusive_ptr_release(Frame* frame) noexcept {
  if (--frame->n_references > 0) return;
  // A stack may be as deep as an answer is long.
  boost::container::small_vector<Frame*, 16> dead{frame};
  while (!dead.empty()) {
    Frame* const at = dead.back();
    dead.pop_back();
    for (Return& back : at->returns) {
      Frame* const caller = back.frame.detach();
      if (caller != nullptr && --caller->n_references == 0) dead.push_back(caller);
    }
    delete at;
  }
}

void complete(Frame& frame) {
  if (frame.complete) return;
  frame.complete = true;
  for (const Return& back : frame.returns) complete(*back.frame);
  std::sort(frame.returns.begin(), frame.returns.end(), [](const Return& a, const Return& b) {
    return std::tie(a.frame->hash, a.node, a.extra_hash) < std::tie(b.frame->hash, b.node, b.extra_hash);
  });
  const auto same = [](const Return& a, const Return& b) {
    return a.frame->hash == b.frame->hash && a.node == b.node && a.extra_hash == b.extra_hash;
  };
  frame.returns.erase(std::unique(frame.returns.begin(), frame.returns.end(), same), frame.returns.end());
  Hash128 hash;
  hash.mix(frame.root ? 1 : 2);
  for (const Return& back : frame.returns) {
    hash.mix(back.frame->hash);
    hash.mix(back.node);
    hash.mix(back.extra_hash);
  }
  frame.hash = hash;
}

}  // namespace quern::engine::grammar
