// The last step: one token out of the candidates that are left. Threads: one.
#pragma once

#include "engine/sampling/candidates.hpp"
#include "engine/sampling/rng.hpp"

#include <cstddef>
#include <optional>

namespace quern::engine::sampling {

// The best candidate (of equal ones the lowest id), kNoToken when there is none.
TokenId pick_best(const Candidates& c) noexcept;

// One by its probability: the first, in order of id, whose cumulative probability exceeds a uniform number. Takes
// exactly one number from the generator, however many candidates there are. kNoToken when there is none.
TokenId draw(Candidates& c, Rng& rng);
// The same by its index in the list; nullopt when there is none.
std::optional<std::size_t> draw_index(Candidates& c, Rng& rng);

}  // namespace quern::engine::sampling
