// Calls of the runtime's kernels: whole arrays in, whole arrays out.
#include "compiler/code/registry.h"
#include "compiler/plan/build/planner.h"

namespace rg::plan {

namespace {

// The first element of the array that stands at the access.
Access first_of(Access a, std::size_t rank) {
  a.index.resize(a.index.size() + rank, Dim(0));
  return a;
}

}  // namespace

void Planner::plan_kernel(const ir::Instr& in, std::vector<Item>& out) {
  const ir::Function& f = plan_.function;
  Kernel k{.op = in.op, .attrs = in.attrs, .elem = f.type(in.operands[0]).elem};
  std::vector<ir::Type> types;
  for (const ValueId v : in.operands) {
    const ir::Type& t = f.type(v);
    types.push_back(t);
    k.extents.push_back(t.dims);
    // What is a slice of another array, a number or not in memory gets an array of its own.
    const Access* bound = t.is_scalar() ? nullptr : dag_.bound(v);
    if (bound == nullptr) {
      const Access own{buffer(Storage::workspace, t, "operand." + std::to_string(plan_.buffers.size())), {}};
      materialise(v, own, true);
      k.inputs.push_back(first_of(own, t.rank()));
    } else {
      k.inputs.push_back(first_of(*bound, t.rank()));
    }
  }
  flush(out);
  for (const ValueId r : in.results) {
    const ir::Type& t = f.type(r);
    k.extents.push_back(t.dims);
    if (accumulations_->uses(r) == 0) {
      k.outputs.emplace_back();
      continue;
    }
    const Access target = target_of(r, ops::info(in.op).name);
    k.outputs.push_back(first_of(target, t.rank()));
    dag_.bind(r, target.buffer, target.index);
  }
  const Dim bytes = ops::info(in.op).workspace(types, in.attrs);
  if (!(bytes == Dim(0)))
    k.workspace = buffer(Storage::workspace, {Elem::boolean, {bytes}}, "work." + std::to_string(plan_.buffers.size()));
  out.push_back({std::move(k)});
}

}  // namespace rg::plan
