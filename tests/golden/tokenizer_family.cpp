// tokenizer/: texts with the ids they become and the text that these ids become again. Everything must be equal.
#include "base/mmap_file.hpp"
#include "engine/gguf/reader.hpp"
#include "engine/tokenizer/tokenizer.hpp"
#include "tests/golden/family.hpp"
#include "tests/support/golden_json.hpp"

#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace quern::golden {

namespace {

namespace fs = std::filesystem;

// The vocabularies of the arch family are not stored twice.
fs::path vocabulary_of(const fs::path& cases) {
  static const std::map<std::string, std::string> kElsewhere{{"arch-spm-512", "llama.gguf"},
                                                             {"arch-wordpiece-700", "bert.gguf"}};
  const fs::path beside = fs::path(cases).replace_extension(".gguf");
  const auto elsewhere = kElsewhere.find(cases.stem().string());
  if (fs::exists(beside) || elsewhere == kElsewhere.end()) return beside;
  return cases.parent_path().parent_path() / "arch" / elsewhere->second;
}

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
std::string check_case(const engine::Tokenizer& tokenizer, const boost::json::object& test) {
  const std::string text(test.at("text").as_string());
  const std::vector<std::int32_t> want = test::to_ints(test.at("ids"));
  const engine::EncodeOptions options{.add_special = test.at("add_special").as_bool(),
                                      .parse_special = test.at("parse_special").as_bool()};
  const std::vector<engine::TokenId> got = tokenizer.encode(text, options);
  if (got != want)
    return fmt::format("encode({}, add_special={}, parse_special={}): got [{}], expected [{}]", as_json(text),
                       options.add_special, options.parse_special, fmt::join(got, ", "), fmt::join(want, ", "));
  const boost::json::value* const hex = test.if_contains("detok_hex");
  const std::string want_text = hex != nullptr ? from_hex(hex->as_string()) : std::string(test.at("detok").as_string());
  const std::string got_text = tokenizer.decode(want, /*show_special=*/true);
  if (got_text != want_text)
    return fmt::format("decode([{}]): got {}, expected {}", fmt::join(want, ", "), as_json(got_text),
                       as_json(want_text));
  return {};
}

FileResult run_file(const fs::path& cases) {
  FileResult out{.file = "tokenizer/" + cases.stem().string(), .passed = false, .message = {}};
  const auto file = engine::gguf::GgufFile::open(vocabulary_of(cases).string());
  if (!file) {
    out.message = file.error().detail;
    return out;
  }
  const auto tokenizer = engine::load_tokenizer(**file);
  if (!tokenizer) {
    out.message = tokenizer.error().detail;
    return out;
  }
  const boost::json::value json = test::read_json(cases);
  std::size_t n_failed = 0;
  for (const boost::json::value& test : json.as_array()) {
    const std::string problem = check_case(**tokenizer, test.as_object());
    if (!problem.empty() && n_failed++ == 0) out.message = problem;
  }
  const std::size_t n_cases = json.as_array().size();
  out.passed = n_failed == 0 && n_cases > 0;
  out.message = out.passed ? fmt::format("{} cases", n_cases)
                           : fmt::format("{} of {} cases failed; {}", n_failed, n_cases, out.message);
  return out;
}

void run(const Options& options, const std::function<void(const FileResult&)>& report) {
  for (const fs::path& path : files_of(options, "tokenizer", ".json")) {
    try {
      report(run_file(path));
    } catch (const std::exception& e) {
      report({.file = "tokenizer/" + path.stem().string(), .passed = false, .message = e.what()});
    }
  }
}

}  // namespace

const Family kTokenizerFamily{"tokenizer", &run};

}  // namespace quern::golden
