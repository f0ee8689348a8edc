// quern_golden DIR [--family F] [--filter GLOB] [--arithmetic A] [--no-pack]: compares quern with reference data laid
// out like the golden data's README: DIR/arch, DIR/quant, DIR/tokenizer, DIR/sampling, DIR/chat, DIR/grammar. One line
// per file; ends with "N passed, N failed". A: auto, exact or fast; --no-pack: weights in the file's own order.
// QUERN_FORCE_ISA chooses the kernel tier ("avx512-emulated" runs the AVX-512 kernels on CPUs that lack it).
// Exit: 0 all passed, 1 some failed, 2 usage, 3 nothing matched.
#include "base/log.hpp"
#include "tests/golden/family.hpp"
#include "tests/golden/model_cases.hpp"

#include <array>
#include <cstdio>
#include <string_view>

namespace {

using quern::golden::Family;

constexpr std::array<const Family*, 6> kFamilies{&quern::golden::kArchFamily,      &quern::golden::kQuantFamily,
                                                 &quern::golden::kTokenizerFamily, &quern::golden::kSamplingFamily,
                                                 &quern::golden::kChatFamily,      &quern::golden::kGrammarFamily};

int usage(const char* problem) {
  std::fprintf(stderr,
               "%s\nusage: quern_golden DIR [--family arch|quant|tokenizer|sampling|chat|grammar] [--filter GLOB]\n"
               "       [--arithmetic auto|exact|fast] [--no-pack]\n",
               problem);
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  quern::golden::Options options;
  std::string_view family;
  for (int i = 1; i < argc; ++i) {
    const std::string_view arg = argv[i];
    const bool has_value = i + 1 < argc;
    if (arg == "--family" && has_value) {
      family = argv[++i];
    } else if (arg == "--filter" && has_value) {
      options.filter = argv[++i];
    } else if (arg == "--arithmetic" && has_value) {
      const std::string_view value = argv[++i];
      quern::engine::WeightOptions& weights = quern::golden::weights_under_test();
      if (value != "exact" && value != "fast" && value != "auto") return usage("unknown arithmetic");
      weights.arithmetic = value == "exact"  ? quern::engine::Arithmetic::exact
                           : value == "fast" ? quern::engine::Arithmetic::fast
                                             : quern::engine::Arithmetic::automatic;
    } else if (arg == "--no-pack") {
      quern::golden::weights_under_test().pack = quern::engine::Packing::off;
    } else if (options.dir.empty() && !arg.starts_with("--")) {
      options.dir = arg;
    } else {
      return usage("unexpected argument");
    }
  }
  if (options.dir.empty()) return usage("no directory given");
  if (!std::filesystem::is_directory(options.dir)) return usage("not a directory");
  if (const auto status = quern::log::set_up("error"); !status) return usage("cannot set up logging");

  int n_passed = 0, n_failed = 0;
  bool known = family.empty();
  try {
    std::printf("kernels: %s\n", quern::golden::tier_under_test().isa);
    for (const Family* f : kFamilies) {
      if (!family.empty() && family != f->name) continue;
      known = true;
      f->run(options, [&](const quern::golden::FileResult& result) {
        std::printf("%s %s: %s\n", result.passed ? "ok    " : "FAILED", result.file.c_str(), result.message.c_str());
        std::fflush(stdout);
        ++(result.passed ? n_passed : n_failed);
      });
    }
  } catch (const std::exception& e) {
    std::fprintf(stderr, "quern_golden: %s\n", e.what());
    return 1;
  }
  if (!known) return usage("unknown family");
  std::printf("%d passed, %d failed\n", n_passed, n_failed);
  if (n_passed + n_failed == 0) return 3;
  return n_failed == 0 ? 0 : 1;
}
