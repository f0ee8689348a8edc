#include "app/inspect/inspect.hpp"

#include "tests/support/gguf_builder.hpp"

#include <filesystem>
#include <limits>
#include <sstream>

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace quern::app {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using kernels::TensorType;

class Inspect : public testing::Test {
 protected:
  void SetUp() override {
    path_ = (fs::path(testing::TempDir()) / ("inspect_" + std::to_string(::getpid()) + ".gguf")).string();
    std::vector<std::string> words;
    for (int i = 0; i < 100; ++i) words.push_back("word" + std::to_string(i));
    words[1] = "\xE2\x96\x81the";
    test::GgufBuilder builder;
    builder.key("general.architecture", "llama").key("general.file_type", 15u).key("llama.rope.freq_base", 1e-5f);
    builder.key("evil\x1b[2J", "a\x1b]0;title\x07").key("template", "line one\n\tline \xFF two\n");
    builder.key("words", words).key("odd", std::vector<float>{1, std::numeric_limits<float>::infinity()});
    builder.tensor("token_embd.weight", TensorType::q4_k, {256, 4}).tensor("norm\n", TensorType::f32, {256});
    test::write_file(path_, builder.build());
  }
  void TearDown() override { fs::remove(path_); }

  std::string text(InspectOptions options) const {
    if (options.path.empty()) options.path = path_;
    std::ostringstream out;
    const Status status = run_inspect(options, out);
    EXPECT_TRUE(status.has_value()) << status.error().detail;
    return out.str();
  }
  json::object parsed(InspectOptions options) const {
    options.json = true;
    return json::parse(text(options)).as_object();
  }
  std::string path_;
};

bool contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

// Nothing but printable characters, blanks and line ends.
bool is_safe(const std::string& text) {
  return std::ranges::none_of(text,
                              [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7F; });
}

TEST_F(Inspect, TextShowsMetadataTensorsAndSummary) {
  const std::string out = text({});
  for (const char* part : {"general.architecture", "\"llama\"", "array of string[100]", "\"word5\", ...]", "1e-05",
                           "token_embd.weight", "[256, 4]", "q4_k", "576", "q4_k_m", "GGUF v3, 1 file, alignment 32",
                           "1280", "1600 bytes", "10.00 bits per parameter"}) {
    EXPECT_TRUE(contains(out, part)) << part << "\n" << out;
  }
  EXPECT_FALSE(contains(out, "word6")) << "long arrays are shortened";
}

TEST_F(Inspect, SaysWhatOfTheSamplingAdviceIsHonoured) {
  EXPECT_FALSE(contains(text({}), "sampling"));
  test::GgufBuilder builder;
  builder.key("general.architecture", "llama").key("general.sampling.temp", 0.6f);
  builder.key("general.sampling.top_k", 20u).key("general.sampling.mirostat", 3u);
  test::write_file(path_, builder.build());
  const std::string out = text({});
  EXPECT_TRUE(contains(out, "temperature 0.6, top_k 20")) << out;
  EXPECT_TRUE(contains(out, "general.sampling.mirostat: mirostat: must be 0, 1 or 2, found 3")) << out;
  const json::object summary = parsed({}).at("summary").as_object();
  EXPECT_EQ(summary.at("sampling"), (json::array{"temperature 0.6", "top_k 20"}));
  EXPECT_EQ(summary.at("sampling_not_honoured").as_array().size(), 1u);
}

TEST_F(Inspect, ForeignTextCannotSteerTheTerminal) {
  EXPECT_TRUE(is_safe(text({})));
  EXPECT_TRUE(contains(text({}), "evil\\x1b[2J"));
  EXPECT_TRUE(is_safe(text({.key = "template"})));
  for (const char* key : {"", "evil\x1b[2J", "words"}) {
    const std::string out = text({.json = true, .key = key});
    EXPECT_TRUE(is_safe(out));
    EXPECT_TRUE(std::ranges::none_of(out, [](char c) { return static_cast<unsigned char>(c) >= 0x7F; }));
  }
}

TEST_F(Inspect, SectionsAlone) {
  EXPECT_FALSE(contains(text({.metadata_only = true}), "token_embd.weight"));
  EXPECT_FALSE(contains(text({.tensors_only = true}), "general.architecture"));
  EXPECT_FALSE(contains(text({.tensors_only = true}), "Summary"));
  EXPECT_FALSE(parsed({.metadata_only = true}).contains("tensors"));
  EXPECT_FALSE(parsed({.tensors_only = true}).contains("metadata"));
}

TEST_F(Inspect, OneKeyInFull) {
  EXPECT_EQ(text({.key = "general.architecture"}), "llama\n");
  EXPECT_EQ(text({.key = "template"}), "line one\n\\tline \\xff two\n\n");
  const std::string words = text({.key = "words"});
  EXPECT_EQ(std::ranges::count(words, '\n'), 100);
  EXPECT_TRUE(contains(words, "word99"));
  const json::object value = parsed({.key = "words"});
  EXPECT_EQ(value.at("value").as_array().size(), 100u);
  EXPECT_EQ(value.at("value").at(1).as_string(), "\xE2\x96\x81the");
}

TEST_F(Inspect, JsonHoldsEverything) {
  const json::object report = parsed({});
  EXPECT_EQ(report.at("version").as_int64(), 3);
  const json::object& metadata = report.at("metadata").as_object();
  EXPECT_EQ(metadata.at("general.architecture").at("value").as_string(), "llama");
  EXPECT_EQ(metadata.at("llama.rope.freq_base").at("value").as_double(), 1e-5);
  EXPECT_EQ(metadata.at("words").at("count").to_number<int>(), 100);
  EXPECT_EQ(metadata.at("words").at("first").as_array().size(), 16u);
  EXPECT_EQ(metadata.at("odd").at("value").at(1).as_string(), "inf");
  EXPECT_EQ(metadata.at("template").at("value").as_string(), "line one\n\tline \xEF\xBF\xBD two\n");
  EXPECT_EQ(report.at("tensors").as_array().size(), 2u);
  EXPECT_EQ(report.at("tensors").at(0).at("bytes").to_number<int>(), 576);
  EXPECT_EQ(report.at("tensors").at(0).at("shape"), json::array({256, 4}));
  EXPECT_EQ(report.at("summary").at("parameters").to_number<int>(), 1280);
  EXPECT_EQ(report.at("summary").at("types").at("f32").at("tensors").to_number<int>(), 1);
  EXPECT_EQ(report.at("summary").at("file_type").as_string(), "q4_k_m");
}

TEST_F(Inspect, Errors) {
  std::ostringstream out;
  EXPECT_EQ(run_inspect({}, out).error().code, Errc::bad_input);
  EXPECT_EQ(run_inspect({.path = "/nonexistent.gguf"}, out).error().code, Errc::not_found);
  EXPECT_EQ(run_inspect({.path = path_, .key = "none"}, out).error().code, Errc::not_found);
  EXPECT_EQ(run_inspect({.path = path_, .metadata_only = true, .tensors_only = true}, out).error().code,
            Errc::bad_input);
  EXPECT_EQ(run_inspect({.path = path_, .tensors_only = true, .key = "words"}, out).error().code, Errc::bad_input);
  EXPECT_TRUE(out.str().empty());
}

TEST_F(Inspect, FilesWithoutTensorsOrArchitecture) {
  test::write_file(path_, test::GgufBuilder().build());
  const std::string out = text({});
  EXPECT_TRUE(contains(out, "not given"));
  EXPECT_TRUE(contains(out, "0.00 bits per parameter"));
}

}  // namespace
}  // namespace quern::app
