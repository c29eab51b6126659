// SPDX-License-Identifier: Apache-2.0
// Rows shared out to the threads that libtorch's own operations run on.
#pragma once

#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>
#include <cstdint>

// libtorch and oneDNN run on the team of this runtime. at::parallel_for is serial in code that is compiled without
// OpenMP, and compiling with it would bring a second runtime with threads of its own.
extern "C" __attribute__((weak)) void
GOMP_parallel(void (*body)(void *), void *data, unsigned threads, unsigned flags);

namespace ctorch {

/// Calls `body(row)` once for each row, on all threads if there is enough to do. The body must not throw.
template <class Body> void forEachRow(int64_t rows, int64_t bytesPerRow, const Body &body) {
  constexpr int64_t share = 1 << 16; // bytes: about as long as a thread takes to join
  int64_t step = std::max<int64_t>(1, share / std::max<int64_t>(1, bytesPerRow));
  std::atomic<int64_t> next{0};
  auto work = [&]() noexcept {
    for (int64_t first; (first = next.fetch_add(step, std::memory_order_relaxed)) < rows;)
      for (int64_t row = first; row < std::min(first + step, rows); row++)
        body(row);
  };
  // The whole team or none of it: a smaller one would end the threads that it leaves out.
  int threads = at::get_num_threads();
  if (rows <= step || threads < 2 || !GOMP_parallel)
    return work();
  GOMP_parallel([](void *data) { (*static_cast<decltype(work) *>(data))(); }, &work, static_cast<unsigned>(threads), 0);
}

} // namespace ctorch
