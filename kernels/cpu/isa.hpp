// The ISA tiers compiled into this binary, best first, and the choice among them.
// Threads: any; the choice is made once per process by whoever asks first.
#pragma once

#include "base/result.hpp"
#include "kernels/kernel_table.hpp"

#include <span>
#include <string_view>

namespace quern::kernels {

struct Tier {
  const char* isa;
  bool (*supported)() noexcept;  // does this CPU (and the OS) have it?
  const KernelTable& (*table)() noexcept;
};

std::span<const Tier> tiers() noexcept;  // best first; "scalar" is last and always supported

// The table for `forced` (a tier's name), or the best supported one when it is empty.
// Errors: bad_input for an unknown name, unsupported where the CPU lacks the tier. Never a silent fallback.
Result<const KernelTable*> select_tier(std::string_view forced);

// select_tier($QUERN_FORCE_ISA).
Result<const KernelTable*> select_tier_from_environment();

}  // namespace quern::kernels
