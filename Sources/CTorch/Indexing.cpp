// SPDX-License-Identifier: Apache-2.0
#include "Support.hpp"

#include <ATen/ops/where.h>

namespace ctorch {

void fillIndexing(CTTable &table) {
  table.where = [](auto out, auto condition, auto then, auto otherwise) {
    return produce(out, [&] { return at::where(get(condition), get(then), get(otherwise)); });
  };
  table.maskedFill = [](auto out, auto a, auto mask, auto value) {
    return produce(out, [&] { return get(a).masked_fill(get(mask), number(value, a)); });
  };
  table.gather = [](auto out, auto a, auto dimension, auto indices) {
    return produce(out, [&] { return get(a).gather(dimension, get(indices)); });
  };
  table.indexSelect = [](auto out, auto a, auto dimension, auto indices) {
    return produce(out, [&] { return get(a).index_select(dimension, get(indices)); });
  };
  table.scatter = [](auto out, auto a, auto dimension, auto indices, auto source) {
    return produce(out, [&] { return get(a).scatter(dimension, get(indices), get(source)); });
  };
  table.sort = [](auto values, auto indices, auto a, auto dimension, auto descending, auto stable) {
    return protect([&] {
      auto [sorted, order] = get(a).sort(stable, dimension, descending);
      handOut({std::move(sorted), std::move(order)}, {values, indices});
    });
  };
  table.topk = [](auto values, auto indices, auto a, auto k, auto dimension, auto largest) {
    return protect([&] {
      auto [best, places] = get(a).topk(k, dimension, largest, /*sorted=*/true);
      handOut({std::move(best), std::move(places)}, {values, indices});
    });
  };
  table.nonzero = [](auto out, auto a) { return produce(out, [&] { return get(a).nonzero(); }); };
}

} // namespace ctorch
