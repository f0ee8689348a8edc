// Stages that every block is made of: norms, conversions to the form that products read, products, residual sums.
#include "engine/forward_pass.hpp"

namespace quern::engine {

kernels::Range ForwardPass::my_rows(std::uint32_t worker) const noexcept {
  return kernels::share_of(rows_.n_rows(), 1, worker, pool_.n_workers());
}

ForwardPass::Inputs ForwardPass::inputs_for(std::initializer_list<const Linear*> linears, std::uint32_t n_rows,
                                            std::uint32_t n_decode_rows) noexcept {
  Inputs out;
  for (const Linear* linear : linears) {
    if (!*linear) continue;
    Input input = input_for(linear->matrix, kernels_, n_rows, n_decode_rows, a_.form[out.n]);
    bool own = true;
    for (std::size_t i = 0; i < out.n && own; ++i) {
      if (!input.same_form(out.input[i])) continue;
      input.data = out.input[i].data;
      own = false;
    }
    out.owner[out.n] = own;
    out.input[out.n++] = input;
  }
  return out;
}

void ForwardPass::normalize(const Norm& norm, const float* x, std::size_t n, float* y) const noexcept {
  const float* bias = norm.bias.empty() ? nullptr : norm.bias.data();
  switch (arch_.norm) {
    case NormKind::rms:
      return kernels_.rms_norm(x, norm.weight.data(), params_.norm_eps, n, y);
    case NormKind::rms_with_bias:
      kernels_.rms_norm(x, norm.weight.data(), params_.norm_eps, n, y);
      if (bias != nullptr) kernels_.add(y, bias, n, y);
      return;
    case NormKind::layer:
    case NormKind::bare_layer:
      return kernels_.layer_norm(x, norm.weight.data(), bias, params_.norm_eps, n, y);
  }
}

void ForwardPass::norm_and_convert(const Norm& norm, const Inputs& inputs) noexcept {
  const std::size_t d_model = params_.d_model;
  pool_.run([&](std::uint32_t worker) {
    const kernels::Range mine = my_rows(worker);
    if (norm) {
      for (std::size_t row = mine.begin; row < mine.end; ++row) {
        normalize(norm, a_.x + row * d_model, d_model, a_.normed + row * d_model);
      }
    }
    convert_mine(norm ? a_.normed : a_.x, inputs, mine);
  });
}

void ForwardPass::convert_mine(const float* x, const Inputs& inputs, kernels::Range rows) const noexcept {
  for (std::size_t i = 0; i < inputs.n; ++i) {
    if (inputs.owner[i]) convert(inputs.input[i], x, rows);
  }
}

void ForwardPass::convert_rows(const float* x, const Inputs& inputs) noexcept {
  pool_.run([&](std::uint32_t worker) {
    convert_mine(x, inputs, kernels::share_of(inputs.input[0].n_rows, 1, worker, pool_.n_workers()));
  });
}

void ForwardPass::apply_rows(const Linear& linear, const Input& input, std::uint32_t owner, kernels::Range rows,
                             float* y, std::size_t y_stride) const noexcept {
  multiply(linear.matrix, input, owner, rows, y, y_stride);
  if (linear.scale != 1.0f) {
    for (std::size_t row = 0; row < input.n_rows; ++row) {
      float* out = y + row * y_stride;
      for (std::size_t i = rows.begin; i < rows.end; ++i) out[i] *= linear.scale;
    }
  }
  if (linear.bias.empty()) return;
  for (std::size_t row = 0; row < input.n_rows; ++row) {
    float* out = y + row * y_stride + rows.begin;
    kernels_.add(out, linear.bias.data() + rows.begin, rows.end - rows.begin, out);
  }
}

void ForwardPass::project_and_add(const Linear& linear, const float* in, const Norm& post, const float* row_scale,
                                  const Sum& sum) noexcept {
  const Inputs inputs = inputs_for({&linear});
  convert_rows(in, inputs);
  const std::size_t d_model = params_.d_model;
  const auto add_answer = [&](std::size_t row, std::size_t begin, std::size_t end) {
    float* to = sum.to + row * d_model + begin;
    const float* answer = a_.projected + row * d_model + begin;
    const float scale = sum.scale * (row_scale != nullptr ? row_scale[row] : 1.0f);
    if (scale == 1.0f) {
      kernels_.add(to, answer, end - begin, to);
    } else {
      kernels_.add_scaled(answer, scale, end - begin, to);
    }
  };
  pool_.run([&](std::uint32_t worker) {
    apply(linear, inputs.input[0], worker, a_.projected, d_model, [&](kernels::Range columns) {
      if (post) return;
      for (std::size_t row = 0; row < rows_.n_rows(); ++row) add_answer(row, columns.begin, columns.end);
    });
  });
  if (!post) return;
  pool_.run([&](std::uint32_t worker) {
    const kernels::Range mine = my_rows(worker);
    for (std::size_t row = mine.begin; row < mine.end; ++row) {
      float* answer = a_.projected + row * d_model;
      normalize(post, answer, d_model, answer);
      add_answer(row, 0, d_model);
    }
  });
}

void ForwardPass::normalize_rows(const Norm& norm, float* rows, std::size_t width) noexcept {
  pool_.run([&](std::uint32_t worker) {
    const kernels::Range mine = my_rows(worker);
    for (std::size_t row = mine.begin; row < mine.end; ++row) {
      normalize(norm, rows + row * width, width, rows + row * width);
    }
  });
}

void ForwardPass::add_rows(const float* rows, const Norm& post) noexcept {
  const std::size_t d_model = params_.d_model;
  pool_.run([&](std::uint32_t worker) {
    const kernels::Range mine = my_rows(worker);
    for (std::size_t row = mine.begin; row < mine.end; ++row) {
      const float* answer = rows + row * d_model;
      if (post) {
        normalize(post, answer, d_model, a_.projected + row * d_model);
        answer = a_.projected + row * d_model;
      }
      kernels_.add_scaled(answer, params_.residual_scale, d_model, a_.x + row * d_model);
    }
  });
}

}  // namespace quern::engine
