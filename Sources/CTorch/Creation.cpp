// SPDX-License-Identifier: Apache-2.0
#include "Support.hpp"

#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/full.h>
#include <ATen/ops/linspace.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include <cstring>
#include <memory>

namespace ctorch {

namespace {

/// Checks before allocating, so that a wrong count costs no memory. The caller has checked the shape itself.
void checkByteCount(size_t byteCount, at::IntArrayRef shape, at::ScalarType type) {
  size_t expected = c10::multiply_integers(shape) * at::elementSize(type);
  TORCH_CHECK_VALUE(byteCount == expected, type, " ", shape, " takes ", expected, " bytes, not ", byteCount);
}

at::Tensor copyBytes(const void *bytes, size_t byteCount, at::IntArrayRef shape, at::ScalarType type) {
  checkByteCount(byteCount, shape, type);
  auto tensor = at::empty(shape, type);
  if (byteCount > 0)
    std::memcpy(tensor.mutable_data_ptr(), bytes, byteCount);
  return tensor;
}

/// `release` is armed last: on any failure before, the caller still holds the owner.
CTTensor *mapBytes(
    const void *bytes, size_t byteCount, at::IntArrayRef shape, at::ScalarType type, void *owner,
    void (*release)(void *)) {
  checkByteCount(byteCount, shape, type);
  auto armed = std::make_shared<bool>(false);
  auto deleter = [armed, owner, release](void *) {
    if (*armed)
      release(owner);
  };
  auto *tensor = wrap(at::from_blob(const_cast<void *>(bytes), shape, deleter, at::TensorOptions(type)));
  *armed = true;
  return tensor;
}

} // namespace

void fillCreation(CTTable &table) {
  table.empty = [](auto out, auto shape, auto rank, auto o) {
    return produce(out, [&] { return at::empty(list(shape, rank), options(o)); });
  };
  table.zeros = [](auto out, auto shape, auto rank, auto o) {
    return produce(out, [&] { return at::zeros(list(shape, rank), options(o)); });
  };
  table.ones = [](auto out, auto shape, auto rank, auto o) {
    return produce(out, [&] { return at::ones(list(shape, rank), options(o)); });
  };
  table.full = [](auto out, auto shape, auto rank, auto value, auto o) {
    return produce(out, [&] { return at::full(list(shape, rank), number(value, scalarType(o.dtype)), options(o)); });
  };
  table.arange = [](auto out, auto start, auto end, auto step, auto o) {
    auto type = scalarType(o.dtype);
    return produce(out, [&] {
      return at::arange(number(start, type), number(end, type), number(step, type), options(o));
    });
  };
  table.linspace = [](auto out, auto start, auto end, auto count, auto o) {
    return produce(out, [&] { return at::linspace(start, end, count, options(o)); });
  };
  table.copyBytes = [](auto out, auto bytes, auto byteCount, auto shape, auto rank, auto dtype) {
    return produce(out, [&] { return copyBytes(bytes, byteCount, list(shape, rank), scalarType(dtype)); });
  };
  table.mapBytes = [](auto out, auto bytes, auto byteCount, auto shape, auto rank, auto dtype, auto owner,
                      auto release) {
    return protect([&] { *out = mapBytes(bytes, byteCount, list(shape, rank), scalarType(dtype), owner, release); });
  };
  table.convert = [](auto out, auto a, auto o, auto nonBlocking) {
    return produce(out, [&] { return get(a).to(options(o), nonBlocking); });
  };
}

} // namespace ctorch
