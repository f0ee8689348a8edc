#include "registry/stores/store_model.hpp"

#include <cstdlib>

namespace quern::registry {
namespace {

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string expanded(const std::string& path, const std::string& home) {
  return path.starts_with("~/") && !home.empty() ? home + path.substr(1) : path;
}

}  // namespace

StoreFolders store_folders() {
  StoreFolders out;
  const std::string home = variable("HOME");
  const auto add = [&home](std::vector<std::string>& to, const std::string& path) {
    const std::string full = expanded(path, home);
    if (full.starts_with('/')) to.push_back(full);
  };
  if (const std::string llama = variable("LLAMA_CACHE"); !llama.empty()) add(out.hugging_face, llama);
  if (const std::string cache = variable("HF_HUB_CACHE"); !cache.empty()) {
    add(out.hugging_face, cache);
  } else if (const std::string older = variable("HUGGINGFACE_HUB_CACHE"); !older.empty()) {
    add(out.hugging_face, older);
  } else if (const std::string hub = variable("HF_HOME"); !hub.empty()) {
    add(out.hugging_face, hub + "/hub");
  } else if (const std::string xdg = variable("XDG_CACHE_HOME"); !xdg.empty()) {
    add(out.hugging_face, xdg + "/huggingface/hub");
  } else if (!home.empty()) {
    add(out.hugging_face, home + "/.cache/huggingface/hub");
  }
  if (const std::string models = variable("OLLAMA_MODELS"); !models.empty()) {
    add(out.ollama, models);
  } else {
    if (!home.empty()) add(out.ollama, home + "/.ollama/models");
    add(out.ollama, "/usr/share/ollama/.ollama/models");
  }
  return out;
}

}  // namespace quern::registry
