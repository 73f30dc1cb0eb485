#include "compiler/code/rows.h"

namespace rg::ops {

template std::vector<OpInfo> family_rows(BivariateOps);

}  // namespace rg::ops
