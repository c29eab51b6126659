// SPDX-License-Identifier: Apache-2.0
// libsndfile's C interface as Swift's Audio module sees it.
#include <sndfile.h>
