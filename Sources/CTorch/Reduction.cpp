// SPDX-License-Identifier: Apache-2.0
#include "Support.hpp"

#include <ATen/ops/linalg_vector_norm.h>

namespace ctorch {

void fillReduction(CTTable &table) {
  table.sum = [](auto out, auto a, auto dims, auto count, auto keep) {
    return produce(out, [&] { return get(a).sum(dimensions(dims, count), keep); });
  };
  table.mean = [](auto out, auto a, auto dims, auto count, auto keep) {
    return produce(out, [&] { return get(a).mean(dimensions(dims, count), keep); });
  };
  table.amax = [](auto out, auto a, auto dims, auto count, auto keep) {
    return produce(out, [&] { return get(a).amax(list(dims, count), keep); });
  };
  table.amin = [](auto out, auto a, auto dims, auto count, auto keep) {
    return produce(out, [&] { return get(a).amin(list(dims, count), keep); });
  };
  table.max = [](auto out, auto a) { return produce(out, [&] { return get(a).max(); }); };
  table.min = [](auto out, auto a) { return produce(out, [&] { return get(a).min(); }); };
  table.any = [](auto out, auto a) { return produce(out, [&] { return get(a).any(); }); };
  table.all = [](auto out, auto a) { return produce(out, [&] { return get(a).all(); }); };
  table.std = [](auto out, auto a, auto dims, auto count, auto correction, auto keep) {
    return produce(out, [&] { return get(a).std(dimensions(dims, count), at::Scalar(correction), keep); });
  };
  table.var = [](auto out, auto a, auto dims, auto count, auto correction, auto keep) {
    return produce(out, [&] { return get(a).var(dimensions(dims, count), at::Scalar(correction), keep); });
  };
  table.norm = [](auto out, auto a, auto p, auto dims, auto count, auto keep) {
    return produce(out, [&] { return at::linalg_vector_norm(get(a), p, dimensions(dims, count), keep); });
  };
  table.argmax = [](auto out, auto a, auto dimension, auto keep) {
    return produce(out, [&] {
      return get(a).argmax(dimension.present ? std::optional<int64_t>(dimension.value) : std::nullopt, keep);
    });
  };
  table.cumsum = [](auto out, auto a, auto dimension) {
    return produce(out, [&] { return get(a).cumsum(dimension); });
  };
  table.softmax = [](auto out, auto a, auto dimension) {
    return produce(out, [&] { return get(a).softmax(dimension); });
  };
}

} // namespace ctorch
