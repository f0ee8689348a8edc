#include "engine/tokenizer/sources/hf_parts.hpp"
#include "engine/tokenizer/sources/source.hpp"
#include "engine/tokenizer/utf8.hpp"
#include "tests/engine/tokenizer/small_vocabulary.hpp"
#include "tests/support/temp_dir.hpp"

#include <algorithm>
#include <fstream>

#include <gtest/gtest.h>

namespace quern::engine {

namespace {

using Ids = std::vector<TokenId>;

constexpr char kVocab[] = R"("vocab":{"a":0,"b":1,"ab":2,"<s>":3,"</s>":4,"<unk>":5},"merges":["a b"])";

std::string with(std::string_view parts, std::string_view model = R"("type":"BPE","unk_token":"<unk>")") {
  return "{" + std::string(parts) + (parts.empty() ? "" : ",") + R"("model":{)" + std::string(model) + "," + kVocab +
         "}}";
}

std::string detail(std::string_view bytes, SourceContext context = {.name = "t", .config = {}}) {
  const auto loaded = load_tokenizer_bytes(bytes, context);
  return loaded ? std::string("loaded") : loaded.error().detail;
}

void expect_names(const std::string& bytes, std::initializer_list<const char*> parts) {
  const std::string found = detail(bytes);
  for (const char* const part : parts) EXPECT_NE(found.find(part), std::string::npos) << part << ": " << found;
}

TEST(TokenizerSources, UnknownBytesListTheFormats) {
  expect_names("", {"tokenizer.json", ".tiktoken", "SentencePiece", "GGUF"});
  expect_names("nothing", {"this is no tokenizer"});
}

TEST(TokenizerSources, UnknownPartsAreNamedWithWhatIsKnown) {
  expect_names(with("", R"("type":"CharLevel")"),
               {"t.model.type", "'CharLevel'", "BPE, WordPiece, WordLevel, Unigram"});
  expect_names(with("", R"("type":"BPE","dropout":0.1)"), {"t.model.dropout", "0.1"});
  expect_names(with(R"("normalizer":{"type":"Nfc"})"), {"t.normalizer.type", "'Nfc'", "NFC"});
  expect_names(with(R"("normalizer":{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"X"}]})"),
               {"t.normalizer.normalizers[1].type", "'X'"});
  expect_names(with(R"("pre_tokenizer":{"type":"UnicodeScripts"})"), {"t.pre_tokenizer.type", "'UnicodeScripts'"});
  expect_names(with(R"("decoder":{"type":"CTC"})"), {"t.decoder.type", "'CTC'", "ByteFallback"});
  expect_names(with(R"("post_processor":{"type":"P"})"), {"t.post_processor.type", "'P'", "TemplateProcessing"});
  expect_names(with(R"("pre_tokenizer":{"type":"Split","pattern":{"String":"a"},"behavior":"Dropped"})"),
               {"t.pre_tokenizer.behavior", "'Dropped'", "MergedWithNext"});
  expect_names(with(R"("pre_tokenizer":{"type":"Metaspace","prepend_scheme":"last"})"), {"prepend_scheme", "'last'"});
  expect_names(with(R"("decoder":{"type":"Sequence","decoders":[{"type":"Fuse"},{"type":"Metaspace"}]})"),
               {"t.decoder.decoders[1]", "Metaspace is supported before"});
}

TEST(TokenizerSources, WrongTypesNameThePathAndWhatWasFound) {
  expect_names("{", {"bad JSON"});
  expect_names("{}", {"t.model.vocab", "expected an array", "found nothing"});
  expect_names(R"({"model":{"type":7}})", {"t.model.type", "expected a string, found 7"});
  expect_names(R"({"model":{"type":"BPE","vocab":{"a":"x"}}})", {"t.model.vocab.a", "expected an integer"});
  expect_names(R"({"model":{"type":"BPE","vocab":{"a":0,"b":0}}})", {"token 0 occurs twice"});
  expect_names(R"({"model":{"type":"BPE","vocab":{"a":-1}}})", {"token -1"});
  expect_names(R"({"model":{"type":"BPE","vocab":{"a":9000000}}})", {"token 9000000", "expected ids below"});
  expect_names(R"({"model":{"type":"BPE","vocab":{"a":0},"merges":["a"]}})", {"t.model.merges[0]", "two texts"});
  expect_names(with(R"("added_tokens":[{"id":6,"content":"x","single_word":7}])"), {"t.added_tokens[0].single_word"});
  expect_names(with(R"("post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<z>"}},
                    {"Sequence":{"id":"A"}}]})"),
               {"'<z>' is no token"});
  expect_names(with(R"("normalizer":{"type":"Precompiled","precompiled_charsmap":"*"})"), {"precompiled_charsmap"});
}

