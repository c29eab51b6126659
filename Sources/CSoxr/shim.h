// SPDX-License-Identifier: Apache-2.0
// libsoxr's C interface as Swift's Audio module sees it.
#include <soxr.h>
