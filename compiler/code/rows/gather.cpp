#include "compiler/code/rows.h"

namespace rg::ops {

template std::vector<OpInfo> family_rows(IndexedOps);

}  // namespace rg::ops
