#include "registry/stores/ollama_store.hpp"

#include "registry/disk_file.hpp"
#include "registry/json.hpp"
#include "registry/name_parts.hpp"
#include "registry/sampling_names.hpp"

#include <algorithm>
#include <filesystem>

#include <sys/stat.h>

namespace quern::registry {

namespace fs = std::filesystem;
namespace json = boost::json;

namespace {

constexpr std::string_view kLayerPrefix = "application/vnd.ollama.image.";
constexpr std::size_t kMaxManifestBytes = 1 << 20, kMaxTextBytes = 1 << 20, kMaxLayers = 2048;

struct Layer {
  std::string type;  // "model", "template", ..; empty: of somebody else's
  Digest digest;
  std::uint64_t size_bytes = 0;
  std::string path;
};

// A number or a text as a Modelfile would write it.
std::string plain(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  if (value.is_double()) return fmt::format("{}", value.get_double());
  return json::serialize(value);
}

class ManifestReader {
 public:
  ManifestReader(const ModelRef& name, const std::string& blobs) : blobs_(blobs) {
    out_.model.name = name.base();
    out_.model.name.digest = {};
    out_.model.origin = out_.model.name.canonical();
  }

  Result<StoreModel> read(std::string_view text) {
    QUERN_TRY(out_.model.digest, digest_of(text));
    QUERN_TRY(const json::object manifest, parse_object(text));
    QUERN_TRY(const json::array* layers, array_of(manifest, "layers"));
    if (layers == nullptr || layers->size() > kMaxLayers) {
      return fail(Errc::corrupt, "member \"layers\": want 1 to {} layers", kMaxLayers);
    }
    QUERN_TRY(const json::object* config, object_of(manifest, "config"));
    if (config != nullptr) QUERN_CHECK(read_config(*config));
    for (const json::value& value : *layers) {
      const json::object* const object = value.if_object();
      if (object == nullptr) return fail(Errc::corrupt, "member \"layers\": want objects, found something else");
      QUERN_TRY(const Layer layer, layer_of(*object));
      QUERN_CHECK(read_layer(layer));
    }
    if (out_.model.weights().empty() && out_.unusable.empty()) {
      out_.unusable = fmt::format("{}: its manifest names no model file", out_.model.name.display());
    }
    return std::move(out_);
  }

 private:
  Result<Layer> layer_of(const json::object& object) const {
    Layer out;
    QUERN_TRY(const std::string type, text_or(object, "mediaType", ""));
    if (type.starts_with(kLayerPrefix)) out.type = type.substr(kLayerPrefix.size());
    QUERN_TRY(const std::string digest, text_of(object, "digest"));
    QUERN_TRY(out.digest, Digest::parse(digest));
    QUERN_TRY(out.size_bytes, uint_or(object, "size", 0));
    out.path = fmt::format("{}/{}", blobs_, out.digest.file_name());
    return out;
  }

  Status read_config(const json::object& object) {
    QUERN_TRY(const Layer layer, layer_of(object));
    const Result<std::string> text = read_whole(layer.path, kMaxTextBytes);
    if (!text) {
      out_.notes.push_back(fmt::format("config: {}", text.error().detail));
      return {};
    }
    QUERN_TRY(const json::object config, parse_object(*text));
    ModelFacts& facts = out_.model.facts;
    QUERN_TRY(facts.family, text_or(config, "model_family", ""));
    QUERN_TRY(std::string quant, text_or(config, "file_type", ""));
    facts.quant = lower(quant);
    QUERN_TRY(facts.format, text_or(config, "model_format", "gguf"));
    QUERN_TRY(const std::uint64_t n_ctx, uint_or(config, "context_length", 0));
    facts.n_ctx = static_cast<std::uint32_t>(std::min<std::uint64_t>(n_ctx, UINT32_MAX));
    for (const char* key : {"renderer", "parser", "requires", "model_type"}) {
      QUERN_TRY(const std::string value, text_or(config, key, ""));
      if (!value.empty()) out_.model.tags[key] = value;
    }
    QUERN_TRY(const std::string remote, text_or(config, "remote_host", ""));
    if (!remote.empty()) {
      out_.unusable = fmt::format("{}: it runs on {}, not on this machine", out_.model.name.display(), shown(remote));
    }
    return {};
  }

