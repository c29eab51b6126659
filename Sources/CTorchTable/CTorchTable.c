// SPDX-License-Identifier: Apache-2.0
#if defined(__linux__)
#define _GNU_SOURCE
#endif
#include "CTorchTable.h"

#include <pthread.h>
#include <string.h>

void ct_name_thread(const char *name) {
#if defined(__APPLE__)
  pthread_setname_np(name);
#else
  char kept[16] = {0};
  strncpy(kept, name, sizeof(kept) - 1);
  pthread_setname_np(pthread_self(), kept);
#endif
}
