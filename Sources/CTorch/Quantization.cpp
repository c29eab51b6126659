// SPDX-License-Identifier: Apache-2.0
#include "QuantizedRows.hpp"
#include "Support.hpp"

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/stack.h>
#include <ATen/core/grad_mode.h>
#include <ATen/cpu/Utils.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/inductor/aoti_torch/c/shim.h>

#include <cstdint>
#include <memory>
#include <string_view>

namespace ctorch {

namespace {

// oneDNN is hidden inside libtorch; these operators, which libtorch's compiler calls, are the way to its int8 kernels.
using Prepack = at::Tensor(at::Tensor, std::optional<c10::List<int64_t>>);
using Product = at::Tensor(
    at::Tensor, double, int64_t, at::Tensor, at::Tensor, at::Tensor, std::optional<at::Tensor>, double, int64_t,
    std::optional<at::ScalarType>, std::string_view, c10::List<std::optional<at::Scalar>>, std::string_view);

template <class Signature> c10::TypedOperatorHandle<Signature> findOperator(const char *name) {
  return c10::Dispatcher::singleton().findSchemaOrThrow(name, "").typed<Signature>();
}

/// oneDNN computes s8·s8 in its reference code, a thousand times slower, and u8·s8 on VNNI: activations are shifted by this.
constexpr uint8_t shift = 128;

/// Sums of 255·127 stay below 2³¹.
constexpr int64_t mostInputs = 1 << 16;

bool hasVNNI() { return at::cpu::is_avx512_vnni_supported(); }

/// A contiguous matrix that the kernels can read, float32 or bfloat16.
at::Tensor matrix(const at::Tensor &a) {
  TORCH_CHECK_NOT_IMPLEMENTED(hasVNNI(), "int8 products need a processor with AVX-512 VNNI");
  TORCH_CHECK_TYPE(a.is_cpu() && at::isFloatingType(a.scalar_type()), "a floating-point CPU tensor, not ", a.toString());
  TORCH_CHECK_VALUE(a.dim() > 0, "at least one dimension, not a single number");
  bool isReadable = a.scalar_type() == at::kFloat || a.scalar_type() == at::kBFloat16;
  auto detached = a.detach();
  auto readable = isReadable ? detached : detached.to(at::kFloat);
  return readable.reshape({-1, a.size(-1)}).contiguous();
}

void quantize(CTTensor **values, CTTensor **scales, const at::Tensor &a) {
  auto rows = matrix(a);
  auto bytes = at::empty(rows.sizes(), at::kChar);
  auto factors = at::empty({rows.size(0)}, at::kFloat);
  quantizeRows(rows, 0, bytes, factors);
  handOut({bytes, factors}, {values, scales});
}

/// A matrix [outputs, inputs] of int8 in the order in which oneDNN's kernels read it, with what undoes the shift.
at::Tensor pack(const at::Tensor &values) {
  TORCH_CHECK_NOT_IMPLEMENTED(hasVNNI(), "int8 products need a processor with AVX-512 VNNI");
  TORCH_CHECK_TYPE(values.is_cpu() && values.scalar_type() == at::kChar, "an int8 CPU tensor, not ", values.toString());
  TORCH_CHECK_VALUE(values.dim() == 2 && values.numel() > 0, "[outputs, inputs] above 0, not ", values.sizes());
  TORCH_CHECK_VALUE(values.size(1) <= mostInputs, "at most ", mostInputs, " inputs, not ", values.size(1));
  static const auto prepack = findOperator<Prepack>("onednn::qlinear_prepack");
  return prepack.call(values.contiguous(), std::nullopt);
}

/// What an operator says about a packed matrix.
c10::IValue ask(const char *name, const at::Tensor &packed) {
  TORCH_CHECK_TYPE(packed.is_mkldnn(), "a packed matrix, not ", packed.toString());
  torch::jit::Stack stack{packed};
  c10::Dispatcher::singleton().findSchemaOrThrow(name, "").callBoxed(&stack);
  return stack.at(0);
}

/// The bytes of a packed matrix where they lie, and a description of their order, which holds for matrices of its shape
/// on processors like this one.
void readPacked(CTTensor **bytes, CTTensor **layout, const at::Tensor &packed) {
  auto *start = reinterpret_cast<void *>(ask("mkldnn::data_ptr", packed).toInt());
  auto view = at::from_blob(start, {ask("mkldnn::_nbytes", packed).toInt()}, [packed](void *) {}, at::kByte);
  handOut({view, ask("mkldnn::_get_mkldnn_serialized_md", packed).toTensor()}, {bytes, layout});
}

/// A packed matrix on bytes that `readPacked` gave in this or an earlier process; they must outlive it.
at::Tensor mapPacked(const at::Tensor &bytes, const at::Tensor &layout, int64_t outputs, int64_t inputs) {
  TORCH_CHECK_NOT_IMPLEMENTED(hasVNNI(), "int8 products need a processor with AVX-512 VNNI");
  for (const auto &part : {bytes, layout})
    TORCH_CHECK_TYPE(part.is_cpu() && part.scalar_type() == at::kByte && part.is_contiguous(), "bytes, not ", part.toString());
  TORCH_CHECK_VALUE(reinterpret_cast<uintptr_t>(bytes.const_data_ptr()) % 64 == 0, "an address that is a multiple of 64");
  int64_t sizes[] = {inputs, outputs}, strides[] = {1, inputs};
  AtenTensorHandle handle = nullptr;
  auto status = aoti_torch_create_tensor_from_blob_v2(
      const_cast<void *>(bytes.const_data_ptr()), 2, sizes, strides, 0, aoti_torch_dtype_int8(),
      aoti_torch_device_type_cpu(), 0, &handle, aoti_torch_layout__mkldnn(),
      static_cast<const uint8_t *>(layout.const_data_ptr()), layout.numel());
  TORCH_CHECK_VALUE(status == AOTI_TORCH_SUCCESS && handle, "a layout that this libtorch has written");
  // The handle is a tensor on the heap.
  auto packed = *std::unique_ptr<at::Tensor>(reinterpret_cast<at::Tensor *>(handle));
  int64_t expected = ask("mkldnn::_nbytes", packed).toInt();
  TORCH_CHECK_VALUE(bytes.numel() == expected, "the layout takes ", expected, " bytes, not ", bytes.numel());
  return packed;
}

/// oneDNN takes one scale for all activations. Each row is therefore quantised with its own and multiplied as if the
/// scale were 1, and its results are multiplied by the row's scale afterwards.
at::Tensor linear(const at::Tensor &x, const at::Tensor &packed, const at::Tensor &scales, const CTTensor *bias) {
  TORCH_CHECK_NOT_IMPLEMENTED(
      !(x.requires_grad() && at::GradMode::is_enabled()), "int8 products have no gradient; use float weights to train");
  TORCH_CHECK_TYPE(
      x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16, "float32 or bfloat16, not ", x.scalar_type());
  auto rows = matrix(x);
  int64_t inputs = packed.size(0), outputs = packed.size(1);
  TORCH_CHECK_VALUE(rows.size(1) == inputs, "the weight has ", inputs, " inputs, the tensor ", x.sizes());
  auto shape = x.sizes().vec();
  shape.back() = outputs;
  if (rows.size(0) == 0)
    return at::empty(shape, x.options().requires_grad(false));
  auto bytes = at::empty(rows.sizes(), at::kByte);
  auto factors = at::empty({rows.size(0)}, at::kFloat);
  quantizeRows(rows, shift, bytes, factors);
  static const auto product = findOperator<Product>("onednn::qlinear_pointwise");
  auto y = product.call(
      bytes, 1.0, shift, packed, scales, at::zeros({outputs}, at::kInt), std::nullopt, 1.0, 0, x.scalar_type(), "none",
      c10::List<std::optional<at::Scalar>>(), "");
  // Added after the scale, in the same pass.
  auto added = bias ? std::optional(get(bias).to(at::kFloat).contiguous()) : std::nullopt;
  TORCH_CHECK_VALUE(!added || added->numel() == outputs, "a bias of ", outputs, " numbers, not ", added->numel());
  scaleRows(y, factors, added);
  return y.view(shape);
}

} // namespace

void fillQuantization(CTTable &table) {
  table.canMultiplyInt8 = [] { return hasVNNI(); };
  table.quantizeRows = [](auto values, auto scales, auto a) { return protect([&] { quantize(values, scales, get(a)); }); };
  table.packInt8 = [](auto out, auto values) { return produce(out, [&] { return pack(get(values)); }); };
  table.readPackedInt8 = [](auto bytes, auto layout, auto packed) {
    return protect([&] { readPacked(bytes, layout, get(packed)); });
  };
  table.mapPackedInt8 = [](auto out, auto bytes, auto layout, auto outputs, auto inputs) {
    return produce(out, [&] { return mapPacked(get(bytes), get(layout), outputs, inputs); });
  };
  table.linearInt8 = [](auto out, auto input, auto packed, auto scales, auto bias) {
    return produce(out, [&] { return linear(get(input), get(packed), get(scales), bias); });
  };
}

} // namespace ctorch
