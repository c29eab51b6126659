// SPDX-License-Identifier: Apache-2.0
#include "Support.hpp"

#include <ATen/ops/gelu.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/softplus.h>

namespace ctorch {

void fillPointwise(CTTable &table) {
  table.exp = [](auto out, auto a) { return produce(out, [&] { return get(a).exp(); }); };
  table.log = [](auto out, auto a) { return produce(out, [&] { return get(a).log(); }); };
  table.sin = [](auto out, auto a) { return produce(out, [&] { return get(a).sin(); }); };
  table.cos = [](auto out, auto a) { return produce(out, [&] { return get(a).cos(); }); };
  table.acos = [](auto out, auto a) { return produce(out, [&] { return get(a).acos(); }); };
  table.tanh = [](auto out, auto a) { return produce(out, [&] { return get(a).tanh(); }); };
  table.erf = [](auto out, auto a) { return produce(out, [&] { return get(a).erf(); }); };
  table.sqrt = [](auto out, auto a) { return produce(out, [&] { return get(a).sqrt(); }); };
  table.rsqrt = [](auto out, auto a) { return produce(out, [&] { return get(a).rsqrt(); }); };
  table.square = [](auto out, auto a) { return produce(out, [&] { return get(a).square(); }); };
  table.reciprocal = [](auto out, auto a) { return produce(out, [&] { return get(a).reciprocal(); }); };
  table.abs = [](auto out, auto a) { return produce(out, [&] { return get(a).abs(); }); };
  table.sign = [](auto out, auto a) { return produce(out, [&] { return get(a).sign(); }); };
  table.floor = [](auto out, auto a) { return produce(out, [&] { return get(a).floor(); }); };
  table.ceil = [](auto out, auto a) { return produce(out, [&] { return get(a).ceil(); }); };
  table.round = [](auto out, auto a) { return produce(out, [&] { return get(a).round(); }); };
  table.relu = [](auto out, auto a) { return produce(out, [&] { return get(a).relu(); }); };
  table.sigmoid = [](auto out, auto a) { return produce(out, [&] { return get(a).sigmoid(); }); };
  table.silu = [](auto out, auto a) { return produce(out, [&] { return at::silu(get(a)); }); };
  table.softplus = [](auto out, auto a) { return produce(out, [&] { return at::softplus(get(a)); }); };
  table.gelu = [](auto out, auto a, auto approximate) {
    return produce(out, [&] { return at::gelu(get(a), approximate ? "tanh" : "none"); });
  };
  table.pow = [](auto out, auto a, auto n) { return produce(out, [&] { return get(a).pow(number(n, a)); }); };
}

} // namespace ctorch
