#include "kernels/cpu/isa.hpp"

#include "kernels/cpu/features.hpp"
#include "kernels/cpu/tables.hpp"

#include <array>
#include <cstdlib>
#include <string>

namespace quern::kernels {
namespace {

bool always() noexcept {
  return true;
}
#ifdef __x86_64__
bool has_avx2() noexcept {
  return cpu_features().avx2;
}
bool has_avx512() noexcept {
  return cpu_features().avx512;
}
bool has_amx() noexcept {
  return cpu_features().amx;
}
#endif
#ifdef __aarch64__
bool has_neon() noexcept {
  return cpu_features().neon;
}
#endif

// A new ISA is one row here plus one folder.
constexpr std::array kBestFirst{
#ifdef __x86_64__
    Tier{"amx", &has_amx, &amx_table},
    Tier{"avx512", &has_avx512, &avx512_table},
    Tier{"avx2", &has_avx2, &avx2_table},
#elif defined(__aarch64__)
    Tier{"neon", &has_neon, &neon_table},
#endif
    Tier{"scalar", &always, &scalar_table},
};

std::string known_names() {
  std::string names;
  for (const Tier& tier : kBestFirst) {
    if (!names.empty()) names += ", ";
    names += tier.isa;
  }
  return names;
}

}  // namespace

std::span<const Tier> tiers() noexcept {
  return kBestFirst;
}

Result<const KernelTable*> select_tier(std::string_view forced) {
  for (const Tier& tier : kBestFirst) {
    if (!forced.empty() && forced != tier.isa) continue;
    if (tier.supported()) return &tier.table();
    if (!forced.empty()) {
      return fail(Errc::unsupported, "ISA tier {}: this CPU or its operating system does not support it", forced);
    }
  }
  return fail(Errc::bad_input, "ISA tier: want one of {}, found '{}'", known_names(), forced);
}

Result<const KernelTable*> select_tier_from_environment() {
  const char* forced = std::getenv("QUERN_FORCE_ISA");
  return select_tier(forced != nullptr ? forced : "");
}

}  // namespace quern::kernels
