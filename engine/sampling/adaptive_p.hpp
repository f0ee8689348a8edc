// Adaptive-p: the last step of a sampler that draws tokens whose probability lies near a target. Logits become a bell
// around it, and the target of a step is moved against the mean of what was drawn so far, which forgets by a decay.
// Its state is the sequence's own: same seed, same tokens, at any load. It draws well from few candidates: min-p before
// it is what its author advises. Threads: one. Source: llama.cpp PR 17927 (constants of the bell, start of the mean).
#pragma once

#include "engine/sampling/draw.hpp"
#include "engine/sampling/sequence.hpp"

namespace quern::engine::sampling {

TokenId draw_adaptive(Candidates& c, Sequence& s);  // kNoToken when there is no candidate

}  // namespace quern::engine::sampling
