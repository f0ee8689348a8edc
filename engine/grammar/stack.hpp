// The stacks of a grammar's threads: where they go on behind the rule that they are in. A frame is shared by all that
// called the same rule at the same place, so that ambiguity costs a frame per rule and not one per reading.
// Source: Tomita, "Efficient parsing for natural language", 1985 (graph-structured stacks).
// Threads: one at a time. Ownership: counted references, released without recursion.
#pragma once

#include "engine/grammar/byte_dfa.hpp"

#include <cstdint>
#include <utility>

#include <boost/container/small_vector.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>

namespace quern::engine::grammar {

struct Frame;
void intrusive_ptr_add_ref(Frame* frame) noexcept;
void intrusive_ptr_release(Frame* frame) noexcept;
using FramePtr = boost::intrusive_ptr<Frame>;

struct Return {
  FramePtr frame;
  std::uint32_t node = 0;   // where the caller goes on
  std::uint64_t extra = 0;  // what it has counted or seen
  Hash128 extra_hash = {};
};

struct Frame {
  std::uint32_t n_references = 0;
  bool root = false;
  bool complete = false;  // all callers are known, and the hash is
  Hash128 hash;           // over what the stack holds: equal hashes, equal futures
  boost::container::small_vector<Return, 1> returns;
};

inline void intrusive_ptr_add_ref(Frame* frame) noexcept {
  ++frame->n_references;
}

// Brings the callers into order, with those of a tail call in its place, and makes the hash; callers first.
void complete(Frame& frame);

}  // namespace quern::engine::grammar
