#include "app/synth/synth.hpp"

#include "app/synth/borrowed_vocabulary.hpp"
#include "app/synth/model_layout.hpp"
#include "app/synth/quant_mix.hpp"
#include "app/synth/shapes.hpp"
#include "app/synth/weight_writer.hpp"
#include "engine/gguf/writer.hpp"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <ostream>
#include <thread>

namespace quern::app {
namespace {

constexpr std::uint32_t kMaxThreads = 64;  // more only wait for the disk

std::uint32_t n_threads_for(std::uint32_t wanted) {
  const std::uint32_t n = wanted != 0 ? wanted : std::thread::hardware_concurrency();
  return std::clamp(n, 1u, kMaxThreads);
}

Status check_output(const SynthOptions& options) {
  if (options.output.empty()) return fail_field("output", "want the path of the file to write, found none");
  std::error_code ignored;
  if (!options.overwrite && std::filesystem::exists(options.output, ignored)) {
    return fail_field("output", "want a new file, found an existing one: {}", options.output);
  }
  return {};
}

}  // namespace

Status run_synth(const SynthOptions& options) {
  QUERN_CHECK(check_output(options));
  QUERN_TRY(Shape shape, find_shape(options.shape));
  if (options.context != 0) shape.context = options.context;
  std::unique_ptr<engine::gguf::GgufFile> vocabulary;
  if (!options.vocabulary.empty()) {
    QUERN_TRY(vocabulary, engine::gguf::GgufFile::open(options.vocabulary));
    QUERN_TRY(shape.n_vocab, count_tokens(*vocabulary));
  }
  QUERN_TRY(const QuantMix mix, QuantMix::find(options.quant));
  const std::vector<WeightRecipe> recipes = weight_recipes(shape, mix);
  QUERN_TRY(engine::gguf::HeaderBuilder header, make_header(shape, mix, recipes, vocabulary.get()));
  QUERN_TRY(engine::gguf::GgufWriter writer, engine::gguf::GgufWriter::create(options.output, std::move(header)));
  QUERN_CHECK(write_weights(writer, recipes, options.seed, n_threads_for(options.threads)));
  return writer.finish();
}

void list_synth(std::ostream& out) {
  out << fmt::format("{:<16} {:<28} {:>10} {:>7} {:>8} {:>8}\n", "SHAPE", "MODEL", "PARAMETERS", "LAYERS", "WIDTH",
                     "TOKENS");
  for (const Shape& shape : shapes()) {
    out << fmt::format("{:<16} {:<28} {:>9.1f}M {:>7} {:>8} {:>8}\n", shape.name, shape.title,
                       static_cast<double>(n_parameters(shape)) / 1e6, shape.n_layers, shape.d_model, shape.n_vocab);
  }
  out << fmt::format("\nQUANT  {}\n", fmt::join(QuantMix::names(), " "));
}

}  // namespace quern::app
