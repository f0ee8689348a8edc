#include "tests/golden/tokenizer_cases.hpp"

#include "tests/support/golden_json.hpp"

#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace quern::golden {

namespace fs = std::filesystem;

namespace {

// The vocabularies of the arch family are not stored twice.
}  // namespace

fs::path vocabulary_of(const fs::path& cases) {
  static const std::map<std::string, std::string> kElsewhere{{"arch-spm-512", "llama.gguf"},
                                                             {"arch-wordpiece-700", "bert.gguf"}};
  const fs::path beside = fs::path(cases).replace_extension(".gguf");
  const auto elsewhere = kElsewhere.find(cases.stem().string());
  if (fs::exists(beside) || elsewhere == kElsewhere.end()) return beside;
  return cases.parent_path().parent_path() / "arch" / elsewhere->second;
}

namespace {

std::string from_hex(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    out.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  return out;
}

std::string as_json(std::string_view text) {
  return boost::json::serialize(boost::json::string(text));
}

// Empty where the case holds.
std::string check_ids(const engine::Tokenizer& tokenizer, const boost::json::object& test) {
  const std::string text(test.at("text").as_string());
  const std::vector<std::int32_t> want = test::to_ints(test.at("ids"));
  const engine::EncodeOptions options{.add_special = test.at("add_special").as_bool(),
                                      .parse_special = test.at("parse_special").as_bool()};
  const std::vector<engine::TokenId> got = tokenizer.encode(text, options).value();
  if (got == want) return {};
  return fmt::format("encode({}, add_special={}, parse_special={}): got [{}], expected [{}]", as_json(text),
                     options.add_special, options.parse_special, fmt::join(got, ", "), fmt::join(want, ", "));
}

std::string check_text(const engine::Tokenizer& tokenizer, const boost::json::object& test) {
  const std::vector<std::int32_t> ids = test::to_ints(test.at("ids"));
  const boost::json::value* const hex = test.if_contains("detok_hex");
  const std::string want = hex != nullptr ? from_hex(hex->as_string()) : std::string(test.at("detok").as_string());
  const std::string got = tokenizer.decode(ids, /*show_special=*/true);
  if (got == want) return {};
  return fmt::format("decode([{}]): got {}, expected {}", fmt::join(ids, ", "), as_json(got), as_json(want));
}

}  // namespace

CaseCount check_tokenizer_cases(const engine::Tokenizer& tokenizer, const boost::json::array& cases,
                                const CaseSelection& selection) {
  CaseCount out;
  for (const boost::json::value& test : cases) {
    if (selection.skip && selection.skip(std::string(test.at("text").as_string()))) continue;
    ++out.n_cases;
    std::string problem = check_ids(tokenizer, test.as_object());
    if (problem.empty() && !selection.ids_only) problem = check_text(tokenizer, test.as_object());
    if (!problem.empty() && out.n_failed++ == 0) out.first = problem;
  }
  return out;
}

}  // namespace quern::golden
