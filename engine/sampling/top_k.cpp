// top-k: keep the k most likely tokens. Source: arXiv 1805.04833, section 5.4.
#include "engine/sampling/stage.hpp"

namespace quern::engine::sampling {

void apply_top_k(Candidates& c, Sequence& s) {
  c.keep_best(static_cast<std::size_t>(s.params.top_k));
}

}  // namespace quern::engine::sampling
