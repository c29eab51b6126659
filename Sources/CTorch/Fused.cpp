// SPDX-License-Identifier: Apache-2.0
#include "SnakeRows.hpp"
#include "Support.hpp"

#include <ATen/ExpandUtils.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/silu.h>

namespace ctorch {

namespace {

// A fresh result is changed in place where shape and dtype allow it: the same numbers with fewer allocations.
bool fits(const at::Tensor &target, const at::Tensor &other) {
  return target.scalar_type() == other.scalar_type() && at::is_expandable_to(other.sizes(), target.sizes());
}
at::Tensor times(at::Tensor fresh, const at::Tensor &other) {
  return fits(fresh, other) ? fresh.mul_(other) : fresh.mul(other);
}
at::Tensor plus(at::Tensor fresh, const at::Tensor &other) {
  return fits(fresh, other) ? fresh.add_(other) : fresh.add(other);
}

/// x·cos + cat(−x₂, x₁)·sin, where x₁ and x₂ are the halves of the last dimension.
at::Tensor rotary(const at::Tensor &x, const at::Tensor &cosine, const at::Tensor &sine) {
  int64_t half = x.size(-1) / 2;
  TORCH_CHECK_VALUE(x.size(-1) % 2 == 0, "the last dimension must be even, not ", x.size(-1));
  auto turned = at::cat({x.narrow(-1, half, half).neg(), x.narrow(-1, 0, half)}, -1);
  return plus(x.mul(cosine), times(turned, sine));
}

/// x + sin²(αx)·β⁻¹.
at::Tensor snake(const at::Tensor &x, const at::Tensor &alphaExp, const at::Tensor &betaInverse) {
  if (canSnakeRows(x, alphaExp, betaInverse))
    return snakeRows(x, alphaExp, betaInverse);
  return plus(times(x.mul(alphaExp).sin_().square_(), betaInverse), x);
}

/// y += scale·(x·downᵀ)·upᵀ over the flattened leading dimensions.
void loraAdd(at::Tensor y, const at::Tensor &x, const at::Tensor &down, const at::Tensor &up, double scale) {
  auto hidden = x.reshape({-1, x.size(-1)}).mm(down.t());
  y.view({-1, y.size(-1)}).addmm_(hidden, up.t(), 1, scale);
}

} // namespace

void fillFused(CTTable &table) {
  table.siluMultiply = [](auto out, auto a, auto b) {
    return produce(out, [&] { return times(at::silu(get(a)), get(b)); });
  };
  table.rotary = [](auto out, auto a, auto cosine, auto sine) {
    return produce(out, [&] { return rotary(get(a), get(cosine), get(sine)); });
  };
  table.modulate = [](auto out, auto a, auto scale, auto shift) {
    return produce(out, [&] { return plus(get(a).mul(get(scale).add(1)), get(shift)); });
  };
  table.snake = [](auto out, auto a, auto alphaExp, auto betaInverse) {
    return produce(out, [&] { return snake(get(a), get(alphaExp), get(betaInverse)); });
  };
  table.loraAdd = [](auto output, auto input, auto down, auto up, auto scale) {
    return protect([&] { loraAdd(get(output), get(input), get(down), get(up), scale); });
  };
}

} // namespace ctorch
