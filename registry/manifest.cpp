#include "registry/manifest.hpp"

#include "registry/json.hpp"

#include <algorithm>

namespace quern::registry {

namespace json = boost::json;

namespace {

constexpr std::uint64_t kVersion = 1;
constexpr std::size_t kMaxPartBytes = 100;

// A part of a name as the name of a folder or file.
std::string file_part(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
                       c == '-' || (c == '.' && i > 0);
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

// 16 digits that tell names apart where the parts do not.
std::string distinction(const std::string& canonical) {
  const Result<Digest> digest = digest_of(canonical);
  return digest ? digest->hex().substr(0, 16) : file_part(canonical);
}

json::array json_rows(const Settings& settings) {
  json::array out;
  for (const auto& [key, value] : rows_of(settings)) out.push_back(json::array{key, value});
  return out;
}

Result<Settings> settings_of_json(const json::array* rows) {
  if (rows == nullptr) return Settings();
  SettingRows out;
  for (const json::value& row : *rows) {
    const json::array* const pair = row.if_array();
    if (pair == nullptr || pair->size() != 2 || !(*pair)[0].is_string() || !(*pair)[1].is_string()) {
      return fail(Errc::corrupt, "member \"settings\": want pairs of texts, found something else");
    }
    out.emplace_back((*pair)[0].get_string(), (*pair)[1].get_string());
  }
  return settings_of(out);
}

json::object json_file(const ModelFile& file, const std::string& folder) {
  json::object out{{"role", file_role_name(file.role)},
                   {"path", stored_path(file.path, folder)},
                   {"digest", file.digest.empty() ? "" : file.digest.text()},
                   {"size_bytes", file.size_bytes}};
  if (file.role == FileRole::adapter) {
    out["scale"] = file.scale;
    out["rank"] = file.rank;
  }
  if (file.source != Source()) {
    out["source"] =
        json::object{{"repo", file.source.repo}, {"commit", file.source.commit}, {"file", file.source.file}};
  }
  return out;
}

Result<Digest> digest_member(const json::object& object) {
  QUERN_TRY(const std::string text, text_or(object, "digest", ""));
  if (text.empty()) return Digest();
  return Digest::parse(text);
}

Result<ModelFile> file_of(const json::value& value, const std::string& folder) {
  const json::object* const object = value.if_object();
  if (object == nullptr) return fail(Errc::corrupt, "member \"files\": want objects, found something else");
  ModelFile out;
  QUERN_TRY(const std::string role, text_of(*object, "role"));
  const auto known = file_role_named(role);
  if (!known) return fail(Errc::corrupt, "member \"role\": want that of a file, found '{}'", role);
  out.role = *known;
  QUERN_TRY(const std::string path, text_of(*object, "path"));
  if (!path.starts_with('/')) QUERN_CHECK(check_inner_path(path));
  out.path = full_path(path, folder);
  QUERN_TRY(out.digest, digest_member(*object));
  QUERN_TRY(out.size_bytes, uint_or(*object, "size_bytes", 0));
  QUERN_TRY(const double scale, number_or(*object, "scale", 1));
  out.scale = static_cast<float>(scale);
  QUERN_TRY(const std::uint64_t rank, uint_or(*object, "rank", 0));
  out.rank = static_cast<std::uint32_t>(std::min<std::uint64_t>(rank, UINT32_MAX));
  QUERN_TRY(const json::object* source, object_of(*object, "source"));
  if (source == nullptr) return out;
  QUERN_TRY(out.source.repo, text_or(*source, "repo", ""));
  QUERN_TRY(out.source.commit, text_or(*source, "commit", ""));
  QUERN_TRY(out.source.file, text_or(*source, "file", ""));
  return out;
}

Result<ModelFacts> facts_of(const json::object* object) {
  ModelFacts out;
  if (object == nullptr) return out;
  QUERN_TRY(out.family, text_or(*object, "family", ""));
  QUERN_TRY(out.format, text_or(*object, "format", "gguf"));
  QUERN_TRY(out.dtype, text_or(*object, "dtype", ""));
  QUERN_TRY(out.quant, text_or(*object, "quant", ""));
  QUERN_TRY(out.params, uint_or(*object, "params", 0));
  for (const auto& [key, member] : {std::pair{"n_ctx", &ModelFacts::n_ctx}, std::pair{"n_layer", &ModelFacts::n_layer},
                                    std::pair{"vocab_size", &ModelFacts::vocab_size}}) {
    QUERN_TRY(const std::uint64_t number, uint_or(*object, key, 0));
    out.*member = static_cast<std::uint32_t>(std::min<std::uint64_t>(number, UINT32_MAX));
  }
  return out;
}

Status read_files_and_settings(const json::object& object, const std::string& folder, Model& out) {
  QUERN_TRY(const json::array* files, array_of(object, "files"));
  for (std::size_t i = 0; files != nullptr && i < files->size(); ++i) {
    QUERN_TRY(ModelFile file, file_of((*files)[i], folder));
    out.files.push_back(std::move(file));
  }
  QUERN_TRY(const json::array* settings, array_of(object, "settings"));
  QUERN_TRY(out.settings, settings_of_json(settings));
  QUERN_TRY(const json::object* variants, object_of(object, "variants"));
  for (std::size_t i = 0; variants != nullptr && i < variants->size(); ++i) {
    const auto& variant = variants->begin()[i];
    QUERN_TRY(const json::array* rows, array_of(*variants, variant.key()));
    QUERN_TRY(out.variants[std::string(variant.key())], settings_of_json(rows));
  }
  QUERN_TRY(const json::array* aliases, array_of(object, "aliases"));
  for (std::size_t i = 0; aliases != nullptr && i < aliases->size(); ++i) {
    const json::string* const alias = (*aliases)[i].if_string();
    if (alias == nullptr) return fail(Errc::corrupt, "member \"aliases\": want texts, found something else");
    QUERN_TRY(const ModelRef ref, ModelRef::parse(std::string_view(*alias)));
    out.aliases.push_back(ref.canonical());
  }
  QUERN_TRY(const json::object* tags, object_of(object, "tags"));
  for (std::size_t i = 0; tags != nullptr && i < tags->size(); ++i) {
    const std::string key(tags->begin()[i].key());
    QUERN_TRY(out.tags[key], text_of(*tags, key));
  }
  return {};
}

}  // namespace

std::string manifest_path(const ModelRef& name) {
  const std::string canonical = name.base().canonical();
  std::string parts[] = {file_part(name.host.empty() ? "path" : name.host),
                         file_part(name.namespace_.empty() ? "_" : name.namespace_), file_part(name.model),
                         file_part(name.tag.empty() ? "default" : name.tag)};
  bool exact =
      name.kind == RefKind::ollama ||
      (name.kind == RefKind::hugging_face && name.file.empty() && name.revision.empty() && !name.tag.empty()) ||
      name.kind == RefKind::oci;
  for (std::string& part : parts) {
    exact = exact && part.size() <= kMaxPartBytes;
    part = part.substr(0, kMaxPartBytes);
  }
  return fmt::format("manifests/{}/{}/{}/{}{}{}.json", parts[0], parts[1], parts[2], parts[3], exact ? "" : "-",
                     exact ? "" : distinction(canonical));
}

std::string stored_path(const std::string& path, const std::string& folder) {
  return path.starts_with(folder + "/blobs/") ? path.substr(folder.size() + 1) : path;
}

std::string full_path(const std::string& stored, const std::string& folder) {
  return stored.starts_with('/') ? stored : fmt::format("{}/{}", folder, stored);
}

std::string manifest_text(const Model& model, const std::string& folder) {
  json::array files;
  for (const ModelFile& file : model.files) files.push_back(json_file(file, folder));
  json::object variants, tags;
  for (const auto& [name, settings] : model.variants) variants[name] = json_rows(settings);
  for (const auto& [key, value] : model.tags) tags[key] = value;
  const ModelFacts& facts = model.facts;
  const json::object out{{"quern_manifest", kVersion},
                         {"name", model.name.base().canonical()},
                         {"origin", model.origin},
                         {"digest", model.digest.empty() ? "" : model.digest.text()},
                         {"created_unix_s", model.created_unix_s},
                         {"last_used_unix_s", model.last_used_unix_s},
                         {"pinned", model.pinned},
                         {"facts", json::object{{"family", facts.family},
                                                {"format", facts.format},
                                                {"dtype", facts.dtype},
                                                {"quant", facts.quant},
                                                {"params", facts.params},
                                                {"n_ctx", facts.n_ctx},
                                                {"n_layer", facts.n_layer},
                                                {"vocab_size", facts.vocab_size}}},
                         {"files", std::move(files)},
                         {"settings", json_rows(model.settings)},
                         {"variants", std::move(variants)},
                         {"aliases", json::array(model.aliases.begin(), model.aliases.end())},
                         {"tags", std::move(tags)}};
  // A line for each member, which is what one wants to read and to compare.
  std::string text = "{\n";
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto& member = out.begin()[i];
    text += fmt::format("  \"{}\": {}{}\n", std::string_view(member.key()), json::serialize(member.value()),
                        i + 1 < out.size() ? "," : "");
  }
  return text + "}\n";
}

Result<Model> read_manifest(std::string_view text, const std::string& folder) {
  QUERN_TRY(const json::object object, parse_object(text));
  QUERN_TRY(const std::uint64_t version, uint_or(object, "quern_manifest", 0));
  if (version != kVersion) {
    return fail(Errc::unsupported, "member \"quern_manifest\": want {}, found {}", kVersion, version);
  }
  Model out;
  QUERN_TRY(const std::string name, text_of(object, "name"));
  QUERN_TRY(out.name, ModelRef::parse(name));
  QUERN_TRY(out.origin, text_or(object, "origin", ""));
  QUERN_TRY(out.digest, digest_member(object));
  QUERN_TRY(const std::uint64_t created, uint_or(object, "created_unix_s", 0));
  QUERN_TRY(const std::uint64_t used, uint_or(object, "last_used_unix_s", 0));
  out.created_unix_s = static_cast<std::int64_t>(std::min<std::uint64_t>(created, INT64_MAX));
  out.last_used_unix_s = static_cast<std::int64_t>(std::min<std::uint64_t>(used, INT64_MAX));
  QUERN_TRY(out.pinned, bool_or(object, "pinned", false));
  QUERN_TRY(const json::object* facts, object_of(object, "facts"));
  QUERN_TRY(out.facts, facts_of(facts));
  QUERN_CHECK(read_files_and_settings(object, folder, out));
  QUERN_CHECK(check_model(out));
  return out;
}

}  // namespace quern::registry
