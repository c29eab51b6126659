#include "CTorchTable.h"
