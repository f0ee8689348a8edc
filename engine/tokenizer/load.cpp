#include "engine/tokenizer/models.hpp"
#include "engine/tokenizer/tokenizer.hpp"
#include "engine/tokenizer/unread_rules.hpp"

#include <array>
#include <string>

namespace quern::engine {

Result<std::unique_ptr<Tokenizer>> load_tokenizer(const gguf::GgufFile& file) {
  static const std::array kModels{&kSpmModel,        &kBpeModel,       &kGemma4Model,
                                  &kWhitespaceModel, &kWordPieceModel, &kUnigramModel};
  QUERN_TRY(const std::string_view name, file.get_string("tokenizer.ggml.model"));
  std::string known;
  for (const TokenizerModel* const model : kModels) {
    if (model->name == name) {
      QUERN_CHECK(refuse_unread_rules(file, name));
      return model->load(file);
    }
    known.append(known.empty() ? "" : ", ").append(model->name);
  }
  return fail(Errc::unsupported, "tokenizer.ggml.model: found '{}', supported: {}", name, known);
}

}  // namespace quern::engine
