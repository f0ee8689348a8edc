#include "registry/sources/oci_manifest.hpp"

#include "registry/sources/outside_json.hpp"

namespace quern::registry::sources {
namespace {

namespace json = boost::json;

constexpr std::string_view kManifest = "manifest";

struct MediaRole {
  std::string_view media_type;
  Role role;
};
constexpr MediaRole kRoles[] = {
    {"application/vnd.ollama.image.model", Role::weights},
    {"application/vnd.ollama.image.projector", Role::projector},
    {"application/vnd.ollama.image.adapter", Role::adapter},
    {"application/vnd.ollama.image.draft", Role::draft},
    {"application/vnd.ollama.image.template", Role::chat_template},
    {"application/vnd.ollama.image.system", Role::system},
    {"application/vnd.ollama.image.params", Role::params},
    {"application/vnd.ollama.image.messages", Role::messages},
    {"application/vnd.ollama.image.license", Role::license},
    {"application/vnd.docker.ai.gguf.v3", Role::weights},
    {"application/vnd.docker.ai.gguf.v3.lora", Role::adapter},
    {"application/vnd.docker.ai.mmproj", Role::projector},
    {"application/vnd.docker.ai.chat.template.jinja", Role::chat_template},
    {"application/vnd.docker.ai.license", Role::license},
    {"application/vnd.cncf.model.weight.v1.gguf", Role::weights},
};

// The member of `annotations` that names the file.
std::string annotated_name(const json::object& layer) {
  const json::value* const found = layer.if_contains("annotations");
  if (found == nullptr || !found->is_object()) return {};
  for (const char* const key : {"org.cncf.model.filepath", "org.opencontainers.image.title"}) {
    if (std::string name = text_or_empty(found->get_object(), key); !name.empty()) return name;
  }
  return {};
}

Result<Layer> read_layer(const json::value& value, std::string_view where) {
  const json::object* const object = value.if_object();
  if (object == nullptr) return fail(Errc::corrupt, "{}: {}: want an object, found something else", kManifest, where);
  Layer out;
  out.media_type = text_or_empty(*object, "mediaType");
  QUERN_TRY(const std::string digest, text_member(*object, "digest", kManifest));
  QUERN_TRY(out.digest, parse_sha256_digest(digest));
  QUERN_TRY(out.size, size_member(*object, "size", kManifest));
  if (out.size > kMaxFileBytes) {
    return fail(Errc::corrupt, "{}: {}: size: want at most {} bytes, found {}", kManifest, where, kMaxFileBytes,
                out.size);
  }
  out.name = annotated_name(*object);
  if (!out.name.empty()) QUERN_CHECK(check_file_name(out.name));
  return out;
}

Result<std::vector<Layer>> read_layers(const json::array& items, std::string_view where) {
  if (items.size() > kMaxFilesOfModel) {
    return fail(Errc::corrupt, "{}: {}: want at most {}, found {}", kManifest, where, kMaxFilesOfModel, items.size());
  }
  std::vector<Layer> out;
  for (const json::value& item : items) {
    QUERN_TRY(Layer layer, read_layer(item, where));
    out.push_back(std::move(layer));
  }
  return out;
}

}  // namespace

Result<Manifest> read_manifest(std::string_view text) {
  QUERN_TRY(const json::object object, parse_outside_object(text, kManifest));
  Manifest out;
  if (const json::array* const choices = array_or_null(object, "manifests")) {
    QUERN_TRY(out.choices, read_layers(*choices, "manifests"));
    if (out.choices.empty()) return fail(Errc::corrupt, "{}: manifests: want at least one, found none", kManifest);
    return out;
  }
  const json::array* const layers = array_or_null(object, "layers");
  if (layers == nullptr || layers->empty()) {
    return fail(Errc::corrupt, "{}: layers: want at least one, found {}", kManifest,
                layers == nullptr ? "no such list" : "none");
  }
  QUERN_TRY(out.layers, read_layers(*layers, "layers"));
  if (const json::value* const config = object.if_contains("config")) {
    QUERN_TRY(out.config, read_layer(*config, "config"));
  }
  return out;
}

std::optional<Role> role_of(std::string_view media_type) noexcept {
  for (const MediaRole& row : kRoles) {
    if (row.media_type == media_type) return row.role;
  }
  return std::nullopt;
}

std::string_view foreign_form(std::string_view media_type) noexcept {
  if (media_type == "application/vnd.ollama.image.tensor") return "single tensors, which is Ollama's form for MLX";
  if (media_type.find("safetensors") != std::string_view::npos) return "safetensors";
  if (media_type.starts_with("application/vnd.docker.ai.") && media_type.ends_with("dduf")) return "DDUF";
  return {};
}

}  // namespace quern::registry::sources
