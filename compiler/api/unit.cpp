#include "compiler/api/unit.h"

#include "compiler/ad/expand.h"
#include "compiler/opt/pipeline.h"

namespace rg::api {

Unit::Unit() : program_(std::make_unique<dsl::Program>(sources_, diagnostics_, read_file)) {}

bool Unit::load(const std::string& path, const std::string& text) {
  return program_->load(path, text) && !diagnostics_.has_errors();
}

std::string Unit::rendered(bool color) const { return render(sources_, diagnostics_, {.color = color}); }

const ir::Function* Unit::check_expression(const std::string& text, const std::string& name) {
  diagnostics_ = Diagnostics();  // of this expression alone
  const ir::Function* f = program_->expression(text, name);
  return diagnostics_.has_errors() ? nullptr : f;
}

Result<ir::Function> Unit::prepare_expression(const std::string& text, const std::string& name) {
  const ir::Function* f = check_expression(text, name);
  if (f == nullptr) return Failure{""};
  return prepare(f->name);
}

Result<ir::Function> Unit::prepare(std::string_view name) { return prepare_in(program_->module(), name); }

Result<ir::Function> Unit::prepare(const ir::Function& f) {
  ir::Module module = program_->module();
  *module.find(f.name) = f;
  return prepare_in(module, f.name);
}

Result<ir::Function> Unit::prepare_in(const ir::Module& module, std::string_view name) const {
  return opt::prepare(module, name, ad::expand_derive,
                      {.simplify = true, .strict = strict_, .fast = fast_, .after = after_});
}

}  // namespace rg::api