  Status read_layer(const Layer& layer) {
    if (layer.type == "model") return add_file(layer, FileRole::weights);
    if (layer.type == "projector") return add_file(layer, FileRole::projector);
    if (layer.type == "adapter") return add_file(layer, FileRole::adapter);
    if (layer.type == "draft") return add_file(layer, FileRole::draft);
    if (layer.type == "tensor" || layer.type == "json") {
      out_.unusable = fmt::format("{}: it is made of safetensors, want a GGUF file: convert it, or pull a GGUF of it",
                                  out_.model.name.display());
      return {};
    }
    if (layer.type.empty() || layer.type == "embed") return {};
    QUERN_TRY(const std::string text, text_of_layer(layer));
    Settings& settings = out_.model.settings;
    if (layer.type == "template" || layer.type == "prompt") {
      settings.go_template = text;
      out_.notes.push_back("template: written for Go, not used: the chat template of the model's file is");
    } else if (layer.type == "system") {
      settings.system = text;
    } else if (layer.type == "license") {
      settings.licenses.push_back(text);
    } else if (layer.type == "params") {
      return read_params(text);
    } else if (layer.type == "messages") {
      return read_messages(text);
    } else {
      out_.notes.push_back(fmt::format("layer {}: not known, not used", shown(layer.type)));
    }
    return {};
  }

