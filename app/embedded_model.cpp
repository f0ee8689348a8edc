#include "app/embedded_model.hpp"

// Defined in embedded_model.S.
extern "C" const std::byte quern_embedded_model_begin[];
extern "C" const std::byte quern_embedded_model_end[];

namespace quern::app {

std::span<const std::byte> embedded_model() noexcept {
  return {quern_embedded_model_begin, quern_embedded_model_end};
}

}  // namespace quern::app
