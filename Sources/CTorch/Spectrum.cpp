// SPDX-License-Identifier: Apache-2.0
#include "Support.hpp"

#include <ATen/ops/stft.h>
#include <ATen/ops/view_as_real.h>

namespace ctorch {

void fillSpectrum(CTTable &table) {
  table.stft = [](auto out, auto a, auto size, auto hop, auto window, auto centered) {
    return produce(out, [&] {
      return at::view_as_real(at::stft(
          get(a), size, hop, /*win_length=*/size, get(window), centered, /*pad_mode=*/"reflect", /*normalized=*/false,
          /*onesided=*/true, /*return_complex=*/true));
    });
  };
}

} // namespace ctorch
