// Test blocks.
#pragma once

#include "dsl/check/context.h"

namespace rg::dsl {

void build_test(Context& cx, const ast::TestItem& item, ModuleScope& module);

}  // namespace rg::dsl
