// SPDX-License-Identifier: Apache-2.0
// A loop over elements of its own: libtorch's operations take five passes over memory forwards and a dozen backwards, more than
// half of the time in which a small autoencoder is trained.
#include "SnakeRows.hpp"
#include "ParallelRows.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cstring>

// One build for each generation of processors; the loader takes the widest that the machine has.
#if defined(__x86_64__) && defined(__linux__)
#define VECTORIZED __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define VECTORIZED
#endif
#define INLINED static inline __attribute__((always_inline))

namespace ctorch {

namespace {

constexpr int64_t width = 16;
typedef float Lanes __attribute__((vector_size(width * sizeof(float))));

// Vectors travel by reference: as values they would be passed differently by each generation.
INLINED void load(Lanes &lanes, const float *from) { std::memcpy(&lanes, from, sizeof lanes); }
INLINED void store(float *to, const Lanes &lanes) { std::memcpy(to, &lanes, sizeof lanes); }

/// Brings an angle to −π/2…π/2 by multiples of π, which changes neither sin² nor sin of the double angle.
INLINED void reduce(Lanes &angle) {
  constexpr float shift = 12582912.0f; // 1.5·2²³: what is added to it is rounded to a whole number
  Lanes turns = (angle * 0.318309886f + shift) - shift;
  // π in three parts, the first two short enough for exact products.
  angle = ((angle - turns * 3.140625f) - turns * 9.67502593994140625e-4f) - turns * 1.509957990978376432e-7f;
  // Beyond 10⁶ a float's angle says nothing; what comes of it stays a sine.
  Lanes limit = Lanes{} + 1.5707964f;
  angle = angle > limit ? limit : angle;
  angle = angle < -limit ? -limit : angle;
}

/// Taylor's series; the first term left out is 6e-8 at the ends.
INLINED void sine(Lanes &result, const Lanes &angle) {
  Lanes square = angle * angle;
  result = angle
      + angle * square
          * (-1.f / 6
             + square * (1.f / 120 + square * (-1.f / 5040 + square * (1.f / 362880 + square * (-1.f / 39916800)))));
}
INLINED void cosine(Lanes &result, const Lanes &angle) {
  Lanes square = angle * angle;
  result = 1.f
      + square
          * (-1.f / 2
             + square
                 * (1.f / 24
                    + square
                        * (-1.f / 720 + square * (1.f / 40320 + square * (-1.f / 3628800 + square * (1.f / 479001600))))));
}

INLINED void forward(Lanes &y, const Lanes &x, float alpha, float betaInverse) {
  Lanes angle = x * alpha, s;
  reduce(angle);
  sine(s, angle);
  y = x + s * s * betaInverse;
}

VECTORIZED void forwardRow(float *y, const float *x, int64_t length, float alpha, float betaInverse) {
  Lanes in, out;
  int64_t place = 0;
  for (; place + width <= length; place += width) {
    load(in, x + place);
    forward(out, in, alpha, betaInverse);
    store(y + place, out);
  }
  if (place < length) {
    float rest[width] = {};
    std::memcpy(rest, x + place, static_cast<size_t>(length - place) * sizeof(float));
    load(in, rest);
    forward(out, in, alpha, betaInverse);
    store(rest, out);
    std::memcpy(y + place, rest, static_cast<size_t>(length - place) * sizeof(float));
  }
}

/// What a row adds to the derivatives of its channel's two numbers.
struct RowSums {
  double alpha, betaInverse;
};

INLINED void backward(
    Lanes &toX, Lanes &toAlpha, Lanes &toBeta, const Lanes &gradient, const Lanes &x, float alpha, float betaInverse) {
  Lanes angle = x * alpha, s, c;
  reduce(angle);
  sine(s, angle);
  cosine(c, angle);
  Lanes slope = 2.f * s * c * gradient;
  toX = gradient + slope * (alpha * betaInverse);
  toAlpha += slope * x;
  toBeta += s * s * gradient;
}

VECTORIZED void backwardRow(
    float *toX, RowSums *sums, const float *gradient, const float *x, int64_t length, float alpha, float betaInverse) {
  // Sums of a few hundred numbers each in float32, those in float64.
  constexpr int64_t block = 1 << 12;
  *sums = {0, 0};
  for (int64_t first = 0; first < length; first += block) {
    Lanes in, from, out, toAlpha{}, toBeta{};
    int64_t end = std::min(first + block, length), place = first;
    for (; place + width <= end; place += width) {
      load(in, x + place);
      load(from, gradient + place);
      backward(out, toAlpha, toBeta, from, in, alpha, betaInverse);
      store(toX + place, out);
    }
    if (place < end) {
      // Gradients of nothing are zeros and add nothing.
      float rest[width] = {}, behind[width] = {};
      size_t bytes = static_cast<size_t>(end - place) * sizeof(float);
      std::memcpy(rest, x + place, bytes);
      std::memcpy(behind, gradient + place, bytes);
      load(in, rest);
      load(from, behind);
      backward(out, toAlpha, toBeta, from, in, alpha, betaInverse);
      store(rest, out);
      std::memcpy(toX + place, rest, bytes);
    }
    for (int64_t lane = 0; lane < width; lane++) {
      sums->alpha += toAlpha[lane];
      sums->betaInverse += toBeta[lane];
    }
  }
  sums->alpha *= betaInverse;
}

at::Tensor rowsForward(const at::Tensor &x, const at::Tensor &alpha, const at::Tensor &betaInverse) {
  auto y = at::empty_like(x);
  int64_t channels = x.size(1), length = x.size(2);
  auto *to = y.data_ptr<float>();
  const auto *from = x.data_ptr<float>(), *a = alpha.data_ptr<float>(),
             *b = betaInverse.data_ptr<float>();
  forEachRow(x.size(0) * channels, length * 4, [=](int64_t row) {
    forwardRow(to + row * length, from + row * length, length, a[row % channels], b[row % channels]);
  });
  return y;
}

/// The three derivatives. Rows are added up in their order, whatever threads they were computed on.
torch::autograd::variable_list rowsBackward(
    const at::Tensor &gradient, const at::Tensor &x, const at::Tensor &alpha, const at::Tensor &betaInverse) {
  auto toX = at::empty_like(x), toAlpha = at::empty_like(alpha), toBeta = at::empty_like(betaInverse);
  int64_t channels = x.size(1), length = x.size(2), rows = x.size(0) * channels;
  std::vector<RowSums> sums(static_cast<size_t>(rows));
  auto *to = toX.data_ptr<float>();
  auto *partial = sums.data();
  const auto *start = gradient.data_ptr<float>(), *from = x.data_ptr<float>(),
             *a = alpha.data_ptr<float>(), *b = betaInverse.data_ptr<float>();
  forEachRow(rows, length * 8, [=](int64_t row) {
    backwardRow(
        to + row * length, partial + row, start + row * length, from + row * length, length, a[row % channels],
        b[row % channels]);
  });
  for (int64_t channel = 0; channel < channels; channel++) {
    RowSums total{0, 0};
    for (int64_t row = channel; row < rows; row += channels) {
      total.alpha += partial[row].alpha;
      total.betaInverse += partial[row].betaInverse;
    }
    toAlpha.data_ptr<float>()[channel] = static_cast<float>(total.alpha);
    toBeta.data_ptr<float>()[channel] = static_cast<float>(total.betaInverse);
  }
  return {toX, toAlpha, toBeta};
}

struct RecordedSnake : torch::autograd::Function<RecordedSnake> {
  static at::Tensor forward(
      torch::autograd::AutogradContext *context, const at::Tensor &x, const at::Tensor &alpha,
      const at::Tensor &betaInverse) {
    context->save_for_backward({x, alpha, betaInverse});
    return rowsForward(x, alpha, betaInverse);
  }
  static torch::autograd::variable_list
  backward(torch::autograd::AutogradContext *context, torch::autograd::variable_list gradients) {
    auto saved = context->get_saved_variables();
    return rowsBackward(gradients[0].contiguous(), saved[0], saved[1], saved[2]);
  }
};

} // namespace

bool canSnakeRows(const at::Tensor &x, const at::Tensor &alpha, const at::Tensor &betaInverse) {
  auto isOne = [&](const at::Tensor &values) {
    return values.scalar_type() == at::kFloat && values.device().is_cpu() && values.is_contiguous()
        && values.numel() == x.size(1) && values.dim() == 3 && values.size(1) == x.size(1);
  };
  return x.dim() == 3 && x.scalar_type() == at::kFloat && x.device().is_cpu() && x.is_contiguous() && isOne(alpha)
      && isOne(betaInverse);
}

at::Tensor snakeRows(const at::Tensor &x, const at::Tensor &alpha, const at::Tensor &betaInverse) {
  bool isRecorded =
      c10::GradMode::is_enabled() && (x.requires_grad() || alpha.requires_grad() || betaInverse.requires_grad());
  return isRecorded ? RecordedSnake::apply(x, alpha, betaInverse) : rowsForward(x, alpha, betaInverse);
}

} // namespace ctorch
