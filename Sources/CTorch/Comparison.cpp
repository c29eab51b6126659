// SPDX-License-Identifier: Apache-2.0
#include "Support.hpp"

#include <ATen/ops/isfinite.h>

namespace ctorch {

void fillComparison(CTTable &table) {
  table.equalTo = [](auto out, auto a, auto b) { return produce(out, [&] { return get(a).eq(get(b)); }); };
  table.notEqualTo = [](auto out, auto a, auto b) { return produce(out, [&] { return get(a).ne(get(b)); }); };
  table.lessThan = [](auto out, auto a, auto b) { return produce(out, [&] { return get(a).lt(get(b)); }); };
  table.lessThanOrEqual = [](auto out, auto a, auto b) { return produce(out, [&] { return get(a).le(get(b)); }); };
  table.greaterThan = [](auto out, auto a, auto b) { return produce(out, [&] { return get(a).gt(get(b)); }); };
  table.greaterThanOrEqual = [](auto out, auto a, auto b) { return produce(out, [&] { return get(a).ge(get(b)); }); };
  table.equalToNumber = [](auto out, auto a, auto n) { return produce(out, [&] { return get(a).eq(number(n, a)); }); };
  table.notEqualToNumber = [](auto out, auto a, auto n) {
    return produce(out, [&] { return get(a).ne(number(n, a)); });
  };
  table.lessThanNumber = [](auto out, auto a, auto n) { return produce(out, [&] { return get(a).lt(number(n, a)); }); };
  table.lessThanOrEqualNumber = [](auto out, auto a, auto n) {
    return produce(out, [&] { return get(a).le(number(n, a)); });
  };
  table.greaterThanNumber = [](auto out, auto a, auto n) {
    return produce(out, [&] { return get(a).gt(number(n, a)); });
  };
  table.greaterThanOrEqualNumber = [](auto out, auto a, auto n) {
    return produce(out, [&] { return get(a).ge(number(n, a)); });
  };
  table.logicalAnd = [](auto out, auto a, auto b) { return produce(out, [&] { return get(a).logical_and(get(b)); }); };
  table.logicalOr = [](auto out, auto a, auto b) { return produce(out, [&] { return get(a).logical_or(get(b)); }); };
  table.logicalNot = [](auto out, auto a) { return produce(out, [&] { return get(a).logical_not(); }); };
  table.isfinite = [](auto out, auto a) { return produce(out, [&] { return get(a).isfinite(); }); };
  table.isnan = [](auto out, auto a) { return produce(out, [&] { return get(a).isnan(); }); };
}

} // namespace ctorch
