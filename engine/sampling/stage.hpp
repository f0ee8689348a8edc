// The stages of the sampler. A new one is one file with one function, one declaration here and one row in chain.cpp.
// Stages change candidates in place; they are only called when active(params), with params that passed validate().
// They never fail; all of them cope with an empty list. Threads: one.
#pragma once

#include "engine/sampling/candidates.hpp"
#include "engine/sampling/sequence.hpp"

namespace quern::engine::sampling {

void apply_logit_bias(Candidates& c, Sequence& s);
void apply_penalties(Candidates& c, Sequence& s);
void apply_dry(Candidates& c, Sequence& s);
void apply_top_n_sigma(Candidates& c, Sequence& s);
void apply_top_k(Candidates& c, Sequence& s);
void apply_typical(Candidates& c, Sequence& s);
void apply_top_p(Candidates& c, Sequence& s);
void apply_min_p(Candidates& c, Sequence& s);
void apply_xtc(Candidates& c, Sequence& s);
void apply_temperature(Candidates& c, Sequence& s);

}  // namespace quern::engine::sampling
