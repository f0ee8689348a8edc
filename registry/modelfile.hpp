// A model described by its user: what it is made from and how it is meant to be used. Written as a Modelfile, as Ollama
// reads them, or as YAML with the same things under names. Threads: pure functions.
//   FROM qwen3:8b                       from: qwen3:8b
//   PARAMETER temperature 0.3           parameters: {temperature: 0.3, stop: ["</s>"]}
//   SYSTEM """..."""                    system: ...
//   MESSAGE user Hello                  messages: [{role: user, content: Hello}]
//   ADAPTER ./lora.gguf                 adapters: [./lora.gguf]
//   TEMPLATE, LICENSE, REQUIRES         template, license; of YAML alone: variants, aliases, pin, keep_alive
// Limits: kMaxModelfileBytes. Errors: bad_input "NAME:LINE: ...".
// Source: Ollama's documentation of Modelfiles.
#pragma once

#include "base/result.hpp"
#include "registry/model.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace quern::registry {

inline constexpr std::size_t kMaxModelfileBytes = 4u << 20;

struct Modelfile {
  std::string from;                   // a name or a path
  std::vector<std::string> adapters;  // paths
  Settings settings;
  std::map<std::string, Settings> variants;
  std::vector<std::string> aliases;  // names as they were written
  std::map<std::string, std::string> tags;
  bool pin = false;
  std::vector<std::string> notes;  // what has no meaning here, and why
};

// name: of the file, for errors.
Result<Modelfile> parse_modelfile(std::string_view text, const std::string& name);
Result<Modelfile> parse_model_yaml(const std::string& text, const std::string& name);
// The model's description as a Modelfile again; settings that no Modelfile has become comments.
std::string modelfile_text(const Model& model);

}  // namespace quern::registry