TEST(TokenizerSources, SpecialTokensComeFromTheTemplateTheConfigAndTheModel) {
  const std::string frame = R"("post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>"}},
    {"Sequence":{"id":"A"}}]},"added_tokens":[{"id":3,"content":"<s>","special":true},
    {"id":4,"content":"</s>","special":true}])";
  const auto plain = load_tokenizer_bytes(with(frame), {.name = "t", .config = {}}).value();
  EXPECT_EQ(plain->encode("ab", {}).value(), (Ids{3, 2}));
  EXPECT_EQ(plain->encode("a</s>", {.add_special = false, .parse_special = true}).value(), (Ids{0, 4}));
  const auto configured =
      load_tokenizer_bytes(with(frame), {.name = "t", .config = R"({"eos_token":{"content":"</s>"}})"}).value();
  EXPECT_EQ(configured->special().eos, 4);
  EXPECT_TRUE(configured->is_end_of_generation(4));

  test::SmallVocabulary model;
  for (const char* const text : {"a", "b", "ab", "<s>", "</s>", "<unk>"}) model.add(text);
  const std::vector<std::byte> image =
      model.builder().key("tokenizer.ggml.eos_token_id", 4u).key("tokenizer.ggml.padding_token_id", 99u).build();
  const auto file = gguf::GgufFile::parse(image, "model").value();
  const auto asked = load_tokenizer_bytes(with(frame), {.name = "t", .config = {}, .model = file.get()}).value();
  EXPECT_EQ(asked->special().eos, 4);
  EXPECT_EQ(asked->special().pad, kNoToken);
}

TEST(TokenizerSources, UnknownCharactersOfABpeWithoutBytes) {
  const auto one = load_tokenizer_bytes(with(""), {.name = "t", .config = {}}).value();
  EXPECT_EQ(one->encode("axyb", {}).value(), (Ids{0, 5, 5, 1}));
  const std::string fused = with("", R"("type":"BPE","unk_token":"<unk>","fuse_unk":true)");
  EXPECT_EQ(load_tokenizer_bytes(fused, {.name = "t", .config = {}}).value()->encode("axyb", {}).value(),
            (Ids{0, 5, 1}));
}

std::string normalized(std::string_view json, std::string_view text) {
  const JsonDocument document = JsonDocument::parse(json, "n").value();
  NormalizerChain chain;
  const Status status = read_hf_normalizer(document.root(), chain);
  return status ? chain.apply(text).value() : status.error().detail;
}

TEST(TokenizerSources, Normalizers) {
  EXPECT_EQ(normalized(R"({"type":"NFC"})", "e\u0301"), "\u00E9");
  EXPECT_EQ(normalized(R"({"type":"NFD"})", "\u00E9"), "e\u0301");
  EXPECT_EQ(normalized(R"({"type":"NFKC"})", "\uFB01\u00BD"), "fi1\u20442");
  EXPECT_EQ(normalized(R"({"type":"NFKD"})", "\u00E9\uFB01"), "e\u0301fi");
  EXPECT_EQ(normalized(R"({"type":"Lowercase"})", "AÉ\u0130"), "aéi\u0307");
  EXPECT_EQ(normalized(R"({"type":"Sequence","normalizers":[{"type":"NFD"},{"type":"StripAccents"}]})", "éà"), "ea");
  EXPECT_EQ(normalized(R"({"type":"Strip","strip_left":true,"strip_right":true})", " \u3000a b\u00A0\n"), "a b");
  EXPECT_EQ(normalized(R"({"type":"Strip","strip_left":false,"strip_right":true})", " a "), " a");
  EXPECT_EQ(normalized(R"({"type":"Replace","pattern":{"Regex":" {2,}"},"content":"_"})", "a   b c  "), "a_b c_");
  EXPECT_EQ(normalized(R"({"type":"Replace","pattern":{"String":"aa"},"content":"b"})", "aaaaa"), "bba");
  EXPECT_EQ(normalized(R"({"type":"Prepend","prepend":"_"})", "a"), "_a");
  EXPECT_EQ(normalized(R"({"type":"Prepend","prepend":"_"})", ""), "");
  EXPECT_EQ(normalized(R"({"type":"Lowercase"})", "A\xFF"), "a\uFFFD");
}

