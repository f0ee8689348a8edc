// What the registry knows about a model: a name, files, what they hold, and how it is meant to be used. Threads:
// values.
#pragma once

#include "registry/digest.hpp"
#include "registry/model_name.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace quern::registry {

enum class FileRole { weights, projector, adapter, draft, license, other };
std::string_view file_role_name(FileRole role) noexcept;
std::optional<FileRole> file_role_named(std::string_view name) noexcept;

// Where a file came from, for `quern outdated`; all empty: nobody knows.
struct Source {
  std::string repo;    // canonical name of a repository, or an address
  std::string commit;  // of the hub; of other registries the digest of the manifest
  std::string file;    // its path there

  bool operator==(const Source&) const = default;
};

struct ModelFile {
  FileRole role = FileRole::weights;
  std::string path;  // absolute
  Digest digest;     // empty: not known (a file of somebody else's that nobody has hashed yet)
  std::uint64_t size_bytes = 0;
  float scale = 1;         // of an adapter
  std::uint32_t rank = 0;  // of an adapter; 0: not known
  Source source;

  bool operator==(const ModelFile&) const = default;
};

// From the header of the first file of weights.
struct ModelFacts {
  std::string family;           // general.architecture
  std::string format = "gguf";  // of the files
  std::string dtype;            // the type of most of its bytes: "q4_k"
  std::string quant;            // what its file_type says: "q4_k_m"
  std::uint64_t params = 0;
  std::uint32_t n_ctx = 0, n_layer = 0, vocab_size = 0;

  bool operator==(const ModelFacts&) const = default;
};

struct SampleMessage {
  std::string role, content;
  bool operator==(const SampleMessage&) const = default;
};

// What requests may leave out. Sampling values are kept as text under quern's names (sampling_names.hpp).
struct Settings {
  std::vector<std::pair<std::string, std::string>> sampling;  // {"temperature", "0.6"}, each name once
  std::vector<std::string> stop;
  std::string template_text;  // Jinja; empty: the file's
  std::string go_template;    // of Ollama; shown, never used
  std::string system;         // empty: none
  std::optional<std::uint32_t> ctx;
  std::optional<std::uint32_t> max_tokens;
  std::optional<std::chrono::seconds> keep_alive;  // negative: for ever
  std::vector<SampleMessage> messages;             // that every conversation begins with
  std::vector<std::string> licenses;

  bool operator==(const Settings&) const = default;
  bool empty() const { return *this == Settings(); }
};

// As rows of a table and of a manifest: names and texts, in order.
using SettingRows = std::vector<std::pair<std::string, std::string>>;
SettingRows rows_of(const Settings& settings);
// Errors: bad_input naming the row.
Result<Settings> settings_of(const SettingRows& rows);
// `over` where it says something, else `base`.
Settings merged(const Settings& base, const Settings& over);

struct Model {
  ModelRef name;       // without variant and digest; never a path
  std::string origin;  // canonical name it was pulled under, or made from
  Digest digest;       // of its manifest there; empty: it has none
  ModelFacts facts;
  std::vector<ModelFile> files;
  Settings settings;
  std::map<std::string, Settings> variants;  // @precise: over settings
  std::vector<std::string> aliases;          // canonical names
  std::map<std::string, std::string> tags;   // anything else: {"requires", "0.6.0"}
  bool pinned = false;
  std::int64_t created_unix_s = 0;
  std::int64_t last_used_unix_s = 0;

  bool operator==(const Model&) const = default;
  std::uint64_t size_bytes() const;  // of all files
  // The paths of the weights, split files in their order.
  std::vector<std::string> weights() const;
};

// Whether it can be added: a name, at least one file of weights, absolute paths, known sampling names.
Status check_model(const Model& model);

}  // namespace quern::registry
