// Dead code: removes what no result and no effect needs, states and slices of loops included.
#pragma once

#include "compiler/code/clone.h"

namespace rg::opt {

ir::Function dce(const ir::Function& f);

}  // namespace rg::opt
