// Mirostat: the last step of a sampler that steers a text towards a surprise of tau bits per token. What may be drawn
// is cut by the model's surprise (version 2) or by a top-k for which the law of its probabilities is estimated (version
// 1), and the cut follows what was drawn. Its state is the sequence's own: same seed, same tokens, at any load.
// Threads: one. Source: arXiv 2007.14966; constants as in llama.cpp (first cut 2 tau, 100 tokens for the estimate).
#pragma once

#include "engine/sampling/draw.hpp"
#include "engine/sampling/sequence.hpp"

#include <cstdint>

namespace quern::engine::sampling {

// kNoToken when there is no candidate. n_vocab: what the law of version 1 is about, whatever is left of it.
TokenId draw_mirostat(Candidates& c, Sequence& s, std::uint32_t n_vocab);

}  // namespace quern::engine::sampling
