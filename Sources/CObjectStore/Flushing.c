// SPDX-License-Identifier: Apache-2.0

// A function of Linux that its headers show to GNU's dialect alone.
#define _GNU_SOURCE

#include "CObjectStore.h"

#include <fcntl.h>

void co_start_flush(int descriptor, int64_t offset, int64_t byte_count) {
#if defined(__linux__)
    // A hint: what fails here shows when the file is flushed.
    (void)sync_file_range(descriptor, offset, byte_count, SYNC_FILE_RANGE_WRITE);
#else
    (void)descriptor, (void)offset, (void)byte_count;
#endif
}
