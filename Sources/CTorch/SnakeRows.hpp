// SPDX-License-Identifier: Apache-2.0
// The autoencoder's activation in one pass over memory, and its derivative in another.
#pragma once

#include <ATen/core/Tensor.h>

namespace ctorch {

/// Whether `snakeRows` takes these: float32 on a CPU, `x` [batch, channels, length], the others one number a channel.
bool canSnakeRows(const at::Tensor &x, const at::Tensor &alpha, const at::Tensor &betaInverse);

/// x + sin²(αx)·β⁻¹. Recorded for a backward pass if one of the three is to have a gradient.
at::Tensor snakeRows(const at::Tensor &x, const at::Tensor &alpha, const at::Tensor &betaInverse);

} // namespace ctorch
