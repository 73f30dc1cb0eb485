#include "compiler/api/unit.h"

#include "compiler/ad/expand.h"
#include "compiler/opt/pipeline.h"

namespace rg::api {

Unit::Unit() : program_(std::make_unique<dsl::Program>(sources_, diagnostics_, read_file)) {}

bool Unit::load(const std::string& path, const std::string& text) {
  return program_->load(path, text) && !diagnostics_.has_errors();
}

std::string Unit::rendered(bool color) const { return render(sources_, diagnostics_, {.color = color}); }

Result<ir::Function> Unit::prepare_expression(const std::string& text, const std::string& name) {
  diagnostics_ = Diagnostics();  // of this expression alone
  const ir::Function* f = program_->expression(text, name);
  if (f == nullptr || diagnostics_.has_errors()) return Failure{""};
  return prepare(f->name);
}

Result<ir::Function> Unit::prepare(std::string_view name) {
  return opt::prepare(program_->module(), name, ad::expand_derive,
                      {.simplify = true, .strict = strict_, .fast = fast_, .after = after_});
}

}  // namespace rg::api
