// How people call a model: the names of Ollama, Hugging Face, Docker and OCI registries, an address, or a path; read
// into one checked value from which files and addresses may be built. Nothing in it leads out of a folder.
//   qwen3:8b                        ollama        registry.ollama.ai / library / qwen3 : 8b
//   hf.co/org/repo:Q4_K_M           hugging_face  also huggingface.co/, hf:, the host of HF_ENDPOINT, https://
//   hf.co/org/repo/sub/file.gguf    hugging_face  one file; /tree/REV and /resolve/REV/file name a revision
//   docker.io/ai/model:tag          oci           also oci://host/repo:tag
//   https://host/x.gguf             url
//   ./x.gguf, /x.gguf, ~/x.gguf     path          also one that ends in .gguf and exists
// Behind any of these @precise names a variant (other settings of the same files), @sha256:<64 hex> a digest.
// Threads: values; parse() looks at the environment and, for relative paths, at the file system.
// Limits: those of the registries, and kMaxNameBytes for all. Source: Ollama's and the hub's documentation.
#pragma once

#include "base/result.hpp"
#include "registry/digest.hpp"

#include <string>
#include <string_view>

namespace quern::registry {

inline constexpr std::size_t kMaxNameBytes = 4096;
inline constexpr std::string_view kOllamaHost = "registry.ollama.ai";
inline constexpr std::string_view kOllamaNamespace = "library";
inline constexpr std::string_view kDefaultTag = "latest";
inline constexpr std::string_view kHubHost = "hf.co";
inline constexpr std::string_view kDockerHost = "docker.io";

enum class RefKind { ollama, hugging_face, oci, url, path };
std::string_view ref_kind_name(RefKind kind) noexcept;

// What a name is read against. Tests give their own.
struct NameRules {
  std::string hub_host;        // host[:port] of HF_ENDPOINT: means the hub too; empty: none
  std::string working_folder;  // absolute; of relative paths
  std::string home;            // of ~/; empty: ~/ is refused
};
// HF_ENDPOINT, HOME and the working folder of this process.
NameRules name_rules();

struct ModelRef {
  RefKind kind = RefKind::ollama;
  std::string host;  // lower case, with its port; the hub is always hf.co, Docker's docker.io; url: of the address
  std::string namespace_;  // ollama: "library"; hugging_face: the organisation; oci: all of the path before the model
  std::string model;       // the repository's name; url and path: the file's name without .gguf
  std::string tag;         // ollama, oci: never empty; hugging_face: the quantisation, empty: to be chosen
  std::string revision;    // hugging_face: branch, tag or commit, with plain slashes; empty: main
  std::string file;        // hugging_face: path inside of the repository; url: the address; path: absolute
  std::string variant;     // of our own
  Digest digest;           // of the manifest; empty: none

  bool operator==(const ModelRef&) const = default;

  // Errors: bad_input that names the part, what was found and what was expected.
  static Result<ModelRef> parse(std::string_view text, const NameRules& rules = name_rules());

  // All of it, every default written out: parse(canonical()) gives the same value again, under any rules.
  std::string canonical() const;
  // As people say it: what is a default is left out, as Ollama does.
  std::string display() const;
  // The same model without the variant.
  ModelRef base() const;
};

// A relative path inside of a repository or an archive: no "..", no empty part, no backslash, drive or control
// character; at most 1,024 bytes. Errors: bad_input.
Status check_inner_path(std::string_view path);
// Letters, digits, - and _, at most 40. Errors: bad_input.
Status check_variant(std::string_view variant);

}  // namespace quern::registry
