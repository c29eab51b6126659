// SPDX-License-Identifier: Apache-2.0
#include "Support.hpp"

#include <ATen/autocast_mode.h>
#include <c10/core/GradMode.h>

namespace ctorch {

namespace {

void enterAutocast(CTAutocastState *previous, at::DeviceType kind, at::ScalarType type) {
  *previous = {static_cast<int32_t>(at::autocast::get_autocast_dtype(kind)), at::autocast::is_autocast_enabled(kind)};
  at::autocast::set_autocast_dtype(kind, type);
  at::autocast::set_autocast_enabled(kind, true);
  at::autocast::increment_nesting();
}

/// Leaving the outermost scope drops the casts of weights that were kept for it.
void leaveAutocast(at::DeviceType kind, CTAutocastState previous) {
  if (at::autocast::decrement_nesting() == 0)
    at::autocast::clear_cache();
  at::autocast::set_autocast_dtype(kind, scalarType(previous.dtype));
  at::autocast::set_autocast_enabled(kind, previous.enabled);
}

/// A tensor without a gradient gives NULL. grad() of a tensor inside a graph would warn on stderr, hence the test.
CTTensor *gradientOf(const at::Tensor &tensor) {
  if (!tensor.is_leaf() && !tensor.retains_grad())
    return nullptr;
  const auto &value = tensor.grad();
  return value.defined() ? wrap(value) : nullptr;
}

} // namespace

void fillAutograd(CTTable &table) {
  table.gradientsEnabled = [] { return c10::GradMode::is_enabled(); };
  table.setGradientsEnabled = [](bool enabled) { c10::GradMode::set_enabled(enabled); };
  table.requiresGradient = [](auto a) { return get(a).requires_grad(); };
  table.setRequiresGradient = [](auto a, auto required) {
    return protect([&] { get(a).set_requires_grad(required); });
  };
  table.gradient = [](auto out, auto a) { return protect([&] { *out = gradientOf(get(a)); }); };
  table.setGradient = [](auto a, auto value) {
    return protect([&] { a->value.mutable_grad() = value ? get(value) : at::Tensor(); });
  };
  table.backward = [](auto a, auto start, auto retainGraph) {
    return protect([&] { get(a).backward(start ? get(start) : at::Tensor(), retainGraph); });
  };
  table.enterAutocast = [](auto previous, auto kind, auto dtype) {
    return protect([&] { enterAutocast(previous, static_cast<at::DeviceType>(kind), scalarType(dtype)); });
  };
  table.leaveAutocast = [](auto kind, auto previous) { leaveAutocast(static_cast<at::DeviceType>(kind), previous); };
}

} // namespace ctorch
