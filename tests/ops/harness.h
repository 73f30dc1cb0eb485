// Functions made of the ops' examples, values for them, and how they are run.
#pragma once

#include <functional>
#include <random>
#include <string>
#include <vector>

#include "compiler/code/builder.h"
#include "compiler/code/registry.h"
#include "compiler/ir/tensor.h"
#include "compiler/jit/session.h"
#include "compiler/ops/all.h"

namespace rg::test {

using Random = std::mt19937;
using Tensors = std::vector<ir::Tensor>;

/// One example of an op as a module: the function `f` of sizes n and m, and what it refers to.
struct Subject {
  const ops::OpInfo& op;
  ir::Elem elem;
  ops::Example example;
  ir::Module module;

  /// "tanh f64, vector".
  std::string str() const;
  const ir::Function& f() const { return *module.find("f"); }
};

/// Calls `test` with every example of every op for operands of the element types.
void for_each_subject(std::initializer_list<ir::Elem> elems, const std::function<void(Subject&)>& test);

/// Emits the example's code: its body, or the op alone.
std::vector<ir::ValueId> emit_example(ir::Builder& b, const ops::OpInfo& op, const ops::Example& example,
                                      std::span<const ir::ValueId> operands);

/// Arguments for f. Floating elements of elementwise ops are drawn from their interval; those of other ops are in
/// addition well apart from each other, so that small steps leave their order. f32 elements are f32 numbers.
Tensors draw(const Subject& s, std::span<const std::int64_t> sizes, Random& random);
ir::Tensor draw(const ops::ExampleOperand& operand, bool apart, std::span<const std::int64_t> sizes, Random& random);
/// A tensor of the type at the sizes with elements in [-1, 1].
ir::Tensor direction(const ir::Type& type, std::span<const std::int64_t> sizes, Random& random);

/// Prepared by the pipeline; a failure fails the test case.
ir::Function prepared(const ir::Module& m, std::string_view name);
/// Interpreted; a failure fails the test case.
Tensors run(const ir::Module& m, const ir::Function& f, std::span<const std::int64_t> sizes, const Tensors& arguments);

/// Numbers of the parameters of floating type.
std::vector<std::int64_t> floating_params(const ir::Function& f);
/// Whether some result is of floating type.
bool has_floating_result(const ir::Function& f);

/// Adds to the module a function `name` of the parameters of `of` and then the seeds: its derivative in the mode jvp or
/// vjp with respect to the parameters `wrt`. It gives the tangents of the floating results, or the adjoints of `wrt`.
const ir::Function& add_derivative(ir::Module& m, const ir::Function& of, const std::string& name,
                                   const std::string& mode, const std::vector<std::int64_t>& wrt);

/// Adds to the module a function `name` of the parameters of `of`: the blocks of its Jacobian, for each floating result
/// one a parameter of `wrt`, in forward (1) or reverse (2) mode.
const ir::Function& add_jacobian(ir::Module& m, const ir::Function& of, const std::string& name, ops::DeriveMode mode,
                                 const std::vector<std::int64_t>& wrt);

/// Code compiled for this machine.
class Compiled {
 public:
  Compiled(jit::Session& session, const ir::Function& prepared,
           const plan::PlanOptions& options = {.target = jit::host_target()});
  /// Status and results.
  int operator()(std::span<const std::int64_t> sizes, const Tensors& arguments, Tensors& results) const;

 private:
  jit::Entry entry_;
  std::vector<ir::Type> results_;
};
jit::Session& session();

/// Distance in units in the last place of the type; 0 for two NaNs and for zeros of either sign.
double ulps(ir::Elem elem, double a, double b);
/// How an element of compiled code may differ from the reference: in units in the last place, or in machine epsilons
/// of the greatest finite magnitude of the result and 1. A wanted value is rounded to the type first. Signs of zeros
/// and NaNs are not compared. Integers and truth values are equal.
struct Allowed {
  double ulp = 0;
  double epsilons = 0;
};
/// What differs; empty when nothing does.
std::string difference(const Tensors& got, const Tensors& want, const Allowed& allowed);

}  // namespace rg::test
