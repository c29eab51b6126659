// SPDX-License-Identifier: Apache-2.0
// cairo's C interface as Swift's Pictures module sees it.
#include <cairo.h>
