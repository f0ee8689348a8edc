#include "registry/facts.hpp"

#include "registry/gguf_names.hpp"
#include "tests/registry/gguf_files.hpp"

#include <gtest/gtest.h>

namespace quern::registry {
namespace {

TEST(Facts, OfAHeader) {
  const test::TempDir dir;
  const Result<FileFacts> found = read_facts({dir.write("m.gguf", tiny_gguf())});
  ASSERT_TRUE(found) << found.error().detail;
  const ModelFacts want{.family = "llama",
                        .format = "gguf",
                        .dtype = "f32",
                        .quant = "q4_k_m",
                        .params = 1280,
                        .n_ctx = 2048,
                        .n_layer = 3,
                        .vocab_size = 4};
  EXPECT_EQ(found->facts, want);
  EXPECT_FALSE(found->is_adapter);
  EXPECT_EQ(found->foreign_tensors, "");
  EXPECT_TRUE(read_facts({dir.write("lora.gguf", tiny_adapter())})->is_adapter);
  const std::string foreign = text_of(tiny_builder().tensor("v.blk.0", kernels::TensorType::f32, {8}).build());
  EXPECT_EQ(read_facts({dir.write("v.gguf", foreign)})->foreign_tensors, "v.blk.0");
}

TEST(Facts, OfSplitFilesByAnyName) {
  const test::TempDir dir;
  const std::vector<std::string> blobs{dir.write("sha256-one", tiny_split(0, 3)),
                                       dir.write("sha256-two", tiny_split(1, 3)),
                                       dir.write("sha256-three", tiny_split(2, 3))};
  const Result<FileFacts> found = read_facts(blobs);
  ASSERT_TRUE(found) << found.error().detail;
  EXPECT_EQ(found->facts.params, 48u);
  EXPECT_EQ(found->facts.n_layer, 3u);
  EXPECT_NE(read_facts({blobs[1], blobs[0], blobs[2]}).error().detail.find("split.no"), std::string::npos);
  EXPECT_NE(read_facts({blobs[0], blobs[1]}).error().detail.find("split.count"), std::string::npos);
  EXPECT_FALSE(read_facts({blobs[0]}));
  const std::string whole = dir.write("whole", tiny_gguf());
  EXPECT_FALSE(read_facts({whole, blobs[1], blobs[2]}));
  EXPECT_FALSE(read_facts({blobs[0], whole, blobs[2]}));
  EXPECT_FALSE(read_facts({}));
}

TEST(Facts, FilesAtAPath) {
  const test::TempDir dir;
  dir.write("m-00001-of-00002.gguf", tiny_split(0, 2));
  EXPECT_EQ(files_at(dir.path("m-00001-of-00002.gguf")).error().code, Errc::not_found);
  dir.write("m-00002-of-00002.gguf", tiny_split(1, 2));
  const Result<std::vector<ModelFile>> files = files_at(dir.path("m-00002-of-00002.gguf"));
  ASSERT_TRUE(files);
  ASSERT_EQ(files->size(), 2u);
  EXPECT_EQ((*files)[0].path, dir.path("m-00001-of-00002.gguf"));
  EXPECT_EQ((*files)[0].size_bytes, tiny_split(0, 2).size());
  EXPECT_EQ(files_at(dir.path()).error().code, Errc::bad_input);
}

TEST(GgufNames, SayWhatTheFileIs) {
  EXPECT_EQ(gguf_name("sub/Qwen3-8B-Q4_K_M.gguf").quant, "Q4_K_M");
  EXPECT_EQ(gguf_name("Qwen3-8B.q8_0.gguf").quant, "q8_0");
  EXPECT_EQ(gguf_name("Qwen3-8B.gguf").quant, "");
  EXPECT_EQ(gguf_name("Qwen3-8B-UD-Q4_K_XL.gguf").quant, "Q4_K_XL");
  const GgufName shard = gguf_name("a/M-BF16-00002-of-00003.gguf");
  EXPECT_EQ(shard.quant, "BF16");
  EXPECT_EQ(shard.shard, 2u);
  EXPECT_EQ(shard.n_shards, 3u);
  EXPECT_TRUE(shard.is_model);
  EXPECT_EQ(gguf_name("mmproj-F16.gguf").role, FileRole::projector);
  EXPECT_EQ(gguf_name("mtp-Q8_0.gguf").role, FileRole::draft);
  for (const char* other : {"mmproj-M.gguf", "eagle3-M.gguf", "M-imatrix.gguf", "M-LoRA.gguf", "M-vocab.gguf"}) {
    EXPECT_FALSE(gguf_name(other).is_model) << other;
  }
  EXPECT_EQ(shard_paths("/m/a-00001-of-00002.gguf"),
            (std::vector<std::string>{"/m/a-00001-of-00002.gguf", "/m/a-00002-of-00002.gguf"}));
  EXPECT_EQ(shard_paths("/m/a-00001-of-99999.gguf"), (std::vector<std::string>{"/m/a-00001-of-99999.gguf"}));
}

}  // namespace
}  // namespace quern::registry
