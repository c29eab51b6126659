// SPDX-License-Identifier: Apache-2.0
#include "Support.hpp"

#include <ATen/ops/conv1d.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/conv_transpose1d.h>
#include <ATen/ops/conv_transpose2d.h>

namespace ctorch {

void fillConvolution(CTTable &table) {
  table.conv1d = [](auto out, auto input, auto weight, auto bias, auto stride, auto padding, auto dilation,
                    auto groups) {
    return produce(out, [&] {
      return at::conv1d(
          get(input), get(weight), optional(bias), list(&stride, 1), list(&padding, 1), list(&dilation, 1), groups);
    });
  };
  table.convTranspose1d = [](auto out, auto input, auto weight, auto bias, auto stride, auto padding,
                             auto outputPadding, auto groups, auto dilation) {
    return produce(out, [&] {
      return at::conv_transpose1d(
          get(input), get(weight), optional(bias), list(&stride, 1), list(&padding, 1),
          list(&outputPadding, 1), groups, list(&dilation, 1));
    });
  };
  table.conv2d = [](auto out, auto input, auto weight, auto bias, auto stride, auto padding, auto dilation,
                    auto groups) {
    return produce(out, [&] {
      return at::conv2d(
          get(input), get(weight), optional(bias), list(stride, 2), list(padding, 2), list(dilation, 2), groups);
    });
  };
  table.convTranspose2d = [](auto out, auto input, auto weight, auto bias, auto stride, auto padding,
                             auto outputPadding, auto groups, auto dilation) {
    return produce(out, [&] {
      return at::conv_transpose2d(
          get(input), get(weight), optional(bias), list(stride, 2), list(padding, 2), list(outputPadding, 2), groups,
          list(dilation, 2));
    });
  };
}

} // namespace ctorch
