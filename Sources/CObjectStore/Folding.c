// SPDX-License-Identifier: Apache-2.0

// Carry-less multiplication folds 128 bytes a step: what lies D bits before a block moves onto it when its two halves are
// multiplied by fixed powers of x. One step of a table takes a byte; this takes the CRC to the speed of memory.

#include "CObjectStore.h"

#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

bool co_can_fold(void) {
    unsigned int a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_PCLMUL) && (c & bit_SSE4_1);
}

__attribute__((target("pclmul,sse4.1"))) static inline __m128i onto(__m128i block, __m128i powers, __m128i next) {
    __m128i low = _mm_clmulepi64_si128(block, powers, 0x00);
    __m128i high = _mm_clmulepi64_si128(block, powers, 0x11);
    return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

__attribute__((target("pclmul,sse4.1"))) void co_fold(const uint8_t *bytes, size_t byte_count, uint64_t state,
                                                      const uint64_t *powers, uint8_t *rest) {
    const __m128i far = _mm_loadu_si128((const __m128i *)powers);
    const __m128i near = _mm_loadu_si128((const __m128i *)(powers + 2));
    const __m128i *block = (const __m128i *)bytes;
    size_t left = byte_count / 16;
    __m128i lanes[8];
    for (int lane = 0; lane < 8; lane++) lanes[lane] = _mm_loadu_si128(block + lane);
    lanes[0] = _mm_xor_si128(lanes[0], _mm_cvtsi64_si128((long long)state));
    for (block += 8, left -= 8; left >= 8; block += 8, left -= 8) {
        for (int lane = 0; lane < 8; lane++) lanes[lane] = onto(lanes[lane], far, _mm_loadu_si128(block + lane));
    }
    __m128i sum = lanes[0];
    for (int lane = 1; lane < 8; lane++) sum = onto(sum, near, lanes[lane]);
    for (; left > 0; block++, left--) sum = onto(sum, near, _mm_loadu_si128(block));
    _mm_storeu_si128((__m128i *)rest, sum);
}

#else

bool co_can_fold(void) { return false; }

void co_fold(const uint8_t *bytes, size_t byte_count, uint64_t state, const uint64_t *powers, uint8_t *rest) {
    (void)bytes, (void)byte_count, (void)state, (void)powers;
    memset(rest, 0, 16);
}

#endif
