// SPDX-License-Identifier: Apache-2.0
#include "include/CTorch.h"
#include "Support.hpp"

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace {

/// Keeps freed memory for the next tensor. By default every block above 128 kB to 32 MB is mapped anew and handed back at
/// once, and the system clears its pages each time: a third of the decoder's time.
void keepFreedMemory() {
#ifdef __GLIBC__
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  mallopt(M_TOP_PAD, 64 << 20);
#endif
}

CTTable makeTable() {
  keepFreedMemory();
  CTTable table{};
  table.abiVersion = CT_ABI_VERSION;
  table.byteCount = sizeof(CTTable);
  ctorch::fillError(table);
  ctorch::fillRuntime(table);
  ctorch::fillTensor(table);
  ctorch::fillCreation(table);
  ctorch::fillRandom(table);
  ctorch::fillArithmetic(table);
  ctorch::fillComparison(table);
  ctorch::fillPointwise(table);
  ctorch::fillReduction(table);
  ctorch::fillLinearAlgebra(table);
  ctorch::fillConvolution(table);
  ctorch::fillSpectrum(table);
  ctorch::fillNetwork(table);
  ctorch::fillFused(table);
  ctorch::fillQuantization(table);
  ctorch::fillShape(table);
  ctorch::fillIndexing(table);
  ctorch::fillAutograd(table);
  ctorch::fillTensorLists(table);
  return table;
}

} // namespace

const CTTable *ct_table(void) {
  static const CTTable table = makeTable();
  return &table;
}
