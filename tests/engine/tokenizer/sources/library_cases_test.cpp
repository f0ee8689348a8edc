// What the files' own libraries make of them: ids and text that huggingface/tokenizers 0.22.2 and SentencePiece 0.2
// gave for small tokenizer.json and .model files of every kind of normalizer, pre-tokenizer, model, post-processor,
// decoder and added token. A file of tests/data/tokenizer/library is a list of {"file": ..., "cases": [{"text", "ids"
// or "error", "decoded"}]}; those beside this repository are files of their own, with an expected.json.
#include "engine/tokenizer/sources/source.hpp"
#include "tests/support/golden_json.hpp"

#include <bit>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include <fmt/ranges.h>
#include <gtest/gtest.h>

namespace quern::engine {

namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

std::string check(const Tokenizer& tokenizer, const json::object& one) {
  const std::string text(one.at("text").as_string());
  const auto got = tokenizer.encode(text, {.add_special = true, .parse_special = true});
  if (one.contains("error")) return got ? fmt::format("{}: an error was expected", text) : "";
  const std::vector<std::int32_t> want = test::to_ints(one.at("ids"));
  if (!got) return fmt::format("{}: {}", text, got.error().detail);
  if (*got != want)
    return fmt::format("{}: got [{}], expected [{}]", text, fmt::join(*got, ", "), fmt::join(want, ", "));
  if (!one.contains("decoded")) return "";
  const std::string back = tokenizer.decode(want, false);
  if (one.at("decoded").as_string() == back) return "";
  return fmt::format("[{}]: got '{}', expected '{}'", fmt::join(want, ", "), back,
                     std::string_view(one.at("decoded").as_string()));
}

TEST(LibraryCases, CommittedFiles) {
  const json::value all = test::read_json(fs::path(QUERN_TEST_DATA_DIR) / "tokenizer/library/tokenizers.json");
  std::size_t n_cases = 0;
  for (const json::value& entry : all.as_array()) {
    const std::string bytes = json::serialize(entry.at("file"));
    const auto tokenizer = load_tokenizer_bytes(bytes, {.name = "tokenizer.json", .config = {}});
    ASSERT_TRUE(tokenizer) << tokenizer.error().detail << "\n" << bytes.substr(0, 1000);
    for (const json::value& one : entry.at("cases").as_array()) {
      EXPECT_EQ(check(**tokenizer, one.as_object()), "") << bytes.substr(0, 1500);
      ++n_cases;
    }
  }
  EXPECT_GT(n_cases, 300u);
}

TEST(LibraryCases, FilesBesideTheRepository) {
  const char* const shared = std::getenv("QUERN_SHARED_DIR");
  const fs::path dir =
      (shared != nullptr ? fs::path(shared) : fs::path(QUERN_SOURCE_DIR) / "../shared") / "cases" / "tok";
  if (!fs::exists(dir / "expected.json")) GTEST_SKIP() << dir << " is not there; CommittedFiles has the same cases";
  std::map<std::string, std::unique_ptr<Tokenizer>> loaded;
  const json::value all = test::read_json(dir / "expected.json");
  for (const json::value& one : all.as_array()) {
    const std::string name(one.at("tokenizer").as_string());
    if (!loaded.contains(name)) loaded[name] = load_tokenizer_file((dir / name).string(), nullptr).value();
    EXPECT_EQ(check(*loaded[name], one.as_object()), "") << name;
  }
}

// A user-defined symbol behind the pieces of a SentencePiece .model.
std::string user_defined_piece(std::string_view text) {
  const std::string piece = std::string("\x0A") + static_cast<char>(text.size()) + std::string(text) + "\x18\x04";
  return std::string("\x0A") + static_cast<char>(piece.size()) + piece;
}

TEST(LibraryCases, UserDefinedSymbolsOfSentencePiece) {
  const fs::path data = fs::path(QUERN_TEST_DATA_DIR) / "tokenizer";
  std::map<std::string, std::unique_ptr<Tokenizer>> loaded;
  const json::value all = test::read_json(data / "library/user_defined.json");
  for (const json::value& one : all.at("cases").as_array()) {
    const std::string name(one.at("tokenizer").as_string());
    if (!loaded.contains(name)) {
      std::ifstream in(data / (name + ".model"), std::ios::binary);
      std::string bytes((std::istreambuf_iterator<char>(in)), {});
      for (const json::value& symbol : all.at("symbols").as_array()) bytes += user_defined_piece(symbol.as_string());
      loaded[name] = load_tokenizer_bytes(bytes, {.name = "x.model", .config = {}}).value();
    }
    const std::string text(one.at("text").as_string());
    const auto ids = loaded[name]->encode(text, {.add_special = false, .parse_special = false});
    EXPECT_EQ(ids.value(), test::to_ints(one.at("ids"))) << name << ": " << text;
  }
}

}  // namespace

}  // namespace quern::engine
