// The unquantized types: F32 multiply-add, weights widened as they are loaded. One arithmetic for all roles.
#include "kernels/cpu/neon/kernels.hpp"
#include "kernels/cpu/neon/vec.hpp"
#include "kernels/cpu/simd/matmul.hpp"
#include "kernels/cpu/simd/plain_groups.hpp"
#include "kernels/quant/tensor_type.hpp"

namespace quern::kernels::neon {
namespace {

template <class Loader>
void set(KernelTable& table, TensorType type) noexcept {
  for (auto& by_type : table.matmul) {
    MatmulKernel& kernel = by_type[static_cast<std::size_t>(type)];
    kernel.run = &matmul<Vec, PlainGroups<Vec, Loader>>;  // on the scalar tier's form of activations
    kernel.peak = Peak::fma_128;
  }
}

}  // namespace

void fill_float_matmul(KernelTable& table) noexcept {
  set<LoadF32<Vec>>(table, TensorType::f32);
  set<LoadF16<Vec>>(table, TensorType::f16);
  set<LoadBf16<Vec>>(table, TensorType::bf16);
}

}  // namespace quern::kernels::neon
