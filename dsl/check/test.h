// `test` blocks as IR functions without parameters, whose results the driver compares.
#pragma once

#include "dsl/check/context.h"

namespace rg::dsl {

/// Adds a test case to the context.
void build_test(Context& cx, const ast::TestItem& item, ModuleScope& module);

}  // namespace rg::dsl
