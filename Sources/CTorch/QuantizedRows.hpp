// SPDX-License-Identifier: Apache-2.0
// Rows of floating-point numbers as bytes with a scale each, and back.
#pragma once

#include <ATen/core/Tensor.h>

namespace ctorch {

/// Writes round(127·x / peak) + offset for each x of a row whose largest magnitude is `peak`, and peak / 127 as the row's
/// scale. A row with NaN or infinity, or one too small for a scale, becomes zeros, and its scale says which it is.
///
/// `input` is [rows, columns] in float32 or bfloat16, `values` the same shape in bytes, `scales` [rows] in float32; all
/// contiguous.
void quantizeRows(const at::Tensor &input, uint8_t offset, const at::Tensor &values, const at::Tensor &scales);

/// y = y·scale + bias for each row, in place. `y` is [rows, columns] in float32 or bfloat16, `scales` [rows] and `bias`
/// [columns] float32; all contiguous.
void scaleRows(const at::Tensor &y, const at::Tensor &scales, const std::optional<at::Tensor> &bias);

} // namespace ctorch
