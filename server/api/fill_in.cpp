#include "server/api/fill_in.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace quern::server {
namespace {

class Builder {
 public:
  explicit Builder(Effort& effort) : effort_(effort), special_(effort.model().tokenizer->special()) {}

  void add_token(engine::TokenId token) {
    if (token != engine::kNoToken) tokens_.push_back(token);
  }

  // A text that is only text, whatever control tokens it mentions. Too long for any context: noted.
  Status add_text(std::string_view text, const std::string& field) {
    if (too_long_) return {};
    if (const Status fits = effort_.fits_context(text, field); !fits) {
      too_long_ = fits.error();
      return {};
    }
    QUERN_TRY(const std::vector<engine::TokenId> tokens,
              effort_.encode(text, {.add_special = false, .parse_special = false}, field));
    tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
    return {};
  }

  Status add_input(const PromptInput& input, const std::string& field) {
    if (const auto* text = std::get_if<std::string>(&input)) return add_text(*text, field);
    const auto& tokens = std::get<std::vector<engine::TokenId>>(input);
    tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
    return {};
  }

  // As models that know repositories were trained: its name, then each file behind its own. Others get the texts.
  Status add_files(const std::vector<FileText>& files, const std::string& field) {
    const engine::FillTokens& fill = special_.fill;
    if (files.empty()) return {};
    const bool has_files = fill.file != engine::kNoToken;
    if (has_files && fill.repository != engine::kNoToken) {
      add_token(fill.repository);
      QUERN_CHECK(add_text("repository\n", field));
    }
    for (const FileText& file : files) {
      add_token(fill.file);
      QUERN_CHECK(add_text((has_files ? file.name : "\n\n" + file.name) + "\n" + file.text, field));
    }
    if (!has_files) return add_text("\n\n", field);
    add_token(fill.file);
    return add_text("file\n", field);
  }

  void finish(Prepared& out) && {
    if (too_long_) {
      out.too_long = std::move(too_long_);
    } else {
      out.prompts.push_back(std::move(tokens_));
    }
  }

 private:
  Effort& effort_;
  const engine::SpecialTokens& special_;
  std::vector<engine::TokenId> tokens_;
  std::optional<Error> too_long_;
};

}  // namespace

Status add_fill_in(Prepared& out, const FillIn& what, const FillFields& names, Effort& effort) {
  const models::ServedModel& model = effort.model();
  const engine::SpecialTokens& special = model.tokenizer->special();
  const engine::FillTokens& fill = special.fill;
  if (!fill.complete()) {
    Error error = fail_field(names.suffix, "the model '{}' has no tokens for filling in the middle", model.id);
    error.code = Errc::unsupported;
    return error;
  }
  Builder builder(effort);
  if (special.add_bos) builder.add_token(special.bos);
  QUERN_CHECK(builder.add_files(what.files, names.files));
  builder.add_token(fill.prefix);
  for (const PromptInput& part : what.prefix) QUERN_CHECK(builder.add_input(part, names.prefix));
  builder.add_token(fill.suffix);
  QUERN_CHECK(builder.add_text(what.suffix, names.suffix));
  builder.add_token(fill.middle);
  std::move(builder).finish(out);
  for (const engine::TokenId token : {fill.prefix, fill.suffix, fill.middle, fill.pad, fill.repository, fill.file}) {
    const bool is_new = std::find(out.stop_tokens.begin(), out.stop_tokens.end(), token) == out.stop_tokens.end();
    if (token != engine::kNoToken && is_new) out.stop_tokens.push_back(token);
  }
  return {};
}

}  // namespace quern::server
