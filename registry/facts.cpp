#include "registry/facts.hpp"

#include "engine/gguf/file_type.hpp"
#include "engine/gguf/open_files.hpp"
#include "kernels/quant/quant_format.hpp"
#include "registry/disk_file.hpp"
#include "registry/gguf_names.hpp"

#include <algorithm>
#include <map>

#include <sys/stat.h>

namespace quern::registry {
namespace {

using engine::gguf::GgufFile;

// Parts of other models that Ollama keeps in the file of the text model.
constexpr std::string_view kForeign[] = {"v.", "mm.", "a.", "mtp.", "vision_tower.", "model.vision"};

std::uint32_t number(const GgufFile& file, const std::string& key) {
  const Result<std::uint64_t> found = file.get_uint(key);
  return found ? static_cast<std::uint32_t>(std::min<std::uint64_t>(*found, UINT32_MAX)) : 0;
}

}  // namespace

Result<FileFacts> read_facts(const std::vector<std::string>& weights) {
  QUERN_TRY(const auto file, engine::gguf::open_files(weights));
  FileFacts out;
  ModelFacts& facts = out.facts;
  if (const auto family = file->get_string("general.architecture")) facts.family = *family;
  if (const auto type = file->get_string("general.type")) out.is_adapter = *type == "adapter";
  facts.n_ctx = number(*file, facts.family + ".context_length");
  facts.n_layer = number(*file, facts.family + ".block_count");
  if (const engine::gguf::Value* tokens = file->find("tokenizer.ggml.tokens");
      tokens != nullptr && tokens->type == engine::gguf::ValueType::array) {
    facts.vocab_size = static_cast<std::uint32_t>(std::min<std::uint64_t>(tokens->array.count, UINT32_MAX));
  }
  std::map<kernels::TensorType, std::uint64_t> bytes;
  for (const engine::gguf::Tensor& tensor : file->tensors()) {
    bytes[tensor.type] += tensor.data.size();
    facts.params += tensor.n_values();
    const bool foreign = std::ranges::any_of(kForeign, [&](std::string_view p) { return tensor.name.starts_with(p); });
    if (foreign && out.foreign_tensors.empty()) out.foreign_tensors = tensor.name;
  }
  const auto most = std::ranges::max_element(bytes, {}, [](const auto& pair) { return pair.second; });
  if (most != bytes.end()) facts.dtype = kernels::format_of(most->first).name;
  const auto type = file->get_uint("general.file_type");
  facts.quant = type ? engine::gguf::file_type_name(*type) : facts.dtype;
  return out;
}

Result<std::vector<ModelFile>> files_at(const std::string& path, FileRole role) {
  std::vector<ModelFile> out;
  for (const std::string& shard : shard_paths(path)) {
    struct stat info {};
    if (::stat(shard.c_str(), &info) != 0) return io_error(shard, "found");
    if (!S_ISREG(info.st_mode)) return fail(Errc::bad_input, "{}: want a GGUF file, found something else", shard);
    out.push_back({.role = role, .path = shard, .size_bytes = static_cast<std::uint64_t>(info.st_size)});
  }
  return out;
}

}  // namespace quern::registry
