// SPDX-License-Identifier: Apache-2.0
// Loops over elements of their own: libtorch's operations would take six passes over memory for what are two, a third of
// the time of the product they serve.
#include "QuantizedRows.hpp"
#include "ParallelRows.hpp"

#include <bit>
#include <cmath>
#include <cstring>
#include <type_traits>

// Callers have checked that the processor has VNNI, and with it these.
#ifdef __x86_64__
#define VECTORIZED __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl")))
#else
#define VECTORIZED
#endif

namespace ctorch {

namespace {

// Elements are read as their bits: those of magnitudes are ordered as the magnitudes are, NaN above infinity.
template <class Bits> float widen(Bits bits) {
  if constexpr (std::is_same_v<Bits, uint32_t>)
    return std::bit_cast<float>(bits);
  else
    return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}

/// Rounds to the nearest, to even from the middle, as libtorch does.
template <class Bits> Bits narrow(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  if constexpr (std::is_same_v<Bits, uint32_t>)
    return bits;
  else
    return value != value ? 0x7fc0 : static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

template <class Bits>
VECTORIZED void quantizeRow(const Bits *input, int64_t columns, uint8_t offset, uint8_t *values, float *scale) {
  constexpr Bits magnitude = static_cast<Bits>(~Bits(0)) >> 1;
  Bits largest = 0;
  for (int64_t column = 0; column < columns; column++) {
    Bits bits = input[column] & magnitude;
    largest = bits > largest ? bits : largest;
  }
  float peak = widen(largest);
  float factor = 127.0f / peak;
  *scale = peak / 127.0f;
  if (!std::isfinite(peak) || !std::isfinite(factor)) {
    std::memset(values, offset, static_cast<size_t>(columns));
    return;
  }
  for (int64_t column = 0; column < columns; column++)
    values[column] = static_cast<uint8_t>(static_cast<int32_t>(std::nearbyintf(widen(input[column]) * factor)) + offset);
}

template <class Bits> VECTORIZED void scaleRow(Bits *y, int64_t columns, float scale, const float *bias) {
  if (bias)
    for (int64_t column = 0; column < columns; column++)
      y[column] = narrow<Bits>(widen(y[column]) * scale + bias[column]);
  else
    for (int64_t column = 0; column < columns; column++)
      y[column] = narrow<Bits>(widen(y[column]) * scale);
}

template <class Bits>
void quantizeAll(const at::Tensor &input, uint8_t offset, const at::Tensor &values, const at::Tensor &scales) {
  auto *from = static_cast<const Bits *>(input.const_data_ptr());
  auto *to = static_cast<uint8_t *>(values.mutable_data_ptr());
  auto *scale = static_cast<float *>(scales.mutable_data_ptr());
  int64_t columns = input.size(1);
  forEachRow(input.size(0), columns * static_cast<int64_t>(sizeof(Bits)), [=](int64_t row) {
    quantizeRow(from + row * columns, columns, offset, to + row * columns, scale + row);
  });
}

template <class Bits>
void scaleAll(const at::Tensor &y, const at::Tensor &scales, const std::optional<at::Tensor> &bias) {
  auto *elements = static_cast<Bits *>(y.mutable_data_ptr());
  auto *scale = static_cast<const float *>(scales.const_data_ptr());
  auto *added = bias ? static_cast<const float *>(bias->const_data_ptr()) : nullptr;
  int64_t columns = y.size(1);
  forEachRow(y.size(0), columns * static_cast<int64_t>(sizeof(Bits)), [=](int64_t row) {
    scaleRow(elements + row * columns, columns, scale[row], added);
  });
}

} // namespace

void quantizeRows(const at::Tensor &input, uint8_t offset, const at::Tensor &values, const at::Tensor &scales) {
  if (input.scalar_type() == at::kBFloat16)
    quantizeAll<uint16_t>(input, offset, values, scales);
  else
    quantizeAll<uint32_t>(input, offset, values, scales);
}

void scaleRows(const at::Tensor &y, const at::Tensor &scales, const std::optional<at::Tensor> &bias) {
  if (y.scalar_type() == at::kBFloat16)
    scaleAll<uint16_t>(y, scales, bias);
  else
    scaleAll<uint32_t>(y, scales, bias);
}

} // namespace ctorch
