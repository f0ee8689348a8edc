// tiktoken's files: a line for each token, its bytes in base64 and its rank, which is also its id. The file has neither
// special tokens nor the expression that cuts words: they come from the model that the tokenizer is for, or, where
// there is none, from the file's name. Source: openai/tiktoken load.py and openai_public.py.
#include "engine/tokenizer/byte_alphabet.hpp"
#include "engine/tokenizer/models.hpp"
#include "engine/tokenizer/sources/base64.hpp"
#include "engine/tokenizer/sources/source.hpp"

#include <array>
#include <charconv>
#include <deque>
#include <span>

namespace quern::engine {
namespace {

struct NamedSpecial {
  std::string_view text;
  std::uint32_t id;
};
struct Encoding {  // of a published file
  std::string_view stem, pretokenizer;
  std::span<const NamedSpecial> specials;
};
constexpr NamedSpecial kR50k[] = {{"<|endoftext|>", 50256}};
constexpr NamedSpecial kP50k[] = {{"<|endoftext|>", 50256}};
constexpr NamedSpecial kCl100k[] = {{"<|endoftext|>", 100257},
                                    {"<|fim_prefix|>", 100258},
                                    {"<|fim_middle|>", 100259},
                                    {"<|fim_suffix|>", 100260},
                                    {"<|endofprompt|>", 100276}};
constexpr NamedSpecial kO200k[] = {{"<|endoftext|>", 199999}, {"<|endofprompt|>", 200018}};
constexpr Encoding kEncodings[] = {{"r50k_base", "gpt-2", kR50k},
                                   {"p50k_base", "gpt-2", kP50k},
                                   {"cl100k_base", "llama3", kCl100k},
                                   {"o200k_base", "gpt-4o", kO200k}};

std::string_view take_line(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

bool parse_line(std::string_view line, std::string& bytes, std::uint32_t& rank) {
  bytes.clear();
  const std::size_t blank = line.find(' ');
  if (blank == std::string_view::npos || blank == 0 || !append_base64(line.substr(0, blank), bytes)) return false;
  const std::string_view digits = line.substr(blank + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), rank);
  return error == std::errc() && end == digits.data() + digits.size();
}

bool recognizes(std::string_view bytes) {
  std::string ignored;
  std::uint32_t rank = 0;
  return parse_line(take_line(bytes), ignored, rank);
}

struct Ranks {
  VocabularyParts parts;
  std::deque<std::string> letters;  // the texts in the byte alphabet
  std::uint32_t n_ranked = 0;       // 1 + the highest rank; ids above are special
};

Result<Ranks> read_ranks(std::string_view rest, const SourceContext& context) {
  Ranks out;
  std::string bytes;
  const std::size_t n_lines = static_cast<std::size_t>(std::count(rest.begin(), rest.end(), '\n')) + 1;
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const std::string_view line = take_line(rest);
    if (line.empty()) continue;
    std::uint32_t rank = 0;
    if (!parse_line(line, bytes, rank) || bytes.empty())
      return fail(Errc::corrupt, "{}: line {}: expected base64, a blank and a rank", context.name, number);
    if (rank >= n_lines * 2 + 65536 || rank >= Vocabulary::kMaxTokens)
      return fail(Errc::corrupt, "{}: line {}: rank {} among {} lines", context.name, number, rank, n_lines);
    if (bytes.size() * 2 > MergeRules::kMaxRankedBytes)
      return fail(Errc::unsupported, "{}: line {}: a token of {} bytes, at most {}", context.name, number, bytes.size(),
                  MergeRules::kMaxRankedBytes / 2);
    if (rank >= out.parts.texts.size()) {
      out.parts.texts.resize(rank + 1);
      out.parts.kinds.resize(rank + 1, TokenKind::unused);
    }
    if (!out.parts.texts[rank].empty())
      return fail(Errc::corrupt, "{}: line {}: rank {} occurs twice", context.name, number, rank);
    std::string& letters = out.letters.emplace_back();
    for (const char c : bytes) letters.append(byte_to_letter(static_cast<std::uint8_t>(c)));
    out.parts.texts[rank] = letters;
    out.parts.kinds[rank] = TokenKind::normal;
  }
  out.n_ranked = static_cast<std::uint32_t>(out.parts.texts.size());
  return out;
}

void add_special(Ranks& ranks, std::size_t id, std::string_view text, TokenKind kind) {
  if (id >= ranks.parts.texts.size()) {
    ranks.parts.texts.resize(id + 1);
    ranks.parts.kinds.resize(id + 1, TokenKind::unused);
  }
  if (!ranks.parts.texts[id].empty()) return;
  ranks.parts.texts[id] = text;
  ranks.parts.kinds[id] = kind;
}

// The model's tokens that have no rank, and the name of its pre-tokenizer.
Result<std::string_view> take_from_model(const gguf::GgufFile& model, Ranks& ranks) {
  QUERN_TRY(const std::string_view name, model.get_string("tokenizer.ggml.pre"));
  QUERN_TRY(const gguf::ArrayView* const texts, model.get_array("tokenizer.ggml.tokens", gguf::ValueType::string));
  QUERN_TRY(const std::vector<std::int64_t> kinds, model.get_int_array("tokenizer.ggml.token_type"));
  for (std::size_t id = 0; id < std::min(kinds.size(), texts->strings.size()); ++id)
    if (kinds[id] == 3 || kinds[id] == 4) add_special(ranks, id, texts->strings[id], static_cast<TokenKind>(kinds[id]));
  return name;
}

Result<std::string_view> take_from_name(const SourceContext& context, Ranks& ranks) {
  std::string_view stem = context.name.substr(context.name.find_last_of('/') + 1);
  stem = stem.substr(0, stem.find('.'));
  std::string known;
  for (const Encoding& encoding : kEncodings) {
    if (encoding.stem == stem) {
      for (const NamedSpecial& special : encoding.specials)
        add_special(ranks, special.id, special.text, TokenKind::control);
      return encoding.pretokenizer;
    }
    known.append(known.empty() ? "" : ", ").append(encoding.stem);
  }
  return fail(Errc::unsupported,
              "{}: a tiktoken file does not say how words are cut: use it with a model that has tokenizer.ggml.pre, or "
              "name it as one of {}",
              context.name, known);
}

Result<std::unique_ptr<Tokenizer>> load(std::string_view bytes, const SourceContext& context) {
  QUERN_TRY(Ranks ranks, read_ranks(bytes, context));
  const bool from_model = context.model != nullptr && context.model->find("tokenizer.ggml.pre") != nullptr;
  QUERN_TRY(const std::string_view name,
            from_model ? take_from_model(*context.model, ranks) : take_from_name(context, ranks));
  const PretokenizerSpec* const spec = find_pretokenizer(name);
  if (spec == nullptr)
    return fail(Errc::unsupported, "tokenizer.ggml.pre: found '{}', supported: {}", name, pretokenizer_names());
  if (spec->units != BpeUnits::bytes)
    return fail(Errc::unsupported, "{}: tokenizer.ggml.pre is '{}', whose tokens are characters; ranks are of bytes",
                context.name, name);
  QUERN_TRY(Pretokenizer pretokenizer, Pretokenizer::create(*spec));
  QUERN_TRY(Vocabulary vocabulary, Vocabulary::create(std::move(ranks.parts), context.name));
  OwnSpecials own;
  own.ids.add_bos = from_model && spec->add_bos;
  if (!from_model) own.ids.eos = vocabulary.find("<|endoftext|>");
  if (from_model) own.clean_spaces = spec->clean_spaces;
  QUERN_TRY(const CompleteSpecials specials, complete_specials(own, vocabulary, context));
  QUERN_CHECK(SpecialSplitter::check(vocabulary));
  TokenRoles roles = roles_of(specials.ids, vocabulary);
  MergeRules merges = MergeRules::of_ranks(vocabulary, ranks.n_ranked);
  TextRules rules{.piece_form = PieceForm::byte_letters, .clean_spaces = specials.clean_spaces};
  return make_byte_level_bpe({std::move(vocabulary), std::move(roles), {}, nullptr}, rules, std::move(merges),
                             std::move(pretokenizer), /*ignore_merges=*/true);
}

}  // namespace

const TokenizerSource kTiktokenSource{".tiktoken", &recognizes, &load};

}  // namespace quern::engine
