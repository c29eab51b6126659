// SPDX-License-Identifier: Apache-2.0
#include "include/CTorch.h"
#include "Support.hpp"

namespace {

CTTable makeTable() {
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
  ctorch::fillNetwork(table);
  ctorch::fillFused(table);
  ctorch::fillShape(table);
  ctorch::fillIndexing(table);
  ctorch::fillAutograd(table);
  return table;
}

} // namespace

const CTTable *ct_table(void) {
  static const CTTable table = makeTable();
  return &table;
}
