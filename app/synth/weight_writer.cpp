#include "app/synth/weight_writer.hpp"

#include "app/synth/block_filler.hpp"
#include "base/assert.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <map>
#include <span>
#include <system_error>
#include <thread>

namespace quern::app {
namespace {

using kernels::TensorType;

constexpr std::size_t kPieceBytes = 2u << 20;
constexpr std::size_t kPiecesPerThread = 4;

// Some blocks of one tensor.
struct Piece {
  const WeightRecipe* recipe;
  const BlockFiller* filler;
  float scale;
  std::uint64_t tensor_offset;  // bytes of the tensor before this piece
  std::uint64_t stream;         // of the random generator
  std::span<std::byte> bytes;
};

void fill(const Piece& piece, std::uint64_t seed) noexcept {
  const WeightRecipe& recipe = *piece.recipe;
  if (!recipe.values.empty()) {
    std::memcpy(piece.bytes.data(), reinterpret_cast<const std::byte*>(recipe.values.data()) + piece.tensor_offset,
                piece.bytes.size());
    return;
  }
  RandomBytes random(seed, piece.stream);
  fill_blocks(*piece.filler, piece.scale, random, piece.bytes);
  if (recipe.mean == 0.0f) return;
  QUERN_ASSERT(recipe.type == TensorType::f32);
  for (std::size_t at = 0; at < piece.bytes.size(); at += sizeof(float)) {
    float value;
    std::memcpy(&value, piece.bytes.data() + at, sizeof value);
    value += recipe.mean;
    std::memcpy(piece.bytes.data() + at, &value, sizeof value);
  }
}

// Fills all pieces; the calling thread works too, so that it goes on where no thread can be started.
void fill_all(const std::vector<Piece>& pieces, std::uint64_t seed, std::uint32_t n_threads) {
  std::atomic<std::size_t> next{0};
  const auto work = [&]() noexcept {
    for (std::size_t i = next.fetch_add(1); i < pieces.size(); i = next.fetch_add(1)) fill(pieces[i], seed);
  };
  std::vector<std::jthread> threads;
  try {
    for (std::uint32_t t = 1; t < std::min<std::size_t>(n_threads, pieces.size()); ++t) threads.emplace_back(work);
  } catch (const std::system_error&) {
    // Fewer threads: slower, the same bytes.
  }
  work();
}

// Hands out the pieces of all tensors in file order.
class PieceSource {
 public:
  explicit PieceSource(const std::vector<WeightRecipe>& recipes) : recipes_(recipes) {}

  bool done() const noexcept { return recipe_index_ == recipes_.size(); }

  // REQUIRES: !done(). buffer holds kPieceBytes and outlives the piece.
  Piece next(std::byte* buffer) {
    const WeightRecipe& recipe = recipes_[recipe_index_];
    const kernels::QuantFormat& format = kernels::format_of(recipe.type);
    std::uint64_t n_values = 1;
    for (const std::uint64_t dim : recipe.dims) n_values *= dim;
    const std::uint64_t size_bytes = n_values / format.block_values * format.block_bytes;
    const std::uint64_t piece_bytes = kPieceBytes / format.block_bytes * format.block_bytes;
    const std::uint64_t n = std::min(piece_bytes, size_bytes - offset_);
    const BlockFiller* filler = find_filler(recipe.type);
    QUERN_ASSERT(filler != nullptr);
    const Piece piece{&recipe, filler,      recipe.stddev / unit_of(*filler),
                      offset_, n_pieces_++, {buffer, static_cast<std::size_t>(n)}};
    offset_ += n;
    if (offset_ == size_bytes) {
      ++recipe_index_;
      offset_ = 0;
    }
    return piece;
  }

 private:
  float unit_of(const BlockFiller& filler) {
    const auto [entry, is_new] = units_.try_emplace(filler.type, 0.0f);
    if (is_new) entry->second = static_cast<float>(unit_stddev(filler));
    return entry->second;
  }

  const std::vector<WeightRecipe>& recipes_;
  std::map<TensorType, float> units_;
  std::size_t recipe_index_ = 0;
  std::uint64_t offset_ = 0;
  std::uint64_t n_pieces_ = 0;
};

}  // namespace

Status write_weights(engine::gguf::GgufWriter& writer, const std::vector<WeightRecipe>& recipes, std::uint64_t seed,
                     std::uint32_t n_threads) {
  PieceSource source(recipes);
  const std::size_t n_buffers = n_threads * kPiecesPerThread;
  std::vector<std::byte> buffers(n_buffers * kPieceBytes);
  std::vector<Piece> round;
  while (!source.done()) {
    round.clear();
    while (!source.done() && round.size() < n_buffers) {
      round.push_back(source.next(buffers.data() + round.size() * kPieceBytes));
    }
    fill_all(round, seed, n_threads);
    for (const Piece& piece : round) QUERN_CHECK(writer.write(piece.bytes));
  }
  return {};
}

}  // namespace quern::app