TEST(TokenizerSources, RegularExpressionsAreTranslated) {
  const auto translated = [](std::string_view source) {
    const auto out = translate_hf_regex(source, "p");
    return out ? *out : out.error().detail;
  };
  EXPECT_EQ(translated("a|\\p{L}+(?i:b)[^\\r\\n]"), "a|\\p{L}+(?i:b)[^\\r\\n]");
  EXPECT_EQ(translated("\\w[\\w-]"),
            "[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\xB2\\xB3\\xB9\\xBC-\\xBE]"
            "[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}-]");
  EXPECT_EQ(translated("[[:alpha:]]"), "[\\p{Alphabetic}]");
  EXPECT_EQ(translated("[^\\W_]"), "(?:(?!(?:[_]|[^\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}]))(?s:.))");
  EXPECT_EQ(translated("\\p{Han}\\p{^Lu}"), "\\p{sc:Han}\\p{^Lu}");
  EXPECT_EQ(translated("\\u3042"), "\\x{3042}");
  EXPECT_EQ(translated("x$"), "x(?m:$)");
  EXPECT_NE(translated("[\\s]").find("\\x{3000}]"), std::string::npos);
  EXPECT_EQ(translated("[a[b]]"), "(?:(?:[a]|[b]))");
  EXPECT_EQ(translated("[a-z&&b]"), "(?:(?=[a-z])[b])");
  EXPECT_EQ(translated("[a^]"), "[a\\^]");
  for (const char* const refused : {"[a&&]", "[]", "[a", "[a[b]", "a{1,2}+", "\\h", "\\u30", "\\pL", "x\\", "[\\h]"})
    EXPECT_NE(translated(refused).find("not supported"), std::string::npos) << refused;
}

// Which of the characters a class takes, against what set theory says.
TEST(TokenizerSources, ClassesInClassesAndIntersections) {
  const std::string candidates = "abcdmyz 0-^]&\n\u00E9\u4E16";
  const auto taken = [&](std::string_view source) {
    const auto translated = translate_hf_regex(source, "p");
    if (!translated) return translated.error().detail;
    const TextPattern pattern = TextPattern::compile("p", "^(?:" + *translated + ")+$").value();
    const TextPattern::Scratch scratch;
    std::string out;
    for (std::string_view rest = candidates; !rest.empty();) {
      const std::size_t size = utf8_front(rest).size;
      if (pattern.next(rest.substr(0, size), 0, scratch).found) out += rest.substr(0, size);
      rest.remove_prefix(size);
    }
    return out;
  };
  EXPECT_EQ(taken("[ab[c-d]]"), "abcd");
  EXPECT_EQ(taken("[a-w&&[^c-g]z]"), "abm");  // && binds least: [a-w] and ([^c-g] or z)
  EXPECT_EQ(taken("[^a-w&&[^c-g]z]"), "cdyz 0-^]&\n\u00E9\u4E16");
  EXPECT_EQ(taken("[\\p{L}&&[^a-z]]"), "\u00E9\u4E16");
  EXPECT_EQ(taken("[\\p{L}&&\\p{Han}]"), "\u4E16");
  EXPECT_EQ(taken("[a-z&&[^b]&&[^y]&&[^[m][d]]]"), "acz");
  EXPECT_EQ(taken("[\\S&&[^\\p{L}]]"), "0-^]&");
  EXPECT_EQ(taken("[^\\S\\n]"), " ");
  EXPECT_EQ(taken("[^\\s\\S]"), "");
  EXPECT_EQ(taken("[&^\\]]"), "^]&");
  EXPECT_EQ(taken("[[:digit:]&&0-9]"), "0");
  EXPECT_NE(taken(std::string(40, '[') + "a" + std::string(40, ']')).find("more than 16 deep"), std::string::npos);
}

