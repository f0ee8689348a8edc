#include "base/mmap_file.hpp"
#include "engine/tokenizer/sources/source.hpp"

#include <array>
#include <filesystem>
#include <string>

namespace quern::engine {
namespace {

std::string_view text_of(const MmapFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> load_tokenizer_bytes(std::string_view bytes, const SourceContext& context) {
  // Recognized by content, the most certain first.
  static const std::array kSources{&kHuggingFaceSource, &kTiktokenSource, &kSentencePieceSource};
  std::string known;
  for (const TokenizerSource* const source : kSources) {
    if (source->recognizes(bytes)) return source->load(bytes, context);
    known.append(known.empty() ? "" : ", ").append(source->name);
  }
  return fail(Errc::unsupported, "{}: this is no tokenizer; supported: {}, GGUF", context.name, known);
}

Result<std::unique_ptr<Tokenizer>> load_tokenizer_file(const std::string& path, const gguf::GgufFile* model) {
  QUERN_TRY(const MmapFile file, MmapFile::open(path));
  if (text_of(file).starts_with("GGUF")) {
    QUERN_TRY(const std::unique_ptr<gguf::GgufFile> vocabulary, gguf::GgufFile::open(path));
    return load_tokenizer(*vocabulary);
  }
  SourceContext context{.name = path, .config = {}, .model = model};
  const std::filesystem::path beside = std::filesystem::path(path).replace_filename("tokenizer_config.json");
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(beside, ignored)) return load_tokenizer_bytes(text_of(file), context);
  QUERN_TRY(const MmapFile config, MmapFile::open(beside.string()));
  context.config = text_of(config);
  return load_tokenizer_bytes(text_of(file), context);
}

}  // namespace quern::engine
