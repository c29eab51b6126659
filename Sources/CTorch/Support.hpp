// SPDX-License-Identifier: Apache-2.0
// What every family of functions needs: handles, lists, and the wall that no exception passes.
#pragma once

#include "../CTorchTable/include/CTorchTable.h"

#include <ATen/core/Tensor.h>
#include <torch/headeronly/version.h>

#include <atomic>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <utility>

static_assert(
    TORCH_VERSION_MAJOR == CT_TORCH_MAJOR && TORCH_VERSION_MINOR == CT_TORCH_MINOR,
    "libtorch's headers are of another release than CTorchTable.h names; its C++ interface is not stable");

struct CTTensor {
  at::Tensor value;
};

struct CTError {
  CTErrorKind kind;
  std::string message;
};

namespace ctorch __attribute__((visibility("hidden"))) {

/// Relaxed: the numbers are read by tests and by `doctor`, nothing is ordered by them.
struct Counters {
  std::atomic<int64_t> live{0}, created{0}, calls{0}, bytes{0};
};
extern Counters counters;

/// The exception in flight as an error. Only to be called from a catch block.
CTError *currentError() noexcept;

/// Runs a body and turns whatever it throws into an error.
template <class Body> CTError *protect(Body &&body) noexcept {
  counters.calls.fetch_add(1, std::memory_order_relaxed);
  try {
    body();
    return nullptr;
  } catch (...) {
    return currentError();
  }
}

inline const at::Tensor &get(const CTTensor *tensor) { return tensor->value; }

inline std::optional<at::Tensor> optional(const CTTensor *tensor) {
  return tensor ? std::optional<at::Tensor>(tensor->value) : std::nullopt;
}

/// Makes a handle that the caller owns.
CTTensor *wrap(at::Tensor value);

/// The usual function: one tensor comes out.
template <class Body> CTError *produce(CTTensor **out, Body &&body) noexcept {
  return protect([&] { *out = wrap(body()); });
}

void freeTensor(CTTensor *tensor);

struct FreeTensor {
  void operator()(CTTensor *tensor) const { freeTensor(tensor); }
};
using Handle = std::unique_ptr<CTTensor, FreeTensor>;

/// Hands out several results; the handles are all made before the first is written.
template <size_t count> void handOut(at::Tensor (&&values)[count], CTTensor **const (&places)[count]) {
  Handle handles[count];
  for (size_t index = 0; index < count; index++)
    handles[index].reset(wrap(std::move(values[index])));
  for (size_t index = 0; index < count; index++)
    *places[index] = handles[index].release();
}

inline at::IntArrayRef list(const CTInt *values, size_t count) {
  static_assert(sizeof(CTInt) == sizeof(int64_t));
  return {reinterpret_cast<const int64_t *>(values), count};
}

/// Dimensions to reduce, where an empty list means all.
inline at::OptionalIntArrayRef dimensions(const CTInt *values, size_t count) {
  return count ? at::OptionalIntArrayRef(list(values, count)) : std::nullopt;
}

inline at::ScalarType scalarType(int32_t dtype) { return static_cast<at::ScalarType>(dtype); }

inline at::Device device(CTDevice device) {
  auto kind = static_cast<at::DeviceType>(device.kind);
  return at::Device(kind, kind == at::kCPU ? -1 : static_cast<at::DeviceIndex>(device.index));
}

inline at::TensorOptions options(CTOptions options) {
  return at::TensorOptions(scalarType(options.dtype)).device(device(options.device));
}

/// A whole number stays whole against an integral tensor, as `tensor + 1` does in Python; else it would promote.
inline at::Scalar number(double value, at::ScalarType type) {
  bool whole = std::trunc(value) == value && std::abs(value) <= 9007199254740992.0;
  return whole && at::isIntegralType(type, true) ? at::Scalar(static_cast<int64_t>(value)) : at::Scalar(value);
}
inline at::Scalar number(double value, const CTTensor *beside) { return number(value, get(beside).scalar_type()); }

inline std::optional<at::Scalar> number(CTOptionalDouble value, const CTTensor *beside) {
  return value.present ? std::optional<at::Scalar>(number(value.value, beside)) : std::nullopt;
}

// Each family fills its part of the table.
void fillError(CTTable &table);
void fillRuntime(CTTable &table);
void fillTensor(CTTable &table);
void fillCreation(CTTable &table);
void fillRandom(CTTable &table);
void fillArithmetic(CTTable &table);
void fillComparison(CTTable &table);
void fillPointwise(CTTable &table);
void fillReduction(CTTable &table);
void fillLinearAlgebra(CTTable &table);
void fillConvolution(CTTable &table);
void fillSpectrum(CTTable &table);
void fillNetwork(CTTable &table);
void fillFused(CTTable &table);
void fillQuantization(CTTable &table);
void fillShape(CTTable &table);
void fillIndexing(CTTable &table);
void fillAutograd(CTTable &table);
void fillTensorLists(CTTable &table);

} // namespace ctorch
