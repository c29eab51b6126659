// SPDX-License-Identifier: Apache-2.0
#include "Support.hpp"

#include <ATen/ops/rsub.h>

namespace ctorch {

namespace {

void fillBinary(CTTable &table) {
  table.add = [](auto out, auto a, auto b, auto alpha) {
    return produce(out, [&] { return get(a).add(get(b), number(alpha, a)); });
  };
  table.subtract = [](auto out, auto a, auto b) { return produce(out, [&] { return get(a).sub(get(b)); }); };
  table.multiply = [](auto out, auto a, auto b) { return produce(out, [&] { return get(a).mul(get(b)); }); };
  table.divide = [](auto out, auto a, auto b) { return produce(out, [&] { return get(a).div(get(b)); }); };
  table.addNumber = [](auto out, auto a, auto n) { return produce(out, [&] { return get(a).add(number(n, a)); }); };
  table.subtractFromNumber = [](auto out, auto a, auto n) {
    return produce(out, [&] { return at::rsub(get(a), number(n, a)); });
  };
  table.multiplyNumber = [](auto out, auto a, auto n) {
    return produce(out, [&] { return get(a).mul(number(n, a)); });
  };
  table.divideByNumber = [](auto out, auto a, auto n) {
    return produce(out, [&] { return get(a).div(number(n, a)); });
  };
  table.negate = [](auto out, auto a) { return produce(out, [&] { return get(a).neg(); }); };
  table.addcmul = [](auto out, auto a, auto b, auto c, auto value) {
    return produce(out, [&] { return get(a).addcmul(get(b), get(c), number(value, a)); });
  };
  table.lerp = [](auto out, auto a, auto end, auto weight) {
    return produce(out, [&] { return get(a).lerp(get(end), weight); });
  };
  table.lerpTensor = [](auto out, auto a, auto end, auto weight) {
    return produce(out, [&] { return get(a).lerp(get(end), get(weight)); });
  };
  table.minimum = [](auto out, auto a, auto b) { return produce(out, [&] { return get(a).minimum(get(b)); }); };
  table.maximum = [](auto out, auto a, auto b) { return produce(out, [&] { return get(a).maximum(get(b)); }); };
  table.clamp = [](auto out, auto a, auto low, auto high) {
    return produce(out, [&] { return get(a).clamp(number(low, a), number(high, a)); });
  };
}

void fillInPlace(CTTable &table) {
  table.addInPlace = [](auto a, auto b, auto alpha) {
    return protect([&] { get(a).add_(get(b), number(alpha, a)); });
  };
  table.addNumberInPlace = [](auto a, auto n) { return protect([&] { get(a).add_(number(n, a)); }); };
  table.multiplyInPlace = [](auto a, auto b) { return protect([&] { get(a).mul_(get(b)); }); };
  table.multiplyNumberInPlace = [](auto a, auto n) { return protect([&] { get(a).mul_(number(n, a)); }); };
  table.addmmInPlace = [](auto a, auto left, auto right, auto beta, auto alpha) {
    return protect([&] { get(a).addmm_(get(left), get(right), number(beta, a), number(alpha, a)); });
  };
  table.clampInPlace = [](auto a, auto low, auto high) {
    return protect([&] { get(a).clamp_(number(low, a), number(high, a)); });
  };
  table.copyInPlace = [](auto a, auto source) { return protect([&] { get(a).copy_(get(source)); }); };
  table.fillInPlace = [](auto a, auto value) { return protect([&] { get(a).fill_(number(value, a)); }); };
}

} // namespace

void fillArithmetic(CTTable &table) {
  fillBinary(table);
  fillInPlace(table);
}

} // namespace ctorch
