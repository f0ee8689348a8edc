#include "registry/model.hpp"

#include "registry/name_parts.hpp"
#include "registry/sampling_names.hpp"

#include <algorithm>
#include <charconv>

namespace quern::registry {
namespace {

constexpr std::pair<FileRole, std::string_view> kRoles[] = {
    {FileRole::weights, "weights"}, {FileRole::projector, "projector"}, {FileRole::adapter, "adapter"},
    {FileRole::draft, "draft"},     {FileRole::license, "license"},     {FileRole::other, "other"}};
constexpr std::string_view kMessage = "message.", kSampling = "sampling.";
constexpr std::size_t kMaxTextBytes = 1 << 20, kMaxRows = 1024, kMaxFiles = 1100;

template <class T>
Result<T> integer(const std::string& key, const std::string& value) {
  T out{};
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), out);
  if (error == std::errc{} && end == value.data() + value.size()) return out;
  return fail_field(key, "want an integer, found '{}'", shown(value));
}

Status set_row(const std::string& key, const std::string& value, Settings& out) {
  if (key.starts_with(kSampling)) {
    engine::sampling::SamplingParams probe;
    QUERN_CHECK(apply_sampling(key.substr(kSampling.size()), value, probe));
    out.sampling.emplace_back(key.substr(kSampling.size()), value);
  } else if (key == "stop") {
    out.stop.push_back(value);
  } else if (key == "template") {
    out.template_text = value;
  } else if (key == "go_template") {
    out.go_template = value;
  } else if (key == "system") {
    out.system = value;
  } else if (key == "ctx") {
    QUERN_TRY(out.ctx, integer<std::uint32_t>(key, value));
  } else if (key == "max_tokens") {
    QUERN_TRY(out.max_tokens, integer<std::uint32_t>(key, value));
  } else if (key == "keep_alive_s") {
    QUERN_TRY(const auto seconds, integer<std::int64_t>(key, value));
    out.keep_alive = std::chrono::seconds(seconds);
  } else if (key.starts_with(kMessage)) {
    out.messages.push_back({key.substr(kMessage.size()), value});
  } else if (key == "license") {
    out.licenses.push_back(value);
  } else {
    return fail_field(key, "there is no such setting");
  }
  return {};
}

}  // namespace

std::string_view file_role_name(FileRole role) noexcept {
  return std::ranges::find(kRoles, role, &std::pair<FileRole, std::string_view>::first)->second;
}

std::optional<FileRole> file_role_named(std::string_view name) noexcept {
  const auto* const found = std::ranges::find(kRoles, name, &std::pair<FileRole, std::string_view>::second);
  return found == std::end(kRoles) ? std::nullopt : std::optional(found->first);
}

SettingRows rows_of(const Settings& settings) {
  SettingRows out;
  for (const auto& [name, value] : settings.sampling) out.emplace_back(fmt::format("{}{}", kSampling, name), value);
  for (const std::string& stop : settings.stop) out.emplace_back("stop", stop);
  if (!settings.template_text.empty()) out.emplace_back("template", settings.template_text);
  if (!settings.go_template.empty()) out.emplace_back("go_template", settings.go_template);
  if (!settings.system.empty()) out.emplace_back("system", settings.system);
  if (settings.ctx) out.emplace_back("ctx", fmt::format("{}", *settings.ctx));
  if (settings.max_tokens) out.emplace_back("max_tokens", fmt::format("{}", *settings.max_tokens));
  if (settings.keep_alive) out.emplace_back("keep_alive_s", fmt::format("{}", settings.keep_alive->count()));
  for (const SampleMessage& message : settings.messages) {
    out.emplace_back(fmt::format("{}{}", kMessage, message.role), message.content);
  }
  for (const std::string& license : settings.licenses) out.emplace_back("license", license);
  return out;
}

Result<Settings> settings_of(const SettingRows& rows) {
  Settings out;
  if (rows.size() > kMaxRows)
    return fail(Errc::bad_input, "settings: want at most {}, found {}", kMaxRows, rows.size());
  for (const auto& [key, value] : rows) {
    if (value.size() > kMaxTextBytes) {
      return fail_field(key, "want at most {} bytes, found {}", kMaxTextBytes, value.size());
    }
    QUERN_CHECK(set_row(key, value, out));
  }
  return out;
}

Settings merged(const Settings& base, const Settings& over) {
  Settings out = base;
  for (const auto& [name, value] : over.sampling) {
    const auto found = std::ranges::find(out.sampling, name, &std::pair<std::string, std::string>::first);
    if (found == out.sampling.end()) {
      out.sampling.emplace_back(name, value);
    } else {
      found->second = value;
    }
  }
  if (!over.stop.empty()) out.stop = over.stop;
  if (!over.template_text.empty()) out.template_text = over.template_text;
  if (!over.go_template.empty()) out.go_template = over.go_template;
  if (!over.system.empty()) out.system = over.system;
  if (over.ctx) out.ctx = over.ctx;
  if (over.max_tokens) out.max_tokens = over.max_tokens;
  if (over.keep_alive) out.keep_alive = over.keep_alive;
  if (!over.messages.empty()) out.messages = over.messages;
  if (!over.licenses.empty()) out.licenses = over.licenses;
  return out;
}

std::uint64_t Model::size_bytes() const {
  std::uint64_t sum = 0;
  for (const ModelFile& file : files) sum += file.size_bytes;
  return sum;
}

std::vector<std::string> Model::weights() const {
  std::vector<std::string> out;
  for (const ModelFile& file : files) {
    if (file.role == FileRole::weights) out.push_back(file.path);
  }
  return out;
}

Status check_model(const Model& model) {
  if (model.name.kind == RefKind::path) {
    return fail(Errc::bad_input, "model name: want a name such as mine or me/mine:v1, found the path {}",
                model.name.file);
  }
  if (!model.name.variant.empty() || !model.name.digest.empty()) {
    return fail(Errc::bad_input, "model name: want one without @, found {}", model.name.canonical());
  }
  if (model.weights().empty() || model.files.size() > kMaxFiles) {
    return fail(Errc::bad_input, "{}: want 1 to {} files, weights among them, found {}", model.name.display(),
                kMaxFiles, model.files.size());
  }
  for (const ModelFile& file : model.files) {
    if (!file.path.starts_with('/')) {
      return fail(Errc::bad_input, "{}: want absolute paths, found '{}'", model.name.display(), shown(file.path));
    }
  }
  for (const auto& [variant, settings] : model.variants) {
    QUERN_CHECK(check_variant(variant));
    QUERN_TRY(const Settings valid, settings_of(rows_of(settings)));
    static_cast<void>(valid);
  }
  QUERN_TRY(const Settings valid, settings_of(rows_of(model.settings)));
  static_cast<void>(valid);
  return {};
}

}  // namespace quern::registry
