// Sources: the pre_tokenizer entries of the models' tokenizer.json files; which name stands for which of them, and the
// flags, are those of the GGUF converter and of llama.cpp's vocabulary loader.
#include "engine/tokenizer/pretokenizer_table.hpp"

#include <algorithm>
#include <iterator>

namespace quern::engine {
namespace {

// White space as Unicode defines it. Spelled out, because PCRE2's \s also takes U+180E.
#define WS "\\t-\\r\\x20\\x{85}\\x{A0}\\x{1680}\\x{2000}-\\x{200A}\\x{2028}\\x{2029}\\x{202F}\\x{205F}\\x{3000}"
#define SPACE "[" WS "]"
#define SPACES_NOT_BEFORE_WORD SPACE "+(?![^" WS "])"
#define CONTRACTION "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])"
#define LETTERS "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+"
#define SYMBOLS " ?[^" WS "\\p{L}\\p{N}]+"
#define LINE_ENDS SPACE "*[\\r\\n]+"
#define SPACES_TAIL LINE_ENDS "|" SPACES_NOT_BEFORE_WORD "|" SPACE "+"

constexpr char kGpt2[] = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+|" SYMBOLS "|" SPACES_NOT_BEFORE_WORD;
constexpr char kLlama3[] = CONTRACTION "|" LETTERS "|\\p{N}{1,3}|" SYMBOLS "[\\r\\n]*|" SPACES_TAIL;
constexpr char kQwen2[] = CONTRACTION "|" LETTERS "|\\p{N}|" SYMBOLS "[\\r\\n]*|" SPACES_TAIL;
constexpr char kQwen35[] =
    CONTRACTION "|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| ?[^" WS "\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|" SPACES_TAIL;
constexpr char kSeedCoder[] = CONTRACTION "|" LETTERS "|\\p{N}| ?[^" WS "\\p{L}\\p{N}\\r\\n]+|" SPACES_TAIL;
constexpr char kBailing[] = "'(?:[sSdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])|" LETTERS "|\\p{N}|" SYMBOLS "[\\r\\n]*|" SPACE
                            "*[\\r\\n]|" SPACES_NOT_BEFORE_WORD "|" SPACE "+";

// Words of o200k and Tekken: capitals first, then small letters; letters without case count as both.
#define UPPER "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]"
#define LOWER "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]"
#define CASED_WORD(suffix) \
  "[^\\r\\n\\p{L}\\p{N}]?" UPPER "*" LOWER "+" suffix "|[^\\r\\n\\p{L}\\p{N}]?" UPPER "+" LOWER "*" suffix
constexpr char kGpt4o[] = CASED_WORD(CONTRACTION "?") "|\\p{N}{1,3}|" SYMBOLS "[\\r\\n/]*|" SPACES_TAIL;
constexpr char kTekken[] = CASED_WORD("") "|\\p{N}|" SYMBOLS "[\\r\\n/]*|" SPACES_TAIL;

// Youtu: o200k's words, digits one by one, after East Asian scripts and their punctuation were split off.
constexpr char kYoutuScripts[] =
    "[\\x{AC00}-\\x{D7A3}\\x{3131}-\\x{318E}]+"
    "|[\\x{FF01}\\x{2026}\\x{201C}\\x{201D}\\x{2018}\\x{2019}\\x{2014}\\x{FF1A}\\x{FF1B}\\x{FF0C}\\x{3001}-\\x{303F}"
    "\\x{FE30}-\\x{FE4F}]+|[\\x{3105}-\\x{312F}]+|[\\x{4E00}-\\x{9FA5}\\x{3040}-\\x{309F}\\x{30A0}-\\x{30FF}]+";
constexpr char kYoutuWords[] = CASED_WORD(CONTRACTION "?") "|\\p{N}|" SYMBOLS "[\\r\\n/]*|" SPACES_TAIL;

// Kimi K2: o200k's words, but no Han character in them; runs of Han are words of their own.
// "sc:" because a script by itself means "or shared with it" to PCRE2, which takes in punctuation.
#define NOT_HAN "(?!\\p{sc:Han})"
#define KIMI_UPPER "(?:" NOT_HAN UPPER ")"
#define KIMI_LOWER "(?:" NOT_HAN LOWER ")"
constexpr char kKimiK2[] = "\\p{sc:Han}+|[^\\r\\n\\p{L}\\p{N}]?" KIMI_UPPER "*" KIMI_LOWER "+" CONTRACTION
                           "?|[^\\r\\n\\p{L}\\p{N}]?" KIMI_UPPER "+" KIMI_LOWER "*" CONTRACTION "?|\\p{N}{1,3}|" SYMBOLS
                           "[\\r\\n]*|" SPACES_TAIL;

// K2 Horizon: Llama 3's words may also hold marks and the joiners of Indic and Arabic scripts.
constexpr char kK2Horizon[] = CONTRACTION
    "|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}\\x{200C}\\x{200D}]+|\\p{N}{1,3}|" SYMBOLS "[\\r\\n]*|" SPACES_TAIL;
// MiniCPM 5: Llama 3 after numbers were cut by three. Ufakzeka: Qwen 2 whose apostrophes stay with Turkish suffixes.
constexpr char kMiniCpm5[] = CONTRACTION "|" LETTERS "|\\p{N}+|" SYMBOLS "[\\r\\n]*|" SPACES_TAIL;
constexpr char kUfakzeka[] = LETTERS "|\\p{N}|" SYMBOLS "[\\r\\n]*|" SPACES_TAIL;

// Jais 2: Llama 3 with runs of blanks cut at powers of two.
constexpr char kJais2[] = CONTRACTION
    "|" LETTERS "|\\p{N}{1,3}|" SYMBOLS "[\\r\\n]*|" LINE_ENDS "|" SPACE "{512}(?![^" WS "])|" SPACE "{256}(?![^" WS
    "])|" SPACE "{128}(?![^" WS "])|" SPACE "{64}(?![^" WS "])|" SPACE "{32}(?![^" WS "])|" SPACE "{16}(?![^" WS
    "])|" SPACE "{8}(?![^" WS "])|" SPACE "{4}(?![^" WS "])|" SPACE "{1,2}(?![^" WS "])|" SPACE;
constexpr char kExaoneMoe[] = CONTRACTION "|[^\\r\\n\\p{L}\\p{N}]?(?:\\p{L}\\p{M}*(?: \\p{L}\\p{M}*)*)+|\\p{N}|" SYMBOLS
                                          "[\\r\\n/]?|" SPACE "*[\\r\\n]|" SPACES_NOT_BEFORE_WORD "|" SPACE "+";

// Digits in groups of three from the right. Matched whole and cut by the splitter: the models' own lookahead over all
// digits that follow would make a long number quadratic.
constexpr char kThreesInNumber[] = "(?#threes)(?<!\\d)\\d++";
constexpr char kThreesOfNumber[] = "(?#isolated threes)(?<!\\p{N})\\p{N}++";
constexpr char kThreesAtWordEnd[] = "(?#isolated threes)(?<!\\d)\\d++\\b";

// Chameleon
constexpr char kImage[] = "IMGIMG[A-I]{1,4}Z";
constexpr char kChameleonBlanks[] = "[\\t\\n]|    |  ";
constexpr char kPunctuationMark[] = "[\\p{P}!-/:-@\\[-`{-~]";

constexpr char kFalconPunctuation[] = "[\\p{P}\\$+<=>^~|`]+";
constexpr char kDefaultPunctuation[] = "[\\p{P}\\$+<=>^~|]+";
constexpr char kThreeDigits[] = "[0-9][0-9][0-9]";
constexpr char kDigit[] = "\\p{N}";
constexpr char kDigits[] = "\\p{N}+";
constexpr char kUpToThreeDigits[] = "\\p{N}{1,3}";
constexpr char kLines[] = "[^\\n]+|\\n+";
constexpr char kWhole[] = "[^" WS "]+";
constexpr char kLineEnd[] = "[\\r\\n]";
constexpr char kBloom[] = " ?[^(" WS "|.,!?\\x{2026}\\x{3002}\\x{FF0C}\\x{3001}\\x{964}\\x{6D4}\\x{60C})]+";

// The letters with case of Unicode 12 or so, exactly as DeepSeek's files list them.
constexpr char kDeepseekWords[] = SPACE
    "?["
    "A-Za-z\\x{B5}\\x{C0}-\\x{D6}\\x{D8}-\\x{F6}\\x{F8}-\\x{1BA}\\x{1BC}-\\x{1BF}\\x{1C4}-\\x{293}\\x{295}-\\x{2AF}\\x{"
    "370}-\\x{373}\\x{376}\\x{377}\\x{37B}-\\x{37D}\\x{37F}\\x{386}\\x{388}-\\x{38A}\\x{38C}\\x{38E}-\\x{3A1}\\x{3A3}-"
    "\\x{3F5}\\x{3F7}-\\x{481}\\x{48A}-\\x{52F}\\x{531}-\\x{556}\\x{10A0}-\\x{10C5}\\x{13A0}-\\x{13F5}\\x{13F8}-\\x{"
    "13FD}\\x{1C90}-\\x{1CBA}\\x{1CBD}-\\x{1CBF}\\x{1D00}-\\x{1D2B}\\x{1D6B}-\\x{1D77}\\x{1D79}-\\x{1D9A}\\x{1E00}-\\x{"
    "1F15}\\x{1F18}-\\x{1F1D}\\x{1F20}-\\x{1F45}\\x{1F48}-\\x{1F4D}\\x{1F50}-\\x{1F57}\\x{1F59}\\x{1F5B}\\x{1F5D}\\x{"
    "1F5F}-\\x{1F7D}\\x{1F80}-\\x{1FB4}\\x{1FB6}-\\x{1FBC}\\x{1FBE}\\x{1FC2}-\\x{1FC4}\\x{1FC6}-\\x{1FCC}\\x{1FD0}-\\x{"
    "1FD3}\\x{1FD6}-\\x{1FDB}\\x{1FE0}-\\x{1FEC}\\x{1FF2}-\\x{1FF4}\\x{1FF6}-\\x{1FFC}\\x{2102}\\x{2107}\\x{210A}-\\x{"
    "2113}\\x{2115}\\x{2119}-\\x{211D}\\x{2124}\\x{2126}\\x{2128}\\x{212A}-\\x{212D}\\x{212F}-\\x{2134}\\x{2139}\\x{"
    "213C}-\\x{213F}\\x{2145}-\\x{2149}\\x{214E}\\x{2183}\\x{2184}\\x{2C00}-\\x{2C7B}\\x{2C7E}-\\x{2CE4}\\x{2CEB}-\\x{"
    "2CEE}\\x{2CF2}\\x{2CF3}\\x{A640}-\\x{A66D}\\x{A680}-\\x{A69B}\\x{A722}-\\x{A76F}\\x{A771}-\\x{A787}\\x{A78B}-\\x{"
    "A78E}\\x{AB70}-\\x{ABBF}\\x{FB00}-\\x{FB06}\\x{FB13}-\\x{FB17}\\x{FF21}-\\x{FF3A}\\x{FF41}-\\x{FF5A}\\x{10400}-"
    "\\x{1044F}\\x{104B0}-\\x{104D3}\\x{104D8}-\\x{104FB}\\x{10C80}-\\x{10CB2}\\x{10CC0}-\\x{10CF2}\\x{118A0}-\\x{"
    "118DF}\\x{1E900}-\\x{1E943}"
    "]+";
constexpr char kDeepseekPunctuation[] =
    SPACE "?[!-/:-~\\x{FF01}-\\x{FF0F}\\x{FF1A}-\\x{FF5E}\\x{2018}-\\x{201F}\\x{3000}-\\x{3002}]+";
// Only from the first blank of a run on: trying at each one would make a run of them before a digit quadratic.
constexpr char kDeepseekTrailingSpaces[] = "(?<!" SPACE ")" SPACE "++$";
constexpr char kDeepseekIdeographs[] = "[\\x{4E00}-\\x{9FA5}\\x{800}-\\x{4E00}\\x{AC00}-\\x{D7FF}]+";
constexpr char kDeepseekCoderWords[] = SPACE "?\\p{L}+";
constexpr char kDeepseekCoderPunctuation[] = SPACE "?\\p{P}+";
constexpr char kDeepseek3Ideographs[] = "[\\x{4E00}-\\x{9FA5}\\x{3040}-\\x{309F}\\x{30A0}-\\x{30FF}]+";
constexpr char kDeepseek3Words[] =
    "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+"
    "| ?[\\p{P}\\p{S}]+[\\r\\n]*|" SPACES_TAIL;

// Spark 2.5: line ends one by one, never with punctuation.
constexpr char kSparkWords[] =
    "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+"
    "| ?[\\p{P}\\p{S}]+|[\\r\\n]|" SPACES_NOT_BEFORE_WORD "|" SPACE "+";
// AFMoE: DeepSeek 3's words after numbers in threes from the right and scripts without blanks between words. The second
// range begins at U+8C48, which U+F900 normalizes to, in the published expression, so it takes in all up to U+FAFF.
constexpr char kAfmoeScripts[] =
    "[\\x{3400}-\\x{4DBF}\\x{4E00}-\\x{FAFF}\\x{3040}-\\x{30FF}\\x{FF65}-\\x{FF9F}\\x{2F00}-\\x{2FDF}\\x{E40}-\\x{EFF}"
    "\\x{1780}-\\x{17FF}\\x{1000}-\\x{109F}\\x{1100}-\\x{11FF}]+";

constexpr PretokenizerSpec kSpecs[] = {
    {"default", {kDefaultPunctuation, kGpt2, kDigits, kThreeDigits}},
    // GPT-2's own expression
    {"gpt-2", {kGpt2}},
    {"phi-2", {kGpt2}},
    {"mpt", {kGpt2}},
    {"olmo", {kGpt2}},
    {"jais", {kGpt2}},
    {"jina-es", {kGpt2}},
    {"jina-de", {kGpt2}},
    {"jina-v2-es", {kGpt2}},
    {"jina-v2-de", {kGpt2}},
    {"jina-v1-en", {kGpt2}},
    {"jina-v2-code", {kGpt2}},
    {"roberta-bpe", {kGpt2}},
    {"gigachat", {kGpt2}},
    {"a.x-4.0", {kGpt2}},
    {"mellum", {kGpt2}},
    {"exaone4", {kGpt2}},
    {"modern-bert", {kGpt2}},
    {"trillion", {kGpt2}, false, false, false},
    {"granite-docling", {kGpt2}, false, false, false},
    // the same after single digits were split off
    {"starcoder", {kDigit, kGpt2}},
    {"refact", {kDigit, kGpt2}},
    {"codeshell", {kDigit, kGpt2}},
    {"exaone", {kDigit, kGpt2}},
    {"minerva-7b", {kDigit, kGpt2}},
    {"mellum2", {kDigit, kGpt2}},
    {"command-r", {kDigit, kGpt2}, false, false, false},
    {"smollm", {kDigit, kGpt2}, false, false, false},
    {"falcon", {kFalconPunctuation, kGpt2, kThreeDigits}},
    // Llama 3: numbers by up to three digits
    {"llama-bpe", {kLlama3}, true, true},
    {"llama3", {kLlama3}, true, true},
    {"llama-v3", {kLlama3}, true, true},
    {"falcon3", {kLlama3}, true, true},
    {"falcon-h1", {kLlama3}, true, true},
    {"pixtral", {kLlama3}, true, true},
    {"midm-2.0", {kLlama3}, true, true},
    {"lfm2", {kLlama3}, true, true},
    {"jina-v5-nano", {kLlama3}, true, true},
    {"dbrx", {kLlama3}},
    {"smaug-bpe", {kLlama3}},
    {"minicpm5", {kUpToThreeDigits, kMiniCpm5}, true},
    {"k2-horizon", {kK2Horizon}, false, false, false},
    {"glm4", {kLlama3}},
    {"chatglm-bpe", {kLlama3}},
    // Qwen 2: numbers digit by digit
    {"qwen2", {kQwen2}, false, false, false},
    {"deepseek-r1-qwen", {kQwen2}, false, false, false},
    {"kormo", {kQwen2}, false, false, false},
    {"f2llmv2", {kQwen2}, false, false, false},
    {"hunyuan", {kQwen2}, false, false, false},
    {"solar-open", {kQwen2}, false, false, false},
    {"grok-2", {kQwen2}, false, false, false},
    {"laguna", {kLines, kQwen2}, false, false, false},
    {"ufakzeka", {kUfakzeka}, false, false, false},
    {"megrez", {kQwen2}},
    {"stablelm2", {kQwen2}},
    {"qwen35", {kQwen35}, false, false, false},
    {"seed-coder", {kSeedCoder}, false, false, false},
    {"bailingmoe", {kBailing}, false, false, false},
    {"bailingmoe2", {kBailing}, false, false, false},
    {"llada-moe", {kBailing}, false, false, false},
    // o200k and Tekken
    {"gpt-4o", {kGpt4o}, false, false, false},
    {"llama4", {kGpt4o}, false, false, false},
    {"kanana2", {kGpt4o}, false, false, false},
    {"minimax-m2", {kGpt4o}, false, false, false},
    {"talkie", {kGpt4o}, false, false, false},
    {"granite-embed-multi-97m", {kGpt4o}, true, false, false},
    {"tiny_aya", {kThreesAtWordEnd, kGpt4o}, false, false, false},
    {"cohere2moe", {kThreesAtWordEnd, kGpt4o}, false, false, false},
    {"kimi-k2", {kKimiK2}, false, false, false},
    {"youtu", {kYoutuScripts, kYoutuWords}, true, false, false},
    {"tekken", {kTekken}, true, true, false},
    // DeepSeek
    {"deepseek-llm",
     {kLineEnd, kDeepseekWords, kDeepseekPunctuation, kDeepseekTrailingSpaces, kDeepseekIdeographs, kDigits},
     false,
     false,
     false},
    {"deepseek-coder",
     {kLineEnd, kDeepseekCoderWords, kDeepseekCoderPunctuation, kDeepseekIdeographs, kDigit},
     false,
     false,
     false},
    {"deepseek-v3", {kUpToThreeDigits, kDeepseek3Ideographs, kDeepseek3Words}, false, false, false},
    {"hunyuan-dense", {kUpToThreeDigits, kDeepseek3Ideographs, kDeepseek3Words}, false, false, false},
    {"joyai-llm", {kUpToThreeDigits, kDeepseek3Ideographs, kDeepseek3Words}, false, false, false},
    {"hy_v4", {kUpToThreeDigits, kDeepseek3Ideographs, kDeepseek3Words}, false, false, false},
    {"spark2_5", {kUpToThreeDigits, kDeepseek3Ideographs, kSparkWords, kDigit}, false, false, false},
    {"afmoe", {kThreesOfNumber, kAfmoeScripts, kDeepseek3Words}, false, false, false},
    {"jais-2", {kJais2}},
    {"exaone-moe", {kExaoneMoe}},
    {"superbpe", {kDigits, kThreesInNumber}, false, false, false},
    {"chameleon", {kImage, kChameleonBlanks, kDigit, kPunctuationMark, kGpt2}, false, true, false},
    // BLOOM
    {"bloom", {kBloom}},
    {"gpt3-finnish", {kBloom}},
    {"poro-chat", {kBloom}, false, false, false},
    {"viking", {kBloom, kDigit}, false, false, false},
    // SentencePiece vocabularies as BPE: merging goes over whole lines
    {"gemma4", {kLines}, false, false, true, BpeUnits::escaped_characters, true},
    {"granite-embed-multi-311m", {kLines}, false, false, true, BpeUnits::escaped_characters, true},
    {"sarvam-moe", {kLines}, false, false, false, BpeUnits::escaped_characters},
    {"whitespace", {kWhole}, false, false, true, BpeUnits::characters},
};

}  // namespace

const PretokenizerSpec* find_pretokenizer(std::string_view name) noexcept {
  if (name.empty()) return &kSpecs[0];
  const auto* const spec =
      std::find_if(std::begin(kSpecs), std::end(kSpecs), [name](const PretokenizerSpec& s) { return s.name == name; });
  return spec == std::end(kSpecs) ? nullptr : spec;
}

std::string pretokenizer_names() {
  std::string names;
  for (const PretokenizerSpec& spec : kSpecs) names.append(names.empty() ? "" : ", ").append(spec.name);
  return names;
}

}  // namespace quern::engine
