// Texts on their way to a model that makes vectors: tokens that fit, or an error with the numbers. Threads: any.
#pragma once

#include "engine/tokenizer/tokenizer.hpp"
#include "server/pipeline/effort.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace quern::server {

// What becomes of a text that is too long.
enum class TooLong : std::uint8_t { refuse, truncate };

// With the special tokens of the model's vocabulary; a cut text keeps the one that ends it. Errors: bad_input naming
// `field` (no tokens, too many); those of Effort::encode.
Result<std::vector<engine::TokenId>> encode_text(std::string_view text, TooLong too_long, const std::string& field,
                                                 Effort& effort);
// Tokens as they are. Errors: bad_input naming `field`.
Result<std::vector<engine::TokenId>> fit_tokens(std::vector<engine::TokenId> tokens, TooLong too_long,
                                                const std::string& field, const models::ServedModel& model);

// A query with one document after the other, as a model that ranks wants them: by its own template, or as two texts
// between its special tokens. Of a pair that is too long the document is cut. Refers to query and effort.
class PairEncoder {
 public:
  // Errors: bad_input naming "query"; those of Effort::encode.
  static Result<PairEncoder> create(std::string_view query, TooLong too_long, Effort& effort);
  // Errors: as above; `field` names the document.
  Result<std::vector<engine::TokenId>> encode(std::string_view document, const std::string& field) const;

 private:
  PairEncoder(std::string_view query, TooLong too_long, Effort& effort)
      : query_(query), too_long_(too_long), effort_(effort) {}
  Result<std::vector<engine::TokenId>> encode_by_template(std::string_view document, const std::string& field) const;

  std::string_view query_;
  TooLong too_long_;
  Effort& effort_;
  std::vector<engine::TokenId> before_, after_;  // what stands around the document's tokens
};

// Adds the text to those of a request. Errors: bad_input naming `field`, where they have more tokens than one request
// may have.
Status add_text(std::vector<engine::TokenId> text, const std::string& field, const ServerLimits& limits,
                std::uint64_t& n_tokens, std::vector<std::vector<engine::TokenId>>& out);

}  // namespace quern::server
