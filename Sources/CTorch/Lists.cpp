// SPDX-License-Identifier: Apache-2.0
#include "Support.hpp"

#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_copy.h>
#include <ATen/ops/_foreach_lerp.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/full.h>
#include <ATen/ops/stack.h>

#include <vector>

namespace ctorch {

namespace {

std::vector<at::Tensor> tensors(CTTensor *const *handles, size_t count) {
  std::vector<at::Tensor> values;
  values.reserve(count);
  for (size_t index = 0; index < count; index++)
    values.push_back(get(handles[index]));
  return values;
}

/// The norm of all elements: the norm of the tensors' norms, as torch.nn.utils.clip_grad_norm_ takes it.
double normOfAll(const std::vector<at::Tensor> &values) {
  return values.empty() ? 0 : at::stack(at::_foreach_norm(values)).norm().item().toDouble();
}

/// torch.optim.AdamW's step in one pass over the memory of each tensor.
void adamW(
    const std::vector<at::Tensor> &values, const std::vector<at::Tensor> &gradients,
    const std::vector<at::Tensor> &means, const std::vector<at::Tensor> &squares, const CTAdamW &settings) {
  if (values.empty())
    return;
  auto step = at::full({}, static_cast<double>(settings.step), values[0].options().dtype(at::kFloat));
  at::_fused_adamw_(
      values, gradients, means, squares, /*max_exp_avg_sqs=*/{}, std::vector<at::Tensor>(values.size(), step),
      settings.learningRate, settings.meanDecay, settings.squareDecay, settings.weightDecay, settings.epsilon,
      /*amsgrad=*/false, /*maximize=*/false, std::nullopt, std::nullopt);
}

} // namespace

// libtorch refuses lists without tensors.
void fillTensorLists(CTTable &table) {
  table.normOfAll = [](auto out, auto a, auto count) {
    return protect([&] { *out = normOfAll(tensors(a, count)); });
  };
  table.multiplyAll = [](auto a, auto count, auto number) {
    return protect([&] {
      if (count > 0)
        at::_foreach_mul_(tensors(a, count), at::Scalar(number));
    });
  };
  table.addAll = [](auto a, auto b, auto count) {
    return protect([&] {
      if (count > 0)
        at::_foreach_add_(tensors(a, count), tensors(b, count));
    });
  };
  table.copyAll = [](auto a, auto b, auto count) {
    return protect([&] {
      if (count > 0)
        at::_foreach_copy_(tensors(a, count), tensors(b, count));
    });
  };
  table.lerpAll = [](auto a, auto b, auto count, auto weight) {
    return protect([&] {
      if (count > 0)
        at::_foreach_lerp_(tensors(a, count), tensors(b, count), at::Scalar(weight));
    });
  };
  table.adamW = [](auto a, auto gradients, auto means, auto squares, auto count, auto settings) {
    return protect([&] {
      adamW(
          tensors(a, count), tensors(gradients, count), tensors(means, count), tensors(squares, count), *settings);
    });
  };
}

} // namespace ctorch
