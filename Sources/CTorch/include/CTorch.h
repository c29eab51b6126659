// SPDX-License-Identifier: Apache-2.0
// The library's one export. Its table is declared in CTorchTable.h, which Swift imports without linking this.
#ifndef CTORCH_H
#define CTORCH_H

#ifdef __cplusplus
extern "C"
#endif
__attribute__((visibility("default"))) const struct CTTable *ct_table(void);

#endif
