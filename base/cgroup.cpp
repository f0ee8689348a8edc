#include "base/cgroup.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <system_error>
#include <vector>

namespace quern {
namespace {

constexpr std::size_t kFileBytesMax = 64 << 10;  // real ones are a few hundred bytes

std::optional<std::string> read_small_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  std::string text(kFileBytesMax, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (in.bad()) return std::nullopt;
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

template <class T>
std::optional<T> parse(std::string_view text) {
  T value{};
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// `mount` + `group`, then every parent up to `mount` itself.
void add_levels(const std::string& mount, std::string_view group, std::vector<std::string>& out) {
  // A group outside of this process's namespace is shown as "/../name": only the root is then known to be ours.
  if (group.starts_with("/..")) group = {};
  while (!group.empty() && group.back() == '/') group.remove_suffix(1);
  while (!group.empty()) {
    out.push_back(mount + std::string(group));
    const std::size_t slash = group.rfind('/');
    group = slash == std::string_view::npos ? std::string_view{} : group.substr(0, slash);
  }
  out.push_back(mount);
}

// The directories that may hold limits of `controller` for this process. In a container the root is often already the
// process's own group while the path is the host's: levels that do not exist are simply not there when files are read.
std::vector<std::string> cgroup_levels(const CgroupSource& source, std::string_view controller) {
  std::vector<std::string> levels;
  const std::optional<std::string> listing = read_small_file(source.proc_self_cgroup);
  if (!listing) log::debug("cgroup: cannot read {}", source.proc_self_cgroup);
  const std::string lines = listing.value_or("");
  bool v1_seen = false;
  for (const std::string_view line : split(lines, '\n')) {  // "4:cpu,cpuacct:/group" or "0::/group"
    const std::vector<std::string_view> fields = split(line, ':');
    if (fields.size() < 3) continue;
    const std::string_view group = line.substr(fields[0].size() + fields[1].size() + 2);  // it may contain colons
    if (!group.starts_with('/')) continue;
    if (fields[1].empty()) {  // v2, mounted alone or (hybrid) beside the v1 controllers
      add_levels(source.root, group, levels);
      add_levels(source.root + "/unified", group, levels);
    }
    const std::vector<std::string_view> names = split(fields[1], ',');
    if (std::find(names.begin(), names.end(), controller) == names.end()) continue;
    v1_seen = true;
    add_levels(source.root + "/" + std::string(fields[1]), group, levels);
    if (names.size() > 1) add_levels(source.root + "/" + std::string(controller), group, levels);
  }
  if (!v1_seen) add_levels(source.root + "/" + std::string(controller), {}, levels);
  if (!listing) add_levels(source.root, {}, levels);
  return levels;
}

// v2: "150000 100000" or "max 100000". nullopt: no limit here.
std::optional<double> quota_v2(const std::string& level) {
  const std::string path = level + "/cpu.max";
  const std::optional<std::string> text = read_small_file(path);
  if (!text) return std::nullopt;
  const std::vector<std::string_view> fields = split(*text, ' ');
  if (fields[0] == "max") return std::nullopt;
  const std::optional<std::int64_t> quota = parse<std::int64_t>(fields[0]);
  const std::optional<std::int64_t> period = fields.size() == 2 ? parse<std::int64_t>(fields[1]) : std::nullopt;
  if (quota && period && *quota > 0 && *period > 0) return static_cast<double>(*quota) / static_cast<double>(*period);
  log::debug("cgroup: {}: want '<quota> <period>', found '{}'; ignored", path, text->substr(0, 80));
  return std::nullopt;
}

// v1: two files; a quota of -1 is no limit.
std::optional<double> quota_v1(const std::string& level) {
  const std::string path = level + "/cpu.cfs_quota_us";
  const std::optional<std::string> quota_text = read_small_file(path);
  if (!quota_text || *quota_text == "-1") return std::nullopt;
  const std::optional<std::string> period_text = read_small_file(level + "/cpu.cfs_period_us");
  const std::optional<std::int64_t> quota = parse<std::int64_t>(*quota_text);
  const std::optional<std::int64_t> period = period_text ? parse<std::int64_t>(*period_text) : std::nullopt;
  if (quota && period && *quota > 0 && *period > 0) return static_cast<double>(*quota) / static_cast<double>(*period);
  log::debug("cgroup: {}: quota '{}', period '{}' make no sense; ignored", path, quota_text->substr(0, 80),
             period_text.value_or("missing").substr(0, 80));
  return std::nullopt;
}

std::uint64_t memory_limit_in(const std::string& path) {
  const std::optional<std::string> text = read_small_file(path);
  if (!text || *text == "max") return UINT64_MAX;
  const std::optional<std::uint64_t> bytes = parse<std::uint64_t>(*text);
  if (bytes && *bytes > 0) return *bytes;
  log::debug("cgroup: {}: want a number of bytes or 'max', found '{}'; ignored", path, text->substr(0, 80));
  return UINT64_MAX;
}

constexpr const char* kLimitFiles[] = {"/memory.max", "/memory.high", "/memory.limit_in_bytes"};

std::uint64_t memory_limit_of(const std::string& level) {
  std::uint64_t smallest = UINT64_MAX;
  for (const char* file : kLimitFiles) smallest = std::min(smallest, memory_limit_in(level + file));
  return smallest;
}

// Sum of the lines "<name> <bytes>" of a memory.stat; those that are not there count 0.
std::uint64_t sum_of(std::string_view stat, std::initializer_list<std::string_view> names) {
  std::uint64_t sum = 0;
  for (const std::string_view line : split(stat, '\n')) {
    const std::vector<std::string_view> fields = split(line, ' ');
    if (fields.size() != 2 || std::find(names.begin(), names.end(), fields[0]) == names.end()) continue;
    sum += std::min(parse<std::uint64_t>(fields[1]).value_or(0), UINT64_MAX - sum);
  }
  return sum;
}

// Bytes that the group holds and cannot give up: its usage without the page cache of files.
std::uint64_t memory_held_in(const std::string& level) {
  std::optional<std::string> usage = read_small_file(level + "/memory.current");
  if (!usage) usage = read_small_file(level + "/memory.usage_in_bytes");
  const std::uint64_t used = usage ? parse<std::uint64_t>(*usage).value_or(0) : 0;
  const std::string stat = read_small_file(level + "/memory.stat").value_or("");
  // v1 counts a group's children only under total_, v2 everywhere.
  std::uint64_t files = sum_of(stat, {"total_active_file", "total_inactive_file"});
  if (files == 0) files = sum_of(stat, {"active_file", "inactive_file"});
  return used - std::min(used, files);
}

}  // namespace

double cgroup_cpu_quota(const CgroupSource& source) {
  std::optional<double> smallest;
  for (const std::string& level : cgroup_levels(source, "cpu")) {
    for (const std::optional<double> quota : {quota_v2(level), quota_v1(level)}) {
      if (quota && (!smallest || *quota < *smallest)) smallest = quota;
    }
  }
  return smallest.value_or(0);
}

std::uint64_t cgroup_memory_limit(const CgroupSource& source) {
  std::uint64_t smallest = UINT64_MAX;
  for (const std::string& level : cgroup_levels(source, "memory"))
    smallest = std::min(smallest, memory_limit_of(level));
  return smallest;
}

std::uint64_t cgroup_memory_left(const CgroupSource& source) {
  std::uint64_t smallest = UINT64_MAX;
  for (const std::string& level : cgroup_levels(source, "memory")) {
    const std::uint64_t limit = memory_limit_of(level);
    if (limit == UINT64_MAX) continue;
    smallest = std::min(smallest, limit - std::min(limit, memory_held_in(level)));
  }
  return smallest;
}

}  // namespace quern
