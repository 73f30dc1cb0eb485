// All passes, in the order in which a program goes through them: those over the IR, then those over the plan.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/ir/module.h"
#include "compiler/opt/pipeline.h"
#include "compiler/support/result.h"

namespace rg::pass {

enum class Stage { ir, plan };

struct Pass {
  std::string_view name;
  std::string_view why;
  Stage stage = Stage::ir;
  /// Never left out: what comes after cannot do without it. Those over the IR are all needed.
  bool needed = true;
  /// Of stage ir: the pass alone over a function. `expand` looks callees up in the module.
  Result<ir::Function> (*run)(const ir::Module& module, const ir::Function& f,
                              const opt::PipelineOptions& options) = nullptr;
};

std::span<const Pass> all();
/// Null where there is none of the name.
const Pass* find(std::string_view name);
/// The names of those for which `chosen` holds.
std::vector<std::string> names(bool (*chosen)(const Pass&));
/// A line a pass: stage, name, what it is for.
std::string listing();

}  // namespace rg::pass
