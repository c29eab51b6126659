// SPDX-License-Identifier: Apache-2.0
#include "Support.hpp"

#include <ATen/ops/embedding.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/scaled_dot_product_attention.h>

namespace ctorch {

namespace {

/// Normalises in float32 and casts back before the weight, as the models do. at::rms_norm multiplies by the weight
/// before it casts, which rounds differently in bfloat16.
at::Tensor rmsNorm(const at::Tensor &input, const CTTensor *weight, double epsilon) {
  auto wide = input.scalar_type() == at::kDouble ? input : input.to(at::kFloat);
  auto normal = wide.mul(wide.pow(2).mean(-1, true).add_(epsilon).rsqrt_()).to(input.scalar_type());
  return weight ? normal.mul(get(weight)) : normal;
}

at::Tensor layerNorm(const at::Tensor &input, const CTTensor *weight, const CTTensor *bias, double epsilon) {
  return at::layer_norm(input, {input.size(-1)}, optional(weight), optional(bias), epsilon);
}

} // namespace

void fillNetwork(CTTable &table) {
  table.rmsNorm = [](auto out, auto a, auto weight, auto epsilon) {
    return produce(out, [&] { return rmsNorm(get(a), weight, epsilon); });
  };
  table.layerNorm = [](auto out, auto a, auto weight, auto bias, auto epsilon) {
    return produce(out, [&] { return layerNorm(get(a), weight, bias, epsilon); });
  };
  table.attention = [](auto out, auto query, auto key, auto value, auto mask, auto isCausal, auto scale, auto grouped) {
    auto factor = scale.present ? std::optional<double>(scale.value) : std::nullopt;
    return produce(out, [&] {
      return at::scaled_dot_product_attention(
          get(query), get(key), get(value), optional(mask), /*dropout_p=*/0.0, isCausal, factor, grouped);
    });
  };
  table.embedding = [](auto out, auto a, auto indices) {
    return produce(out, [&] { return at::embedding(get(a), get(indices)); });
  };
}

} // namespace ctorch
