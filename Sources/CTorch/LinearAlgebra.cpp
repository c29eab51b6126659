// SPDX-License-Identifier: Apache-2.0
#include "Support.hpp"

#include <ATen/ops/linalg_inv.h>
#include <ATen/ops/linalg_qr.h>
#include <ATen/ops/linalg_solve.h>
#include <ATen/ops/linalg_svd.h>
#include <ATen/ops/linear.h>

namespace ctorch {

void fillLinearAlgebra(CTTable &table) {
  table.matmul = [](auto out, auto a, auto b) { return produce(out, [&] { return get(a).matmul(get(b)); }); };
  table.bmm = [](auto out, auto a, auto b) { return produce(out, [&] { return get(a).bmm(get(b)); }); };
  table.outer = [](auto out, auto a, auto b) { return produce(out, [&] { return get(a).outer(get(b)); }); };
  table.kron = [](auto out, auto a, auto b) { return produce(out, [&] { return get(a).kron(get(b)); }); };
  table.solve = [](auto out, auto a, auto b) { return produce(out, [&] { return at::linalg_solve(get(a), get(b)); }); };
  table.inverse = [](auto out, auto a) { return produce(out, [&] { return at::linalg_inv(get(a)); }); };
  table.linear = [](auto out, auto input, auto weight, auto bias) {
    return produce(out, [&] { return at::linear(get(input), get(weight), optional(bias)); });
  };
  table.addmm = [](auto out, auto a, auto left, auto right, auto beta, auto alpha) {
    return produce(out, [&] { return get(a).addmm(get(left), get(right), number(beta, a), number(alpha, a)); });
  };
  table.baddbmm = [](auto out, auto a, auto left, auto right, auto beta, auto alpha) {
    return produce(out, [&] { return get(a).baddbmm(get(left), get(right), number(beta, a), number(alpha, a)); });
  };
  table.svd = [](auto u, auto s, auto v, auto a) {
    return protect([&] {
      auto [left, values, right] = at::linalg_svd(get(a), /*full_matrices=*/false);
      handOut({std::move(left), std::move(values), right.mH()}, {u, s, v});
    });
  };
  table.qr = [](auto q, auto r, auto a) {
    return protect([&] {
      auto [orthogonal, triangular] = at::linalg_qr(get(a));
      handOut({std::move(orthogonal), std::move(triangular)}, {q, r});
    });
  };
}

} // namespace ctorch
