#include "compiler/api/unit.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "compiler/ad/expand.h"
#include "compiler/opt/pipeline.h"

namespace rg::api {

Result<std::string> read_file(const std::string& path) {
  std::error_code code;
  if (std::filesystem::is_directory(path, code)) return Failure{path + " is a directory"};
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in) return Failure{"cannot read " + path + ": " + std::strerror(errno == 0 ? ENOENT : errno)};
  std::ostringstream text;
  text << in.rdbuf();
  if (in.bad()) return Failure{"cannot read " + path};
  return text.str();
}

Unit::Unit() : program_(std::make_unique<dsl::Program>(sources_, diagnostics_, read_file)) {}

bool Unit::load(const std::string& path, const std::string& text) {
  return program_->load(path, text) && !diagnostics_.has_errors();
}

std::string Unit::rendered(bool color) const { return render(sources_, diagnostics_, {.color = color}); }

Result<ir::Function> Unit::prepare_expression(const std::string& text, const std::string& name) {
  const ir::Function* f = program_->expression(text, name);
  if (f == nullptr || diagnostics_.has_errors()) return Failure{""};
  return prepare(f->name);
}

Result<ir::Function> Unit::prepare(std::string_view name) {
  return opt::prepare(program_->module(), name, ad::expand_derive);
}

}  // namespace rg::api
