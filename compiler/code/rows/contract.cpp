#include "compiler/code/rows.h"

namespace rg::ops {

template std::vector<OpInfo> family_rows(ContractionOps);

}  // namespace rg::ops
