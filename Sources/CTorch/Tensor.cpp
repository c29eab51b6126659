// SPDX-License-Identifier: Apache-2.0
#include "Support.hpp"

#include <cstring>

namespace ctorch {

CTTensor *wrap(at::Tensor value) {
  bool owns = value.has_storage() && value.use_count() == 1 && value.storage().use_count() == 1;
  int64_t bytes = owns ? static_cast<int64_t>(value.storage().nbytes()) : 0;
  auto *tensor = new CTTensor{std::move(value)};
  counters.live.fetch_add(1, std::memory_order_relaxed);
  counters.created.fetch_add(1, std::memory_order_relaxed);
  counters.bytes.fetch_add(bytes, std::memory_order_relaxed);
  return tensor;
}

void freeTensor(CTTensor *tensor) {
  delete tensor;
  counters.live.fetch_sub(1, std::memory_order_relaxed);
}

namespace {

void copyOut(void *destination, size_t byteCount, const at::Tensor &source, at::ScalarType type) {
  auto host = source.detach().to(at::TensorOptions(type).device(at::kCPU)).contiguous();
  TORCH_CHECK_VALUE(
      host.nbytes() == byteCount, "the tensor has ", host.nbytes(), " bytes as ", type, ", the destination ",
      byteCount);
  if (byteCount > 0)
    std::memcpy(destination, host.const_data_ptr(), byteCount);
}

CTDevice deviceOf(const at::Tensor &tensor) {
  auto device = tensor.device();
  return {static_cast<int32_t>(device.type()), device.has_index() ? device.index() : 0};
}

} // namespace

void fillTensor(CTTable &table) {
  table.freeTensor = freeTensor;
  table.rank = [](auto a) -> size_t { return get(a).dim(); };
  table.sizes = [](auto a) -> const int64_t * { return get(a).sizes().data(); };
  table.elementCount = [](auto a) { return get(a).numel(); };
  table.dtype = [](auto a) { return static_cast<int32_t>(get(a).scalar_type()); };
  table.device = [](auto a) { return deviceOf(get(a)); };
  table.isContiguous = [](auto a) { return get(a).is_contiguous(); };
  table.dataPointer = [](auto a) -> const void * { return get(a).numel() ? get(a).const_data_ptr() : nullptr; };
  table.sharesStorage = [](auto a, auto b) { return get(a).is_alias_of(get(b)); };
  table.copyOut = [](auto destination, auto byteCount, auto a, auto dtype) {
    return protect([&] { copyOut(destination, byteCount, get(a), scalarType(dtype)); });
  };
  table.item = [](auto out, auto a) { return protect([&] { *out = get(a).item().toDouble(); }); };
  table.equal = [](auto out, auto a, auto b) { return protect([&] { *out = get(a).equal(get(b)); }); };
}

} // namespace ctorch
