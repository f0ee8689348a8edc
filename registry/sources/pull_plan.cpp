#include "registry/sources/pull_plan.hpp"

#include <algorithm>
#include <numeric>

namespace quern::registry::sources {
namespace {

constexpr std::size_t kMaxNameBytes = 1024;

bool is_plain_part(std::string_view part) {
  return !part.empty() && part != "." && part != ".." && part.find_first_of("\\:") == std::string_view::npos &&
         std::ranges::none_of(part, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

}  // namespace

std::string_view role_name(Role role) noexcept {
  constexpr std::string_view kNames[] = {"weights", "projector", "adapter",  "draft",   "template",
                                         "system",  "params",    "messages", "license", "config"};
  return kNames[static_cast<std::size_t>(role)];
}

bool is_gguf_role(Role role) noexcept {
  return role == Role::weights || role == Role::projector || role == Role::adapter || role == Role::draft;
}

std::uint64_t PullPlan::size() const noexcept {
  return std::accumulate(files.begin(), files.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const PlanFile& file) { return sum + file.size; });
}

Status check_file_name(std::string_view name) {
  const auto bad = [&] { return fail(Errc::corrupt, "file name: want a relative path, found {}", quoted(name)); };
  if (name.empty() || name.size() > kMaxNameBytes) return bad();
  for (std::string_view rest = name;;) {
    const std::size_t slash = rest.find('/');
    if (!is_plain_part(rest.substr(0, slash))) return bad();
    if (slash == std::string_view::npos) return {};
    rest.remove_prefix(slash + 1);
  }
}

Status check_plan(const PullPlan& plan) {
  if (plan.files.empty()) return fail(Errc::corrupt, "{}: the source names no files", plan.name);
  if (plan.files.size() > kMaxFilesOfModel) {
    return fail(Errc::corrupt, "{}: want at most {} files, found {}", plan.name, kMaxFilesOfModel, plan.files.size());
  }
  for (const PlanFile& file : plan.files) {
    QUERN_CHECK(check_file_name(file.name));
    if (file.size > kMaxFileBytes) {
      return fail(Errc::corrupt, "{}: {}: want at most {} bytes, found {}", plan.name, file.name, kMaxFileBytes,
                  file.size);
    }
  }
  return {};
}

}  // namespace quern::registry::sources
