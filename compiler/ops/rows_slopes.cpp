#include "compiler/ops/rows.h"

namespace rg::ops {

template std::vector<OpInfo> family_rows(SlopeOps);

}  // namespace rg::ops
