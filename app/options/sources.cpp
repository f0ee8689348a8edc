#include "app/options/sources.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <optional>
#include <set>

#include <fcntl.h>
#include <unistd.h>
#include <yaml-cpp/yaml.h>

namespace quern::app {
namespace {

// Read elsewhere: kernels/cpu/isa.cpp, this file, tests, CMake presets.
constexpr std::string_view kOtherVariables[] = {"QUERN_FORCE_ISA", "QUERN_CONFIG", "QUERN_SHARED_DIR",
                                                "QUERN_TEST_",     "QUERN_WERROR", "QUERN_SANITIZE",
                                                "QUERN_BUILD_DIR", "QUERN_E2E_",   "QUERN_BENCH_"};

bool is_other_variable(std::string_view name) {
  return std::ranges::any_of(kOtherVariables, [name](std::string_view known) {
    return known.ends_with('_') ? name.starts_with(known) : name == known;
  });
}

const OptionRow* find_row(std::string_view name, std::string (*to_name)(const OptionRow&)) {
  for (const OptionRow& row : option_table()) {
    if (row.scope == Scope::everywhere && to_name(row) == name) return &row;
  }
  return nullptr;
}

std::string did_you_mean(std::string_view name, std::string (*to_name)(const OptionRow&)) {
  const std::string nearest =
      nearest_name(name, to_name, [](const OptionRow& row) { return row.scope == Scope::everywhere; });
  return nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest);
}

std::string found(const YAML::Node& node) {
  if (node.IsMap()) return "a mapping";
  if (node.IsSequence()) return "a list";
  return "nothing";
}

// One setting, of an option that may be repeated one for each element of a list.
Result<std::vector<Setting>> read_entry(const YAML::Node& key, const YAML::Node& value, const std::string& path) {
  const auto at = fmt::format("{}:{}", path, key.Mark().line + 1);
  if (!key.IsScalar()) return fail(Errc::bad_input, "{}: want the name of an option, found {}", at, found(key));
  const std::string name = key.Scalar();
  const OptionRow* row = find_row(name, &yaml_key);
  if (row == nullptr) {
    return fail_field(name, "{}: no such option{}", at, did_you_mean(name, &yaml_key));
  }
  const std::string origin = fmt::format("{}: {}", at, name);
  const auto* custom = std::get_if<Custom>(&row->field);
  const bool list = custom != nullptr && custom->repeatable && value.IsSequence();
  if (!value.IsScalar() && !list) {
    return fail_field(name, "{}: want one value ({}), found {}", at, placeholder(row->field), found(value));
  }
  if (!list) return std::vector{Setting{row, value.Scalar(), origin}};
  std::vector<Setting> out;
  for (const YAML::Node& item : value) {
    if (!item.IsScalar()) return fail_field(name, "{}: want values in the list, found {}", at, found(item));
    out.push_back({row, item.Scalar(), origin});
  }
  return out;
}

}  // namespace

Result<std::vector<Setting>> read_environment(std::span<const std::string> environment) {
  std::vector<Setting> out;
  for (const std::string& entry : environment) {
    const std::string name = entry.substr(0, entry.find('='));
    if (!name.starts_with("QUERN_") || is_other_variable(name)) continue;
    const OptionRow* row = find_row(name, &env_name);
    if (row == nullptr) {
      return fail_field(name, "no option has this environment variable{}", did_you_mean(name, &env_name));
    }
    out.push_back({row, entry.substr(std::min(entry.size(), name.size() + 1)), name});
  }
  return out;
}

Result<std::vector<Setting>> read_yaml(const std::string& text, const std::string& path) {
  std::vector<Setting> out;
  try {
    const YAML::Node root = YAML::Load(text);
    if (root.IsNull()) return out;
    if (!root.IsMap())
      return fail(Errc::bad_input, "{}: want lines of the form key: value, found {}", path, found(root));
    std::set<const OptionRow*> seen;
    for (const auto& entry : root) {
      QUERN_TRY(std::vector<Setting> settings, read_entry(entry.first, entry.second, path));
      if (settings.empty()) continue;
      if (!seen.insert(settings.front().row).second)
        return fail(Errc::bad_input, "{}: set twice", settings.front().origin);
      std::ranges::move(settings, std::back_inserter(out));
    }
  } catch (const YAML::Exception& e) {
    return fail(Errc::bad_input, "{}:{}: {}", path, e.mark.line + 1, e.msg);
  }
  return out;
}

std::string choose_config(const std::string& command_line, std::span<const std::string> environment,
                          const std::string& system_path) {
  if (!command_line.empty()) return command_line;
  constexpr std::string_view kVariable = "QUERN_CONFIG=";
  for (const std::string& entry : environment) {
    if (entry.starts_with(kVariable) && entry.size() > kVariable.size()) return entry.substr(kVariable.size());
  }
  return ::access(system_path.c_str(), F_OK) == 0 ? system_path : "";
}

Result<std::string> read_text_file(const std::string& path, std::size_t max_bytes) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return fail(errno == ENOENT ? Errc::not_found : Errc::io, "{}: cannot be read: {}", path, std::strerror(errno));
  }
  Result<std::string> text = read_descriptor(fd, path, max_bytes);
  ::close(fd);
  return text;
}

Result<std::string> read_descriptor(int fd, const std::string& name, std::size_t max_bytes) {
  constexpr std::size_t kPiece = 64 << 10;
  std::string out;
  for (;;) {
    const std::size_t before = out.size();
    out.resize(before + kPiece);
    const ssize_t n = ::read(fd, out.data() + before, kPiece);
    const int code = errno;
    out.resize(before + static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    if (n == 0) return out;
    if (n < 0 && code == EINTR) continue;
    if (n < 0) return fail(Errc::io, "{}: cannot be read: {}", name, std::strerror(code));
    if (out.size() > max_bytes) return fail(Errc::bad_input, "{}: want at most {} bytes, found more", name, max_bytes);
  }
}

}  // namespace quern::app
