#include "registry/sources/gguf_choice.hpp"

#include <gtest/gtest.h>

namespace quern::registry::sources {
namespace {

std::vector<RepoFile> files(std::initializer_list<const char*> names) {
  std::vector<RepoFile> out;
  for (const char* name : names) out.push_back({name, 100, {DigestKind::sha256, std::string(64, 'a')}});
  return out;
}

std::vector<std::string> names(const Choice& choice) {
  std::vector<std::string> out;
  for (const PlanFile& file : choice.files) out.push_back(file.name);
  return out;
}

std::vector<std::string> chosen(const std::vector<RepoFile>& all, std::string_view quant) {
  const auto choice = choose_gguf(all, quant, "hf.co/o/r");
  EXPECT_TRUE(choice) << choice.error().detail;
  return choice ? names(*choice) : std::vector<std::string>();
}

std::string refusal(const std::vector<RepoFile>& all, std::string_view quant) {
  const auto choice = choose_gguf(all, quant, "hf.co/o/r");
  EXPECT_FALSE(choice);
  return choice ? "" : choice.error().detail;
}

using Names = std::vector<std::string>;

TEST(GgufName, ReadsQuantisationShardsAndSidecars) {
  const GgufName split = read_gguf_name("Q8_0/Big-70B-Q8_0-00002-of-00003.gguf");
  EXPECT_EQ(split.stem, "Q8_0/Big-70B-Q8_0");
  EXPECT_EQ(split.quant, "Q8_0");
  EXPECT_EQ(split.shard, 2u);
  EXPECT_EQ(split.n_shards, 3u);
  EXPECT_EQ(read_gguf_name("qwen2.5-0.5b-instruct-q4_k_m.gguf").quant, "Q4_K_M");
  EXPECT_EQ(read_gguf_name("llama.Q5_K_S.gguf").quant, "Q5_K_S");
  EXPECT_EQ(read_gguf_name("x-BF16.GGUF").quant, "BF16");
  EXPECT_EQ(read_gguf_name("IQ2_XXS/x.gguf").quant, "IQ2_XXS");
  EXPECT_EQ(read_gguf_name("stories260K.gguf").quant, "");
  EXPECT_EQ(read_gguf_name("mmproj-model-f16.gguf").role, Role::projector);
  EXPECT_EQ(read_gguf_name("gemma-mmproj-F16.gguf").role, Role::projector);
  EXPECT_EQ(read_gguf_name("mtp-x-Q8_0.gguf").role, Role::draft);
  EXPECT_EQ(read_gguf_name("x-F16-LoRA.gguf").role, Role::adapter);
  EXPECT_FALSE(read_gguf_name("x.imatrix.gguf").usable);
  EXPECT_FALSE(read_gguf_name("eagle3-x-Q8_0.gguf").usable);
}

TEST(ChooseGguf, TheUsualOnesFirst) {
  EXPECT_EQ(chosen(files({"x-BF16.gguf", "x-Q8_0.gguf", "x-Q4_K_M.gguf"}), ""), Names{"x-Q4_K_M.gguf"});
  EXPECT_EQ(chosen(files({"x-BF16.gguf", "x-Q8_0.gguf"}), ""), Names{"x-Q8_0.gguf"});
  EXPECT_EQ(chosen(files({"x-Q3_K_S.gguf", "x-Q2_K.gguf"}), ""), Names{"x-Q3_K_S.gguf"});
  EXPECT_EQ(chosen(files({"stories260K.gguf"}), ""), Names{"stories260K.gguf"});
}

TEST(ChooseGguf, WhatIsAskedForInAnyCase) {
  const auto all = files({"x-Q8_0.gguf", "x-UD-Q4_K_XL.gguf", "x-Q4_K_XL.gguf", "README.md", "IQ1_S/x.gguf"});
  EXPECT_EQ(chosen(all, "q8_0"), Names{"x-Q8_0.gguf"});
  EXPECT_EQ(chosen(all, "Q4_K_XL"), Names{"x-Q4_K_XL.gguf"});
  EXPECT_EQ(chosen(all, "UD-Q4_K_XL"), Names{"x-UD-Q4_K_XL.gguf"});
  EXPECT_EQ(chosen(all, "iq1_s"), Names{"IQ1_S/x.gguf"});
  EXPECT_EQ(refusal(all, "Q6_K"), "hf.co/o/r: it has no 'Q6_K'; it has Q8_0, Q4_K_XL, IQ1_S");
}

TEST(ChooseGguf, ShardsTogetherAndInOrder) {
  const auto all = files({"x-Q8_0-00002-of-00002.gguf", "x-Q8_0-00001-of-00002.gguf"});
  EXPECT_EQ(chosen(all, "Q8_0"), (Names{"x-Q8_0-00001-of-00002.gguf", "x-Q8_0-00002-of-00002.gguf"}));
  EXPECT_NE(refusal(files({"x-Q8_0-00002-of-00002.gguf"}), "").find("split into 2 files, and the repository has 1"),
            std::string::npos);
  EXPECT_NE(refusal(files({"x-Q8_0-00001-of-00002.gguf", "x-Q8_0-00003-of-00002.gguf"}), "").find("split"),
            std::string::npos);
}

TEST(ChooseGguf, WithItsSidecars) {
  const auto all = files({"mmproj-BF16.gguf", "mmproj-F16.gguf", "mtp-x-Q4_K_M.gguf", "other/mmproj-F16.gguf",
                          "x-Q4_K_M.gguf", "x.imatrix.gguf"});
  EXPECT_EQ(chosen(all, ""), (Names{"x-Q4_K_M.gguf", "mmproj-F16.gguf", "mtp-x-Q4_K_M.gguf"}));
}

TEST(ChooseGguf, SeveralModelsThatFitAreNamed) {
  const auto all = files({"a-1B-Q4_K_M.gguf", "b-7B-Q4_K_M.gguf"});
  EXPECT_EQ(
      refusal(all, ""),
      "hf.co/o/r: 2 of its models fit; name one by its file, as hf.co/o/r/FILE: a-1B-Q4_K_M.gguf, b-7B-Q4_K_M.gguf");
  EXPECT_EQ(names(*choose_file(all, "b-7B-Q4_K_M.gguf", "hf.co/o/r")), Names{"b-7B-Q4_K_M.gguf"});
  EXPECT_FALSE(choose_file(all, "c.gguf", "hf.co/o/r"));
}

TEST(ChooseGguf, ARepositoryWithoutGgufSaysWhatItHas) {
  EXPECT_NE(refusal(files({"model.safetensors", "config.json"}), "").find("1 of safetensors"), std::string::npos);
  EXPECT_NE(refusal(files({"config.json"}), "").find("no GGUF file"), std::string::npos);
  EXPECT_NE(refusal(files({"mmproj-F16.gguf"}), "").find("no GGUF file"), std::string::npos);
}

}  // namespace
}  // namespace quern::registry::sources
