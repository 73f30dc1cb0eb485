// Index polynomials, nodes, loads and stores as LLVM IR.
#include <llvm/Support/raw_ostream.h>

#include <algorithm>
#include <array>

#include "compiler/code/registry.h"
#include "compiler/lower/emitter.h"
#include "compiler/lower/op_table.h"
#include "compiler/ops/all.h"
#include "compiler/plan/cost.h"

namespace rg::lower {

using plan::Dim;
using V = Emitter::V;

namespace {

// Dim::visit's arithmetic on i64 values or vectors of them.
template <class Size>
struct DimValues {
  ValueBuilder& b;
  llvm::Type* type;
  Size size_value;
  V constant(std::int64_t c) const { return llvm::ConstantInt::get(type, static_cast<std::uint64_t>(c), true); }
  V size(std::uint32_t i) const { return size_value(i); }
  V add(V x, V y) const { return b.add(x, y); }
  V mul(V x, V y) const { return b.mul(x, y); }
  V div(V x, V y) const { return b.floor_div(x, y); }
  V min(V x, V y) const { return b.select(b.lt(x, y), x, y); }
  V max(V x, V y) const { return b.select(b.lt(x, y), y, x); }
};
template <class Size>
DimValues(ValueBuilder&, llvm::Type*, Size) -> DimValues<Size>;

}  // namespace

llvm::Type* Emitter::memory_type(ir::Elem e) { return e == ir::Elem::boolean ? b_.getInt8Ty() : register_type(e); }

llvm::Type* Emitter::register_type(ir::Elem e) {
  switch (e) {
    case ir::Elem::f32:
      return b_.getFloatTy();
    case ir::Elem::f64:
      return b_.getDoubleTy();
    case ir::Elem::i32:
      return b_.getInt32Ty();
    case ir::Elem::i64:
      return b_.getInt64Ty();
    case ir::Elem::boolean:
      return b_.getInt1Ty();
  }
  return nullptr;
}

V Emitter::spread(V scalar) {
  if (!vector_ || scalar->getType()->isVectorTy()) return scalar;
  return b_.CreateVectorSplat(vector_->lanes, scalar);
}

V Emitter::both(V a, V b) {
  if (!a || !b) return a ? a : b;
  if (a->getType() != b->getType()) {
    a = spread(a);
    b = spread(b);
  }
  return b_.CreateAnd(a, b);
}

bool Emitter::varies(const Dim& d) const {
  if (!vector_) return false;
  bool found = false;
  d.for_each_size([&](std::uint32_t s) {
    if (s < plan_.size_count) return;
    const plan::VarId v(s - plan_.size_count);
    const plan::Var& var = plan_.vars[v.index];
    found = found || v == vector_->var ||
            (var.kind == plan::Var::Kind::node && std::ranges::binary_search(plan_.node(var.node).vars, vector_->var));
  });
  return found;
}

std::optional<Dim> Emitter::lane_stride(const Dim& d) const {
  if (!vector_) return Dim(0);
  const std::uint32_t own = plan_.size_count + vector_->var.index;
  if (varies(plan::replace(d, own, 0))) return std::nullopt;
  return plan::coefficient(d, own);
}

// The value in lane 0 of the vector loop.
V Emitter::dim(const Dim& d) {
  const auto size = [this](std::uint32_t i) -> V {
    if (i < plan_.size_count) return sizes_[i];
    const plan::VarId v(i - plan_.size_count);
    if (plan_.vars[v.index].kind == plan::Var::Kind::node) return node(plan_.vars[v.index].node);
    return vars_.at(v);
  };
  return d.visit(DimValues{vb_, b_.getInt64Ty(), size});
}

V Emitter::dim_lanes(const Dim& d) {
  llvm::Type* type = llvm::FixedVectorType::get(b_.getInt64Ty(), vector_->lanes);
  const auto steps = [&] { return b_.CreateStepVector(type); };
  if (const auto c = lane_stride(d)) {
    V start = spread(dim(d));
    if (*c == Dim(0)) return start;
    return b_.CreateAdd(start, *c == Dim(1) ? steps() : b_.CreateMul(steps(), spread(dim(*c))));
  }
  const auto size = [&](std::uint32_t i) -> V {
    if (i < plan_.size_count) return spread(sizes_[i]);
    const plan::VarId v(i - plan_.size_count);
    if (plan_.vars[v.index].kind == plan::Var::Kind::node) return spread(node(plan_.vars[v.index].node));
    V start = spread(vars_.at(v));
    return v == vector_->var ? b_.CreateAdd(start, steps()) : start;
  };
  return d.visit(DimValues{vb_, type, size});
}

V Emitter::known(plan::NodeId id) const {
  for (std::size_t s = scopes_.size(); s-- > 0;) {
    if (const auto it = scopes_[s].find(id); it != scopes_[s].end()) return it->second;
  }
  return nullptr;
}

// First what the node is computed from, in order: however long the chain, the stack stays short.
V Emitter::node(plan::NodeId root) {
  std::vector<plan::NodeId> open{root}, needs;
  for (;;) {
    const plan::NodeId id = open.back();
    V value = known(id);
    if (!value) {
      const plan::Node& n = plan_.node(id);
      needs.clear();
      const auto need = [&](plan::NodeId x) {
        if (x.valid() && !known(x)) needs.push_back(x);
      };
      const auto need_in = [&](const Dim& d) { plan::for_each_node_in(plan_, d, need); };
      for (std::size_t k = 0; k < n.args.size(); ++k) {
        const plan::Node* product = taken_product(n, k);
        if (!product) need(n.args[k]);
        for (std::size_t i = 0; product && i < product->args.size(); ++i) need(product->args[i]);
      }
      need(n.guard);
      need_in(n.dim);
      for (const Dim& d : n.access.index) need_in(d);
      if (!needs.empty()) {
        open.insert(open.end(), needs.rbegin(), needs.rend());
        continue;
      }
      value = compute(n);
      scopes_.back()[id] = value;
    }
    open.pop_back();
    if (open.empty()) return value;
  }
}

// The product that a sum takes as it is for its k-th operand, whose factors it needs; null where it takes the operand.
const plan::Node* Emitter::taken_product(const plan::Node& sum, std::size_t k) const {
  if (sum.fused != static_cast<int>(k) || options_.strict || !plan::is_product(plan_, sum.args[k])) return nullptr;
  const plan::Node* n = &plan_.node(sum.args[k]);
  while (n->args.size() == 1) n = &plan_.node(n->args[0]);
  return n;
}

// a b of a product or its negative, as it goes into a sum: the factors, the first with the sign.
std::optional<std::pair<V, V>> Emitter::factors(plan::NodeId id, bool negative) {
  if (options_.strict || !plan::is_product(plan_, id)) return std::nullopt;
  const plan::Node* n = &plan_.node(id);
  for (; n->args.size() == 1; n = &plan_.node(n->args[0])) negative = !negative;
  V a = node(n->args[0]), b = node(n->args[1]);
  return std::pair{negative ? vb_.neg(a) : a, b};
}

V Emitter::multiply_add(const std::pair<V, V>& product, V term) {
  std::array<V, 3> x{product.first, product.second, term};
  if (std::ranges::any_of(x, [](V v) { return v->getType()->isVectorTy(); })) {
    for (V& v : x) v = spread(v);
  }
  return vb_.multiply_add(x[0], x[1], x[2]);
}

V Emitter::sum_with(V total, plan::NodeId term) {
  if (const auto product = factors(term, false)) return multiply_add(*product, total);
  V value = node(term);
  if (total->getType()->isVectorTy()) value = spread(value);
  if (value->getType()->isVectorTy()) total = spread(total);
  return vb_.add(total, value);
}

// An addition or subtraction that takes a product as it is; null where none is left to take.
V Emitter::fused(const plan::Node& n) {
  const auto k = static_cast<std::size_t>(n.fused);
  const bool minus = n.op == ops::opcode<ops::Sub>();
  const auto product = factors(n.args[k], minus && k == 1);
  if (!product) return nullptr;
  V term = node(n.args[1 - k]);
  return multiply_add(*product, minus && k == 0 ? vb_.neg(term) : term);
}

V Emitter::compute(const plan::Node& n) {
  using Kind = plan::Node::Kind;
  llvm::Type* type = register_type(n.elem);
  switch (n.kind) {
    case Kind::constant:
      return ir::is_float(n.elem) ? static_cast<V>(llvm::ConstantFP::get(type, n.real))
                                  : llvm::ConstantInt::get(type, static_cast<std::uint64_t>(n.integer), true);
    case Kind::index:
      return varies(n.dim) ? dim_lanes(n.dim) : dim(n.dim);
    case Kind::load:
      return load(n.access, n.guard);
    case Kind::reduced:
      return reduced_.at(n.reduction);
    case Kind::op:
      break;
  }
  if (n.fused >= 0) {
    if (V sum = fused(n)) return sum;
  }
  std::vector<V> x;
  bool wide = false;
  for (const plan::NodeId a : n.args) {
    x.push_back(node(a));
    wide = wide || x.back()->getType()->isVectorTy();
  }
  if (wide) {
    for (V& v : x) v = spread(v);
  }
  return many_functions_ && may_be_long(n) ? call_of(n, x) : lower_op(vb_, n.op, n.attrs, x);
}

// Whether the code of the op is more than an instruction or two: a division and a root are one.
bool Emitter::may_be_long(const plan::Node& n) {
  const int cost = n.kind == plan::Node::Kind::op ? ops::info(n.op).cost : 0;
  return cost >= plan::cost("long-operation") && cost != ops::kDivisionCost;
}

// The op as a function of its own, one for each width; in place where that is short after all.
V Emitter::call_of(const plan::Node& n, const std::vector<V>& x) {
  llvm::Module& module = *function_->getParent();
  std::string name = "rg." + std::string(ops::info(n.op).name);
  n.attrs.each([&](std::string_view, const ir::FieldRef& field) {
    if (std::int64_t* const* i = std::get_if<std::int64_t*>(&field)) name += "." + std::to_string(**i);
  });
  std::vector<llvm::Type*> types;
  llvm::raw_string_ostream text(name);
  for (V v : x) {
    types.push_back(v->getType());
    text << "." << *v->getType();
  }
  llvm::Type* result = register_type(n.elem);
  text << "." << *result;
  if (const unsigned lanes = ValueBuilder::lanes(x[0]); lanes > 1) result = llvm::FixedVectorType::get(result, lanes);
  if (short_.contains(name)) return lower_op(vb_, n.op, n.attrs, x);
  llvm::Function* f = module.getFunction(name);
  if (!f) {
    f = llvm::Function::Create(llvm::FunctionType::get(result, types, false), llvm::GlobalValue::InternalLinkage, name,
                               module);
    f->setDoesNotThrow();
    f->addFnAttr(llvm::Attribute::NoInline);
    llvm::IRBuilder<> b(llvm::BasicBlock::Create(module.getContext(), "entry", f));
    b.setFastMathFlags(b_.getFastMathFlags());
    ValueBuilder values(b, plan_.target.scalef);
    std::vector<V> arguments;
    for (llvm::Argument& a : f->args()) arguments.push_back(&a);
    b.CreateRet(lower_op(values, n.op, n.attrs, arguments));
    constexpr unsigned few = 12;
    if (f->getInstructionCount() <= few) {
      f->eraseFromParent();
      short_.insert(name);
      return lower_op(vb_, n.op, n.attrs, x);
    }
  }
  return b_.CreateCall(f, x);
}

V Emitter::base(plan::BufferId b) {
  return indirect_[b.index] ? b_.CreateLoad(b_.getPtrTy(), bases_[b.index]) : bases_[b.index];
}

V Emitter::pointer(plan::BufferId b, V offset) {
  return b_.CreateGEP(memory_type(plan_.buffer(b).elem), base(b), offset);
}

V Emitter::lane_pointers(plan::BufferId b, const Dim& address) {
  return b_.CreateGEP(memory_type(plan_.buffer(b).elem), base(b),
                      varies(address) ? dim_lanes(address) : spread(dim(address)));
}

V Emitter::to_register(V memory, ir::Elem e) {
  return e == ir::Elem::boolean ? b_.CreateICmpNE(memory, llvm::Constant::getNullValue(memory->getType())) : memory;
}

V Emitter::to_memory(V value) {
  if (!value->getType()->isIntOrIntVectorTy(1)) return value;
  llvm::Type* to = b_.getInt8Ty();
  if (const auto* t = llvm::dyn_cast<llvm::FixedVectorType>(value->getType()))
    to = llvm::FixedVectorType::get(to, t->getNumElements());
  return b_.CreateZExt(value, to);
}

V Emitter::load(const plan::Access& a, plan::NodeId guard_id) {
  const plan::Buffer& buffer = plan_.buffer(a.buffer);
  if (buffer.storage == plan::Storage::in && buffer.dims.empty())
    return to_register(bases_[a.buffer.index], buffer.elem);
  const Dim address = plan::linear_address(plan_, a);
  llvm::Type* type = memory_type(buffer.elem);
  V guard = guard_id.valid() ? node(guard_id) : nullptr;
  const bool guard_varies = guard && guard->getType()->isVectorTy();
  if (!varies(address) && !guard_varies) {
    V at = pointer(a.buffer, dim(address));
    if (guard) at = b_.CreateSelect(guard, at, zeros_);
    return to_register(
        b_.CreateAlignedLoad(type, at, llvm::Align(static_cast<std::uint64_t>(ir::byte_size(buffer.elem)))),
        buffer.elem);
  }
  auto* wide = llvm::FixedVectorType::get(type, vector_->lanes);
  const llvm::Align align(static_cast<std::uint64_t>(ir::byte_size(buffer.elem)));
  V mask = both(vector_->mask, guard);
  if (mask) mask = spread(mask);
  V zero = llvm::Constant::getNullValue(wide);
  const auto stride = lane_stride(address);
  if (stride && *stride == Dim(1)) {
    V at = pointer(a.buffer, dim(address));
    V value =
        mask ? static_cast<V>(b_.CreateMaskedLoad(wide, at, align, mask, zero)) : b_.CreateAlignedLoad(wide, at, align);
    return to_register(value, buffer.elem);
  }
  if (!mask) mask = llvm::ConstantInt::getTrue(llvm::FixedVectorType::get(b_.getInt1Ty(), vector_->lanes));
  return to_register(b_.CreateMaskedGather(wide, lane_pointers(a.buffer, address), align, mask, zero), buffer.elem);
}

void Emitter::store(const plan::Access& a, V value, V guard) {
  const Dim address = plan::linear_address(plan_, a);
  const llvm::Align align(static_cast<std::uint64_t>(ir::byte_size(plan_.buffer(a.buffer).elem)));
  value = to_memory(value);
  if (!varies(address) && !(guard && guard->getType()->isVectorTy())) {
    if (value->getType()->isVectorTy()) value = b_.CreateExtractElement(value, b_.getInt64(0));
    V at = pointer(a.buffer, dim(address));
    b_.CreateAlignedStore(value, at, align);
    return;
  }
  value = spread(value);
  V mask = both(vector_->mask, guard);
  if (mask) mask = spread(mask);
  const auto stride = lane_stride(address);
  if (stride && *stride == Dim(1)) {
    V at = pointer(a.buffer, dim(address));
    if (mask)
      b_.CreateMaskedStore(value, at, align, mask);
    else
      b_.CreateAlignedStore(value, at, align);
    return;
  }
  if (!mask) mask = llvm::ConstantInt::getTrue(llvm::FixedVectorType::get(b_.getInt1Ty(), vector_->lanes));
  b_.CreateMaskedScatter(value, lane_pointers(a.buffer, address), align, mask);
}

}  // namespace rg::lower
