// Golden family "grammar": JSON schemas and GBNF grammars with texts that match and texts that do not, from
// dir/grammar/*.json. A text is read byte by byte; before each byte, the mask over a vocabulary of bytes must agree.
#include "engine/grammar/gbnf.hpp"
#include "engine/grammar/json_schema.hpp"
#include "engine/grammar/matcher.hpp"
#include "tests/golden/family.hpp"
#include "tests/support/golden_json.hpp"
#include "tests/support/piece_tokenizer.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>

namespace quern::golden {
namespace {

namespace json = boost::json;
using namespace engine::grammar;

std::shared_ptr<GrammarVocabulary> byte_vocabulary() {
  std::vector<std::string> pieces;
  for (int byte = 0; byte < 256; ++byte) pieces.emplace_back(1, static_cast<char>(byte));
  static const test::PieceTokenizer kTokenizer(std::move(pieces));
  return std::make_shared<GrammarVocabulary>(kTokenizer);
}

Result<std::shared_ptr<const CompiledGrammar>> compile(const json::object& one) {
  Grammar grammar;
  if (const json::value* text = one.if_contains("grammar")) {
    const json::string& gbnf = text->as_string();
    QUERN_TRY(const Expr root, add_gbnf(grammar, std::string_view(gbnf.data(), gbnf.size())));
    grammar.set_root(root);
  } else {
    // The reference leaves out what it cannot enforce (uniqueItems), and so do these cases.
    std::vector<std::string> ignored;
    SchemaOptions options;
    options.ignored = &ignored;
    QUERN_TRY(const Expr root, add_json_schema(grammar, one.at("schema"), options));
    grammar.set_root(root);
  }
  static const std::shared_ptr<GrammarVocabulary> kVocabulary = byte_vocabulary();
  return CompiledGrammar::compile(grammar, kVocabulary);
}

// Whether the whole text matches. disagreement: a mask said something else than the reading of a byte.
bool matches(const std::shared_ptr<const CompiledGrammar>& grammar, std::string_view text, bool& disagreement) {
  Matcher matcher(grammar);
  for (const char c : text) {
    const bool allowed = matcher.mask()->allows(static_cast<std::uint8_t>(c));
    const bool accepted = matcher.accept_bytes({&c, 1});
    disagreement |= allowed != accepted;
    if (!accepted) return false;
  }
  return matcher.may_end();
}

// Empty: as expected.
std::string run_case(const json::object& one, bool convertible) {
  const auto grammar = compile(one);
  if (!convertible) return grammar ? "want an error, found none" : "";
  if (!grammar) return grammar.error().detail;
  bool disagreement = false;
  for (const char* key : {"valid", "invalid", "valid_with_whitespace"}) {
    const json::value* const texts = one.if_contains(key);
    if (texts == nullptr) continue;
    const bool want = std::string_view(key) != "invalid";
    for (const json::value& text : texts->as_array()) {
      if (matches(*grammar, text.as_string(), disagreement) != want) {
        return fmt::format("{}: {} {}", key, want ? "refused" : "accepted", json::serialize(text));
      }
    }
  }
  return disagreement ? "a mask disagrees with the reading of a byte" : "";
}

FileResult run_file(const std::filesystem::path& path) {
  const std::string stem = path.stem().string();
  FileResult result{"grammar/" + stem, false, {}};
  const json::value document = test::read_json(path);
  const json::array& cases = document.as_array();
  const bool convertible = !stem.ends_with("_rejected") && !stem.ends_with("_not_convertible");
  std::size_t n_failed = 0;
  for (const json::value& one : cases) {
    const std::string mismatch = run_case(one.as_object(), convertible);
    if (!mismatch.empty() && n_failed++ == 0) {
      result.message = fmt::format("; first: \"{}\": {}", one.at("name").as_string().c_str(), mismatch);
    }
  }
  result.passed = n_failed == 0 && !cases.empty();
  result.message = fmt::format("{} of {} cases{}", cases.size() - n_failed, cases.size(), result.message);
  return result;
}

void run(const Options& options, const std::function<void(const FileResult&)>& report) {
  for (const std::filesystem::path& path : files_of(options, "grammar", ".json")) {
    try {  // a damaged data file is a result too
      report(run_file(path));
    } catch (const std::exception& e) {
      report({"grammar/" + path.stem().string(), false, e.what()});
    }
  }
}

}  // namespace

const Family kGrammarFamily{"grammar", &run};

}  // namespace quern::golden
