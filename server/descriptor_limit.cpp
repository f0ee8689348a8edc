#include "server/descriptor_limit.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iterator>

#include <sys/resource.h>

namespace quern::server {
namespace {

// Listeners, the I/O thread's own, a collector's connection, a config file: what is not open yet.
constexpr std::uint64_t kSpare = 32;

std::uint64_t count_open() {
  std::error_code error;
  const std::filesystem::directory_iterator files("/proc/self/fd", error);
  return error ? kSpare : static_cast<std::uint64_t>(std::distance(begin(files), end(files)));
}

bool set_limit(std::uint64_t soft, std::uint64_t hard) noexcept {
  const rlimit wanted{.rlim_cur = soft, .rlim_max = hard};
  return ::setrlimit(RLIMIT_NOFILE, &wanted) == 0;
}

}  // namespace

DescriptorPlan plan_descriptors(std::uint32_t max_connections, std::uint64_t n_open, std::uint64_t soft,
                                std::uint64_t hard, bool may_exceed) noexcept {
  const std::uint64_t others = n_open + kSpare + kReservedPlaces + kMaxRefusals;
  const std::uint64_t needed = others + max_connections;
  if (needed <= hard || may_exceed) return {.limit = std::max(soft, needed), .max_connections = max_connections};
  const std::uint64_t left = hard > others ? hard - others : 1;
  return {.limit = hard, .max_connections = static_cast<std::uint32_t>(left)};
}

std::uint32_t fit_descriptors(std::uint32_t max_connections) {
  rlimit now{};
  if (::getrlimit(RLIMIT_NOFILE, &now) != 0) {
    log::warn("open files: the limit is not known: {}", std::strerror(errno));
    return max_connections;
  }
  const std::uint64_t n_open = count_open();
  DescriptorPlan plan = plan_descriptors(max_connections, n_open, now.rlim_cur, now.rlim_max, true);
  // Root may raise the hard limit too.
  if (plan.limit > now.rlim_cur && !set_limit(plan.limit, std::max<std::uint64_t>(plan.limit, now.rlim_max))) {
    plan = plan_descriptors(max_connections, n_open, now.rlim_cur, now.rlim_max, false);
    if (plan.limit > now.rlim_cur && !set_limit(plan.limit, now.rlim_max)) {
      log::warn("open files: the limit stays at {}: {}", now.rlim_cur, std::strerror(errno));
      plan = plan_descriptors(max_connections, n_open, now.rlim_cur, now.rlim_cur, false);
    }
  }
  if (plan.limit > now.rlim_cur) {
    log::info("open files: limit raised from {} to {}, for {} connections", now.rlim_cur, plan.limit,
              plan.max_connections);
  }
  if (plan.max_connections < max_connections) {
    log::warn("open files: {} are allowed (RLIMIT_NOFILE), enough for {} connections; max_connections is {}",
              plan.limit, plan.max_connections, max_connections);
  }
  return plan.max_connections;
}

}  // namespace quern::server
