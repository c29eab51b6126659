// SPDX-License-Identifier: Apache-2.0
#include "Support.hpp"

#include <ATen/ops/cat.h>
#include <ATen/ops/constant_pad_nd.h>
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

void fillLists(CTTable &table) {
  table.reshape = [](auto out, auto a, auto values, auto count) {
    return produce(out, [&] { return get(a).reshape(list(values, count)); });
  };
  table.view = [](auto out, auto a, auto values, auto count) {
    return produce(out, [&] { return get(a).view(list(values, count)); });
  };
  table.permute = [](auto out, auto a, auto values, auto count) {
    return produce(out, [&] { return get(a).permute(list(values, count)); });
  };
  table.expand = [](auto out, auto a, auto values, auto count) {
    return produce(out, [&] { return get(a).expand(list(values, count)); });
  };
  table.repeated = [](auto out, auto a, auto values, auto count) {
    return produce(out, [&] { return get(a).repeat(list(values, count)); });
  };
  table.flip = [](auto out, auto a, auto values, auto count) {
    return produce(out, [&] { return get(a).flip(list(values, count)); });
  };
  table.cat = [](auto out, auto handles, auto count, auto dimension) {
    return produce(out, [&] { return at::cat(tensors(handles, count), dimension); });
  };
  table.stack = [](auto out, auto handles, auto count, auto dimension) {
    return produce(out, [&] { return at::stack(tensors(handles, count), dimension); });
  };
  table.pad = [](auto out, auto a, auto amounts, auto count, auto value) {
    return produce(out, [&] { return at::constant_pad_nd(get(a), list(amounts, count), number(value, a)); });
  };
}

} // namespace

void fillShape(CTTable &table) {
  fillLists(table);
  table.transpose = [](auto out, auto a, auto first, auto second) {
    return produce(out, [&] { return get(a).transpose(first, second); });
  };
  table.flatten = [](auto out, auto a, auto first, auto second) {
    return produce(out, [&] { return get(a).flatten(first, second); });
  };
  table.select = [](auto out, auto a, auto first, auto second) {
    return produce(out, [&] { return get(a).select(first, second); });
  };
  table.roll = [](auto out, auto a, auto first, auto second) {
    return produce(out, [&] { return get(a).roll(first, second); });
  };
  table.repeatInterleave = [](auto out, auto a, auto first, auto second) {
    return produce(out, [&] { return get(a).repeat_interleave(first, second); });
  };
  table.unsqueeze = [](auto out, auto a, auto n) { return produce(out, [&] { return get(a).unsqueeze(n); }); };
  table.squeeze = [](auto out, auto a, auto n) { return produce(out, [&] { return get(a).squeeze(n); }); };
  table.triu = [](auto out, auto a, auto n) { return produce(out, [&] { return get(a).triu(n); }); };
  table.tril = [](auto out, auto a, auto n) { return produce(out, [&] { return get(a).tril(n); }); };
  table.contiguous = [](auto out, auto a) { return produce(out, [&] { return get(a).contiguous(); }); };
  table.clone = [](auto out, auto a) { return produce(out, [&] { return get(a).clone(); }); };
  table.detach = [](auto out, auto a) { return produce(out, [&] { return get(a).detach(); }); };
  table.slice = [](auto out, auto a, auto dimension, auto start, auto end, auto step) {
    return produce(out, [&] { return get(a).slice(dimension, start, end, step); });
  };
  table.narrow = [](auto out, auto a, auto dimension, auto start, auto length) {
    return produce(out, [&] { return get(a).narrow(dimension, start, length); });
  };
}

} // namespace ctorch
