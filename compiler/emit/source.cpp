#include "compiler/emit/source.h"

#include "dsl/parse/parse.h"
#include "dsl/write/write.h"

namespace rg::emit {

Result<std::string> source(const ir::Function& f) {
  const Result<dsl::ast::Module> module = dsl::write(f);
  if (!module) return module.failure();
  return dsl::print(*module);
}

}  // namespace rg::emit