TEST(TokenizerSources, SeveralSpecialTokensOnASide) {
  const auto framed = [](std::string_view frame, std::string_view config = {}) {
    return load_tokenizer_bytes(
        with(R"("added_tokens":[{"id":6,"content":"<x>","special":true},{"id":7,"content":"<y>","special":true}],
                "post_processor":{"type":"TemplateProcessing","single":[)" +
             std::string(frame) + "]}"),
        {.name = "t", .config = config});
  };
  const auto all = framed(R"({"SpecialToken":{"id":"<s>"}},{"SpecialToken":{"id":"<x>"}},{"SpecialToken":{"id":"<x>"}},
      {"Sequence":{"id":"A"}},{"SpecialToken":{"id":"</s>"}},{"SpecialToken":{"id":"<y>"}})");
  EXPECT_EQ(all.value()->encode("ab", {}).value(), (Ids{3, 6, 6, 2, 4, 7}));
  EXPECT_EQ(all.value()->encode("ab", {.add_special = false, .parse_special = false}).value(), (Ids{2}));
  EXPECT_EQ(all.value()->special().bos, 3);
  EXPECT_EQ(all.value()->special().eos, 4);
  const auto behind = framed(R"({"Sequence":{"id":"A"}},{"SpecialToken":{"id":"</s>"}},{"SpecialToken":{"id":"<y>"}})",
                             R"({"bos_token":"<s>","add_bos_token":true})");
  EXPECT_EQ(behind.value()->encode("", {}).value(), (Ids{4, 7}));  // the template says that nothing stands before
  std::string many = R"({"Sequence":{"id":"A"}})";
  for (int i = 0; i < 65; ++i) many += R"(,{"SpecialToken":{"id":"<x>"}})";
  EXPECT_NE(framed(many).error().detail.find("t.post_processor.single[65].SpecialToken: one"), std::string::npos);
  const auto unknown =
      framed(R"({"Sequence":{"id":"A"}},{"SpecialToken":{"id":"</s>"}},{"SpecialToken":{"id":"<z>"}})");
  EXPECT_NE(unknown.error().detail.find("t.post_processor.single[2].SpecialToken: '<z>' is no token"),
            std::string::npos);
}

TEST(TokenizerSources, SingleWordTokens) {
  const auto t = load_tokenizer_bytes(with(R"("added_tokens":[{"id":6,"content":"ab","single_word":true},
      {"id":7,"content":"b"}])"),
                                      {.name = "t", .config = {}})
                     .value();
  EXPECT_EQ(t->encode("ab", {}).value(), (Ids{6}));
  EXPECT_EQ(t->encode("a<ab>a", {}).value().size(), 5u);  // < and > are unknown
  for (const char* const beside : {"a", "1", "_", "\u00E9", "\u4E16", "\u0301", "\u200D", "\u24B6"}) {
    for (const std::string& text : {"ab" + std::string(beside), beside + std::string("ab")}) {
      const Ids found = t->encode(text, {}).value();
      EXPECT_EQ(std::count(found.begin(), found.end(), 6), 0) << text;
      EXPECT_EQ(std::count(found.begin(), found.end(), 7), 0) << text;  // nor a token inside of it
    }
  }
  for (const char* const beside : {" ", "-", "\u3001", "\xFF", "\U0001F600"}) {
    const Ids found = t->encode(beside + std::string("ab") + beside, {}).value();
    EXPECT_EQ(std::count(found.begin(), found.end(), 6), 1) << beside;
  }
}

TEST(TokenizerSources, PretokenizersThatDropOrMerge) {
  const auto words = [](std::string_view json, std::string text) {
    const JsonDocument document = JsonDocument::parse(json, "p").value();
    const HfPretokenizer parts = read_hf_pretokenizer(document.root()).value();
    const auto size = static_cast<std::uint32_t>(text.size());
    Pieces pieces{std::move(text), {{0, size}}, 1};
    for (const PretokenizerStepPtr& step : parts.steps) EXPECT_TRUE(step->apply(pieces));
    std::vector<std::string> out;
    for (const Piece& piece : pieces.list) out.emplace_back(pieces.view(piece));
    return out;
  };
  using Words = std::vector<std::string>;
  EXPECT_EQ(words(R"({"type":"Split","pattern":{"String":"."},"behavior":"MergedWithPrevious"})", "a.b..c"),
            (Words{"a.", "b.", ".", "c"}));
  EXPECT_EQ(words(R"({"type":"Split","pattern":{"String":"."},"behavior":"MergedWithNext"})", "a.b..c"),
            (Words{"a", ".b", ".", ".c"}));
  EXPECT_EQ(words(R"({"type":"Split","pattern":{"Regex":"\\."},"behavior":"Contiguous"})", "a..b"),
            (Words{"a", "..", "b"}));
  EXPECT_EQ(words(R"({"type":"Metaspace","replacement":"▁","prepend_scheme":"always"})", "a  b"),
            (Words{"▁a", "▁", "▁b"}));
  EXPECT_EQ(words(R"({"type":"Metaspace","replacement":"▁","prepend_scheme":"always"})", " a"), (Words{"▁a"}));
  EXPECT_EQ(
      words(R"({"type":"Sequence","pretokenizers":[{"type":"WhitespaceSplit"},{"type":"Metaspace"}]})", " a \t b\n"),
      (Words{"▁a", "▁b"}));
  EXPECT_EQ(words(R"({"type":"ByteLevel","add_prefix_space":true})", "a b"), (Words{" a", " b"}));
}

