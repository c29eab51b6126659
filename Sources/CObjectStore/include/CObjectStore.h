// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Whether this processor multiplies polynomials, as `co_fold` needs.
bool co_can_fold(void);

/// Folds the bytes of a reflected CRC of up to 64 bits to 16 bytes that leave the same remainder.
///
/// `state` is the CRC's register before the bytes; the register after the 16 bytes of `rest`, begun at 0, is the one
/// after all of them. `byte_count` is a multiple of 16 and at least 128. `powers` has x^(64+D-1) and x^(D-1) modulo the
/// polynomial for D = 1024 and D = 128, reflected, the lowest power in the highest bit. Call it only where `co_can_fold`.
void co_fold(const uint8_t *_Nonnull bytes, size_t byte_count, uint64_t state, const uint64_t *_Nonnull powers,
             uint8_t *_Nonnull rest);

/// Starts writing `byte_count` bytes of a file from `offset` to the disk without waiting; does nothing where it cannot.
void co_start_flush(int descriptor, int64_t offset, int64_t byte_count);
