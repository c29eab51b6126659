// SPDX-License-Identifier: Apache-2.0
#include "Support.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/core/Generator.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>

#include <mutex>

struct CTGenerator {
  at::Generator value;
};

namespace ctorch {

namespace {

at::Generator makeGenerator(uint64_t seed, at::Device device) {
  if (device.is_cpu())
    return at::detail::createCPUGenerator(seed);
  auto generator = at::globalContext().getAcceleratorHooksInterface(device.type()).getNewGenerator(device.index());
  generator.set_current_seed(seed);
  return generator;
}

at::Tensor state(CTGenerator *generator) {
  std::scoped_lock lock(generator->value.mutex());
  return generator->value.get_state();
}

void setState(CTGenerator *generator, const at::Tensor &state) {
  std::scoped_lock lock(generator->value.mutex());
  generator->value.set_state(state);
}

} // namespace

void fillRandom(CTTable &table) {
  table.makeGenerator = [](auto out, auto seed, auto d) {
    return protect([&] { *out = new CTGenerator{makeGenerator(seed, device(d))}; });
  };
  table.freeGenerator = [](auto generator) { delete generator; };
  table.generatorSeed = [](auto generator) { return generator->value.current_seed(); };
  table.generatorState = [](auto out, auto generator) { return produce(out, [&] { return state(generator); }); };
  table.setGeneratorState = [](auto generator, auto s) { return protect([&] { setState(generator, get(s)); }); };
  table.randn = [](auto out, auto shape, auto rank, auto generator, auto o) {
    return produce(out, [&] { return at::randn(list(shape, rank), generator->value, options(o)); });
  };
  table.rand = [](auto out, auto shape, auto rank, auto generator, auto o) {
    return produce(out, [&] { return at::rand(list(shape, rank), generator->value, options(o)); });
  };
  table.randint = [](auto out, auto low, auto high, auto shape, auto rank, auto generator, auto o) {
    return produce(out, [&] { return at::randint(low, high, list(shape, rank), generator->value, options(o)); });
  };
  table.bernoulli = [](auto out, auto probability, auto shape, auto rank, auto generator, auto o) {
    return produce(out, [&] { return at::empty(list(shape, rank), options(o)).bernoulli_(probability, generator->value); });
  };
}

} // namespace ctorch
