// SPDX-License-Identifier: Apache-2.0
#include "Support.hpp"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/cpu/Utils.h>
#include <torch/csrc/inductor/aoti_torch/c/shim.h>

#include <algorithm>
#include <dlfcn.h>
#include <vector>

namespace ctorch {

namespace {

/// Keeps a text for as long as the process lives. An exception while it is made leaves it empty.
template <class Make> std::string describe(Make &&make) noexcept {
  try {
    return make();
  } catch (...) {
    return {};
  }
}

/// Names of the CPU's flags that are set, sorted and separated by a space.
std::string cpuFeatures() {
  std::vector<std::string> names;
  for (const auto &[name, value] : at::cpu::get_cpu_capabilities())
    if (value.isBool() && value.toBool())
      names.push_back(name);
  std::sort(names.begin(), names.end());
  std::string text;
  for (const auto &name : names)
    text += (text.empty() ? "" : " ") + name;
  return text;
}

std::string libraryPath() {
  Dl_info info{};
  bool found = dladdr(reinterpret_cast<void *>(&aoti_torch_abi_version), &info) != 0;
  return found && info.dli_fname ? info.dli_fname : "";
}

const char *dtypeName(int32_t dtype) {
  switch (scalarType(dtype)) {
  case at::kByte:
    return "uint8";
  case at::kChar:
    return "int8";
  case at::kShort:
    return "int16";
  case at::kInt:
    return "int32";
  case at::kLong:
    return "int64";
  case at::kHalf:
    return "float16";
  case at::kFloat:
    return "float32";
  case at::kDouble:
    return "float64";
  case at::kBool:
    return "bool";
  case at::kBFloat16:
    return "bfloat16";
  default:
    return nullptr;
  }
}

} // namespace

void fillRuntime(CTTable &table) {
  table.runtimeVersion = [] { return aoti_torch_abi_version(); };
  table.libraryPath = [] {
    static const std::string text = describe(libraryPath);
    return text.c_str();
  };
  table.cpuCapability = [] {
    static const std::string text = describe(at::get_cpu_capability);
    return text.c_str();
  };
  table.cpuFeatures = [] {
    static const std::string text = describe(cpuFeatures);
    return text.c_str();
  };
  table.buildConfiguration = [] {
    static const std::string text = describe(at::show_config);
    return text.c_str();
  };
  table.counters = [] {
    return CTCounters{counters.live, counters.created, counters.calls, counters.bytes};
  };
  table.setThreadCount = [](int32_t count) { return protect([&] { at::set_num_threads(count); }); };
  table.threadCount = []() -> int32_t { return at::get_num_threads(); };
  table.setInteropThreadCount = [](int32_t count) { return protect([&] { at::set_num_interop_threads(count); }); };
  table.acceleratorCount = [](int32_t *out) {
    return protect([&] { *out = at::hasCUDA() ? at::detail::getCUDAHooks().deviceCount() : 0; });
  };
  table.dtypeName = dtypeName;
  table.dtypeByteCount = [](int32_t dtype) -> size_t {
    return dtypeName(dtype) ? at::elementSize(scalarType(dtype)) : 0;
  };
}

} // namespace ctorch