// A megabyte without a match, and of nothing but matches: quadratic behaviour would take hours.
TEST(TokenizerSources, LongTextsThroughEveryBehavior) {
  for (const char* const behavior : {"Isolated", "Contiguous", "MergedWithPrevious", "MergedWithNext"}) {
    const std::string json = std::string(R"({"type":"Split","pattern":{"String":" "},"behavior":")") + behavior + "\"}";
    const JsonDocument document = JsonDocument::parse(json, "p").value();
    const HfPretokenizer parts = read_hf_pretokenizer(document.root()).value();
    for (const char letter : {'a', ' '}) {
      Pieces pieces{std::string(1 << 20, letter), {{0, 1u << 20}}, 1};
      ASSERT_TRUE(parts.steps.at(0)->apply(pieces));
      EXPECT_EQ(pieces.list.back().end, 1u << 20) << behavior;
    }
  }
}

TEST(TokenizerSources, TiktokenByItsName) {
  std::string ranks;  // a, b, ab
  for (const char* const line : {"YQ== 0\n", "Yg== 1\n", "YWI= 2\n"}) ranks += line;
  const auto t = load_tokenizer_bytes(ranks, {.name = "/x/r50k_base.tiktoken", .config = {}}).value();
  EXPECT_EQ(t->encode("abab", {}).value(), (Ids{2, 2}));
  EXPECT_EQ(t->n_vocab(), 50257u);
  EXPECT_EQ(t->encode("<|endoftext|>", {.parse_special = true}).value(), (Ids{50256}));
  EXPECT_TRUE(t->is_end_of_generation(50256));
  expect_names(ranks, {"does not say how words are cut", "cl100k_base"});
  expect_names("YQ== 0\nYQ=x 1\n", {"line 2"});
  expect_names("YQ== 0\nYg== 0\n", {"line 2", "rank 0 occurs twice"});
  expect_names("YQ== 0\nYg== 4000000\n", {"line 2", "rank 4000000 among"});
}

TEST(TokenizerSources, BrokenSentencePieceModels) {
  std::ifstream in(QUERN_TEST_DATA_DIR "/tokenizer/unigram.model", std::ios::binary);
  const std::string good((std::istreambuf_iterator<char>(in)), {});
  EXPECT_EQ(detail(good), "loaded");
  for (std::size_t size = 0; size < good.size(); size += 97) {
    const std::string found = detail(good.substr(0, size));  // cut anywhere: an error or a shorter vocabulary
    EXPECT_FALSE(found.empty());
  }
  EXPECT_NE(detail(good.substr(0, good.size() - 3)).find("no Protocol Buffers message"), std::string::npos);
  expect_names(std::string("\x0A\x02\x18\x09", 4), {"piece 0 is of type 9"});
}

TEST(TokenizerSources, FilesAreToldApartByContent) {
  const test::TempDir dir;
  const std::string path = dir.path("anything");
  std::ofstream(path) << with("");
  std::ofstream(dir.path("tokenizer_config.json")) << R"({"bos_token":"<s>","add_bos_token":true})";
  EXPECT_EQ(load_tokenizer_file(path, nullptr).value()->encode("a", {}).value(), (Ids{3, 0}));
  EXPECT_TRUE(load_tokenizer_file(QUERN_TEST_DATA_DIR "/tokenizer/gpt-2.gguf", nullptr));
  EXPECT_EQ(load_tokenizer_file(dir.path("none"), nullptr).error().code, Errc::not_found);
}

}  // namespace

}  // namespace quern::engine
