// A program on its way from text to prepared functions: what the C++ API and the command share.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "compiler/api/file.h"
#include "compiler/ir/module.h"
#include "compiler/support/diagnostic.h"
#include "compiler/support/result.h"
#include "dsl/check/check.h"

namespace rg::api {

/// Not thread safe.
class Unit {
 public:
  Unit();
  /// Parses and checks. False: see `diagnostics`.
  bool load(const std::string& path, const std::string& text);
  dsl::Program& program() { return *program_; }
  const SourceMap& sources() const { return sources_; }
  const Diagnostics& diagnostics() const { return diagnostics_; }
  std::string rendered(bool color = false) const;

  /// A function or an expression that denotes one, under a name of its own, as the checker makes it; it is part of the
  /// module. Null: errors in the expression are reported to `diagnostics`.
  const ir::Function* check_expression(const std::string& text, const std::string& name);
  /// The same, ready for planning. The text of the failure is empty where errors were reported.
  Result<ir::Function> prepare_expression(const std::string& text, const std::string& name);
  /// A function of the checked module, ready.
  Result<ir::Function> prepare(std::string_view name);
  /// The same of `f` in the place of the module's function of its name.
  Result<ir::Function> prepare(const ir::Function& f);

  /// Whether what is prepared from now on keeps to exact equations.
  void set_strict(bool strict) { strict_ = strict; }
  /// Whether it may use all equations, also those that change ranges.
  void set_fast(bool fast) { fast_ = fast; }
  /// Called after each pass of what is prepared from now on.
  void observe(std::function<void(std::string_view pass, const ir::Function&)> after) { after_ = std::move(after); }

 private:
  Result<ir::Function> prepare_in(const ir::Module& module, std::string_view name) const;

  std::function<void(std::string_view, const ir::Function&)> after_;
  bool strict_ = false, fast_ = false;
  SourceMap sources_;
  Diagnostics diagnostics_;
  std::unique_ptr<dsl::Program> program_;
};

}  // namespace rg::api