  Status add_file(const Layer& layer, FileRole role) {
    struct stat info {};
    const bool there = ::stat(layer.path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
    if (!there || (layer.size_bytes != 0 && static_cast<std::uint64_t>(info.st_size) != layer.size_bytes)) {
      out_.unusable = fmt::format("{}: not whole: {}: want {} bytes, found {}", out_.model.name.display(), layer.path,
                                  layer.size_bytes, there ? fmt::format("{}", info.st_size) : "no such file");
      if (!there) return {};
    }
    out_.model.files.push_back({.role = role,
                                .path = layer.path,
                                .digest = layer.digest,
                                .size_bytes = static_cast<std::uint64_t>(info.st_size),
                                .source = {out_.model.origin, out_.model.digest.text(), layer.digest.text()}});
    return {};
  }

  Result<std::string> text_of_layer(const Layer& layer) const {
    QUERN_TRY(std::string text, read_whole(layer.path, kMaxTextBytes));
    // Small, so checked at once: what a model says and how it samples comes from here.
    QUERN_TRY(const Digest found, digest_of(text));
    if (found == layer.digest) return text;
    return fail(Errc::corrupt, "{}: want {}, found {}", layer.path, layer.digest.text(), found.text());
  }

  Status read_params(const std::string& text) {
    QUERN_TRY(const json::object params, parse_object(text));
    for (const auto& [key, value] : params) {
      const json::array single{value};
      for (const json::value& one : value.is_array() ? value.get_array() : single) {
        const Result<std::string> set = set_parameter(std::string_view(key), plain(one), out_.model.settings);
        if (!set || !set->empty()) out_.notes.push_back(set ? *set : set.error().detail);
      }
    }
    return {};
  }

  Status read_messages(const std::string& text) {
    QUERN_TRY(const json::object wrapped, parse_object("{\"m\":" + text + "}"));
    QUERN_TRY(const json::array* messages, array_of(wrapped, "m"));
    for (std::size_t i = 0; messages != nullptr && i < messages->size(); ++i) {
      const json::object* const message = (*messages)[i].if_object();
      if (message == nullptr) return fail(Errc::corrupt, "messages: want objects, found something else");
      QUERN_TRY(std::string role, text_of(*message, "role"));
      QUERN_TRY(std::string content, text_or(*message, "content", ""));
      out_.model.settings.messages.push_back({std::move(role), std::move(content)});
    }
    return {};
  }

  const std::string& blobs_;
  StoreModel out_;
};

// host/namespace/model/tag as a name; empty: it is none.
std::optional<ModelRef> name_of(const std::string& inner) {
  const std::size_t tag = inner.rfind('/');
  const Result<ModelRef> ref = ModelRef::parse(inner.substr(0, tag) + ":" + inner.substr(tag + 1),
                                               {.hub_host = "", .working_folder = "", .home = ""});
  return ref && ref->variant.empty() && ref->digest.empty() ? std::optional(*ref) : std::nullopt;
}

Result<StoreModel> read_one(const std::string& folder, const std::string& inner, const ModelRef& name) {
  const std::string path = fmt::format("{}/manifests/{}", folder, inner);
  QUERN_TRY(const std::string text, read_whole(path, kMaxManifestBytes));
  Result<StoreModel> found = read_ollama_manifest(text, name, folder + "/blobs");
  if (!found) return Error{Errc::corrupt, fmt::format("{}: {}", path, found.error().detail), {}};
  return found;
}

// manifests/<host>/<namespace>/<model>/<tag>, sorted.
std::vector<std::string> manifests_in(const std::string& folder, StoreListing& out) {
  std::vector<std::string> inners;
  const std::string root = folder + "/manifests";
  std::error_code error;
  fs::recursive_directory_iterator it(root, error), end;
  for (; !error && it != end; it.increment(error)) {
    constexpr int kTagDepth = 3;
    if (it.depth() >= kTagDepth) it.disable_recursion_pending();
    std::error_code ignored;
    if (it.depth() == kTagDepth && it->is_regular_file(ignored)) {
      inners.push_back(it->path().lexically_relative(root).string());
    }
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    out.notes.push_back(fmt::format("{}: cannot be read: {}", root, error.message()));
  }
  std::ranges::sort(inners);
  return inners;
}

}  // namespace

Result<StoreModel> read_ollama_manifest(std::string_view text, const ModelRef& name, const std::string& blobs) {
  return ManifestReader(name, blobs).read(text);
}

StoreListing list_ollama_store(const std::string& folder) {
  StoreListing out;
  for (const std::string& inner : manifests_in(folder, out)) {
    const std::optional<ModelRef> name = name_of(inner);
    if (!name) continue;
    Result<StoreModel> found = read_one(folder, inner, *name);
    if (!found) {
      out.notes.push_back(found.error().detail);
    } else if (!found->unusable.empty()) {
      out.notes.push_back(found->unusable);
    } else {
      out.models.push_back(std::move(*found));
    }
  }
  return out;
}

Result<StoreModel> find_in_ollama_store(const std::string& folder, const ModelRef& ref) {
  ModelRef wanted = ref.base();
  wanted.digest = {};
  const std::string canonical = lower(wanted.canonical());
  StoreListing listing;
  for (const std::string& inner : manifests_in(folder, listing)) {
    const std::optional<ModelRef> name = name_of(inner);
    if (!name || lower(name->canonical()) != canonical) continue;
    QUERN_TRY(StoreModel found, read_one(folder, inner, *name));
    if (!ref.digest.empty() && ref.digest != found.model.digest) {
      return fail(Errc::not_found, "{}: the one in {} has the digest {}", ref.display(), folder,
                  found.model.digest.text());
    }
    if (!found.unusable.empty()) return fail(Errc::unsupported, "{}", found.unusable);
    return found;
  }
  return fail(Errc::not_found, "{}: not in the Ollama store {}{}{}", ref.display(), folder,
              listing.notes.empty() ? "" : "; ", listing.notes.empty() ? "" : listing.notes.front());
}

}  // namespace quern::registry
