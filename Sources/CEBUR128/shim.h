// SPDX-License-Identifier: Apache-2.0
// libebur128's C interface as Swift's Audio module sees it.
#include <ebur128.h>
