#include "compiler/code/builder.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numeric>

#include "compiler/code/registry.h"
#include "compiler/ops/all.h"
#include "compiler/support/internal_error.h"

namespace rg::ir {

namespace {

std::vector<std::int64_t> identity(std::size_t n) {
  std::vector<std::int64_t> v(n);
  std::iota(v.begin(), v.end(), 0);
  return v;
}

ops::RegionTypes region_types(const Function& f, BlockId id) {
  ops::RegionTypes r;
  for (const ValueId v : f.block(id).params) r.params.push_back(f.type(v));
  for (const ValueId v : f.block(id).yields) r.yields.push_back(f.type(v));
  return r;
}

}  // namespace

Builder::Builder(Function& function) : function_(function) {
  if (!function_.body.valid()) {
    function_.body = BlockId(function_.blocks.size());
    function_.blocks.emplace_back();
  }
  block_ = function_.body;
}

Opcode Builder::named(std::string_view name) {
  const auto code = ops::opcode_named(name);
  assert(code && "an op of this name");
  return *code;
}

ValueId Builder::add_param(Type type, std::string name) {
  const ValueId id(function_.values.size());
  auto& params = function_.block(block_).params;
  function_.values.push_back({std::move(type), std::move(name), {}, block_, static_cast<std::uint32_t>(params.size())});
  params.push_back(id);
  return id;
}

BlockId Builder::in_block(std::span<const Type> params,
                          const std::function<std::vector<Val>(std::span<const Val>)>& body) {
  const BlockId outer = block_;
  const BlockId inner(function_.blocks.size());
  function_.blocks.emplace_back();
  block_ = inner;
  for (const Type& t : params) add_param(t);
  const std::vector<Val> values = function_.block(inner).params;
  std::vector<Val> yields = body(values);
  function_.block(inner).yields = std::move(yields);
  block_ = outer;
  return inner;
}

std::vector<ValueId> Builder::emit_typed(Opcode op, std::vector<Val> operands, Attributes attrs,
                                         std::vector<BlockId> regions, std::vector<Type> types) {
  const InstrId id(function_.instrs.size());
  if (attrs.empty()) attrs = initial_attributes(*ops::info(op).attrs);
  if (id.index >= most_) internal_error("more instructions than the budget of the pass allows");
  std::vector<Val> results;
  for (Type& t : types) {
    const ValueId v(function_.values.size());
    function_.values.push_back({std::move(t), {}, id, block_, static_cast<std::uint32_t>(results.size())});
    results.push_back(v);
  }
  function_.instrs.push_back({op, std::move(operands), results, std::move(attrs), std::move(regions), span_});
  function_.block(block_).instrs.push_back(id);
  return results;
}

std::vector<ValueId> Builder::emit(Opcode op, std::vector<Val> operands, Attributes attrs,
                                   std::vector<BlockId> regions) {
  std::vector<Type> types;
  for (const Val v : operands) types.push_back(type(v));
  std::vector<ops::RegionTypes> region_list;
  for (const BlockId r : regions) region_list.push_back(region_types(function_, r));
  const ops::OpInfo& row = ops::info(op);
  assert(row.infer != nullptr && "call and derive are emitted with their types");
  auto inferred = row.infer({types, attrs, region_list, function_.size_names});
  if (!inferred) internal_error(std::string(row.name) + ": " + inferred.error());
  return emit_typed(op, std::move(operands), std::move(attrs), std::move(regions), std::move(*inferred));
}

ValueId Builder::emit1(Opcode op, std::vector<Val> operands, Attributes attrs, std::vector<BlockId> regions) {
  return emit(op, std::move(operands), std::move(attrs), std::move(regions)).at(0);
}

// ---- Constants -----------------------------------------------------------------------------------------------------

ValueId Builder::constant(Elem elem, double value, std::vector<Dim> dims) {
  if (!is_float(elem)) return integer(elem, truncated(elem, value), std::move(dims));
  if (elem == Elem::f32) value = static_cast<float>(value);
  return emit_op<ops::Constant>({}, {.elem = elem, .dims = std::move(dims), .reals = {value}});
}

ValueId Builder::integer(Elem elem, std::int64_t value, std::vector<Dim> dims) {
  if (is_float(elem)) return constant(elem, static_cast<double>(value), std::move(dims));
  return emit_op<ops::Constant>({}, {.elem = elem, .dims = std::move(dims), .integers = {value}});
}

ValueId Builder::boolean(bool value, std::vector<Dim> dims) {
  return integer(Elem::boolean, value ? 1 : 0, std::move(dims));
}

ValueId Builder::like(Val v, double value) {
  const Type t = type(v);
  return constant(t.elem, value, t.dims);
}

ValueId Builder::zeros(const Type& type) { return constant(type.elem, 0, type.dims); }

ValueId Builder::size(const Dim& dim) {
  if (dim.is_constant()) return integer(Elem::i64, dim.constant());
  return emit_op<ops::Size>({}, {dim});
}

const Instr* Builder::repeated(Val v) const {
  const Instr* def = function_.definition(v);
  while (def != nullptr) {
    const ops::OpInfo& row = ops::info(def->op);
    if (def->op == ops::opcode<ops::Constant>()) return ops::attrs_of<ops::Constant>(*def).is_splat() ? def : nullptr;
    const bool same_values = row.moves_elements && !row.fills(def->attrs) && def->op != ops::opcode<ops::Concat>() &&
                             def->op != ops::opcode<ops::ReduceSum>();
    if (!same_values) return nullptr;
    def = function_.definition(def->operands[0]);
  }
  return nullptr;
}

std::optional<double> Builder::splat(Val v) const {
  const Instr* def = repeated(v);
  if (def == nullptr) return std::nullopt;
  const auto& a = ops::attrs_of<ops::Constant>(*def);
  if (!is_float(type(v).elem)) return static_cast<double>(a.integers[0]);
  return type(v).elem == Elem::f32 ? static_cast<float>(a.reals[0]) : a.reals[0];
}

ValueId Builder::splat_of(Val v, std::vector<Dim> to) {
  auto attrs = ops::attrs_of<ops::Constant>(*repeated(v));
  attrs.dims = std::move(to);
  return emit_op<ops::Constant>({}, std::move(attrs));
}

ValueId Builder::absent(const Type& type) {
  if (!is_float(type.elem)) return zeros(type);
  return emit_op<ops::Constant>({}, {.elem = type.elem, .dims = type.dims, .reals = {0}, .absent = true});
}

bool Builder::is_absent(Val v) const {
  const Instr* def = repeated(v);
  return def != nullptr && ops::attrs_of<ops::Constant>(*def).absent;
}

namespace {

// Ops that never give -0, whatever their floating operands are.
bool never_minus_zero(Opcode op) {
  return op == ops::opcode<ops::Exp>() || op == ops::opcode<ops::Exp2>() || op == ops::opcode<ops::Abs>() ||
         op == ops::opcode<ops::Square>() || op == ops::opcode<ops::Sigmoid>() || op == ops::opcode<ops::Cosh>();
}

}  // namespace

// A sum is -0 only of two -0, a difference only of -0 and +0.
bool Builder::never_negative_zero(Val v, int depth) const {
  if (!is_float(type(v).elem)) return true;
  if (const auto s = splat(v)) return *s != 0 || !std::signbit(*s);
  const Instr* def = function_.definition(v);
  if (def == nullptr || depth == 0) return false;
  const auto operand = [&](std::size_t k) { return never_negative_zero(def->operands[k], depth - 1); };
  if (def->op == ops::opcode<ops::Add>()) return operand(0) || operand(1);
  if (def->op == ops::opcode<ops::Sub>()) return operand(0);
  if (def->op == ops::opcode<ops::Mul>()) return def->operands[0] == def->operands[1];
  if (def->op == ops::opcode<ops::Select>()) return operand(1) && operand(2);
  if (def->op == ops::opcode<ops::Convert>()) return !is_float(type(def->operands[0]).elem) || operand(0);
  if (never_minus_zero(def->op)) return true;
  const bool view = def->op == ops::opcode<ops::Broadcast>() || def->op == ops::opcode<ops::Transpose>() ||
                    def->op == ops::opcode<ops::Reshape>() || def->op == ops::opcode<ops::Recast>() ||
                    def->op == ops::opcode<ops::Slice>();
  return view && operand(0);
}

// ---- Arithmetic ----------------------------------------------------------------------------------------------------

namespace {

bool is(const std::optional<double>& s, double v) { return s && *s == v; }
bool is_zero(const std::optional<double>& s, bool negative) { return is(s, 0) && std::signbit(*s) == negative; }

}  // namespace

// x + (-0) = x for every x; x + 0 = x but for x = -0.
bool Builder::adds_nothing(Val v, const std::optional<double>& s, Val to) const {
  if (!is_float(type(v).elem)) return is(s, 0);
  return is_zero(s, true) || (is_zero(s, false) && (is_absent(v) || never_negative_zero(to)));
}

ValueId Builder::add(Val a, Val b) {
  const auto x = splat(a), y = splat(b);
  if (adds_nothing(a, x, b)) return b;
  if (adds_nothing(b, y, a)) return a;
  if (x && y && is_float(type(a).elem)) return like(a, *x + *y);
  return op<ops::Add>(a, b);
}

// x - 0 = x for every x; 0 - x = -x but for x = 0, (-0) - x = -x for every x.
ValueId Builder::sub(Val a, Val b) {
  const auto x = splat(a), y = splat(b);
  const bool real = is_float(type(a).elem);
  if (real ? is_zero(y, false) : is(y, 0)) return a;
  if (real ? is_zero(x, true) || is_absent(a) : is(x, 0)) return neg(b);
  if (x && y && real) return like(a, *x - *y);
  return op<ops::Sub>(a, b);
}

ValueId Builder::mul(Val a, Val b) {
  const auto x = splat(a), y = splat(b);
  if (is(x, 1)) return b;
  if (is(y, 1)) return a;
  if (is(x, -1)) return neg(b);
  if (is(y, -1)) return neg(a);
  if (is_absent(a)) return a;
  if (is_absent(b)) return b;
  if (!is_float(type(a).elem) && (is(x, 0) || is(y, 0))) return is(x, 0) ? a : b;
  if (x && y && is_float(type(a).elem)) return like(a, *x * *y);
  return op<ops::Mul>(a, b);
}

ValueId Builder::div(Val a, Val b) {
  const auto x = splat(a), y = splat(b);
  if (is(y, 1)) return a;
  if (is(y, -1)) return neg(a);
  if (is_absent(a)) return a;
  if (x && y) return like(a, *x / *y);
  return op<ops::Div>(a, b);
}

ValueId Builder::neg(Val a) {
  if (is_absent(a)) return a;
  if (const auto x = splat(a); x && is_float(type(a).elem)) return like(a, -*x);
  const Instr* def = function_.definition(a);
  if (def != nullptr && def->op == ops::opcode<ops::Neg>()) return def->operands[0];
  return op<ops::Neg>(a);
}

ValueId Builder::select(Val condition, Val a, Val b) {
  if (a == b || (is_absent(a) && is_absent(b))) return a;
  if (const auto c = splat(condition)) return *c != 0 ? a : b;
  return op<ops::Select>(condition, a, b);
}

ValueId Builder::compare(std::string_view op, Val a, Val b) { return emit1(named(op), {a, b}); }

ValueId Builder::logical_and(Val a, Val b) {
  if (a == b) return a;
  if (const auto x = splat(a)) return *x != 0 ? b : a;
  if (const auto y = splat(b)) return *y != 0 ? a : b;
  return op<ops::And>(a, b);
}

ValueId Builder::logical_or(Val a, Val b) {
  if (a == b) return a;
  if (const auto x = splat(a)) return *x != 0 ? a : b;
  if (const auto y = splat(b)) return *y != 0 ? b : a;
  return op<ops::Or>(a, b);
}

ValueId Builder::logical_not(Val a) {
  if (const auto x = splat(a)) return boolean(*x == 0, type(a).dims);
  const Instr* def = function_.definition(a);
  if (def != nullptr && def->op == ops::opcode<ops::Not>()) return def->operands[0];
  return op<ops::Not>(a);
}

ValueId Builder::convert(Val a, Elem elem) {
  if (type(a).elem == elem) return a;
  return emit_op<ops::Convert>({a}, {elem});
}

ValueId Builder::call(std::string_view op, std::initializer_list<Val> operands) { return emit1(named(op), operands); }

// ---- Structure -----------------------------------------------------------------------------------------------------

ValueId Builder::broadcast(Val v, std::vector<Dim> to, std::vector<std::int64_t> axes) {
  if (axes.size() == to.size()) return v;
  const Instr* def = function_.definition(v);
  if (def != nullptr && def->op == ops::opcode<ops::Constant>() && repeated(v) != nullptr)
    return splat_of(v, std::move(to));
  if (def != nullptr && def->op == ops::opcode<ops::Broadcast>()) {  // axes of the inner one, seen through the outer
    std::vector<std::int64_t> composed;
    for (const std::int64_t a : ops::attrs_of<ops::Broadcast>(*def).axes)
      composed.push_back(axes[static_cast<std::size_t>(a)]);
    return emit_op<ops::Broadcast>({def->operands[0]}, {.axes = std::move(composed), .dims = std::move(to)});
  }
  return emit_op<ops::Broadcast>({v}, {.axes = std::move(axes), .dims = std::move(to)});
}

ValueId Builder::broadcast_leading(Val v, const std::vector<Dim>& to) {
  const std::size_t rank = type(v).rank();
  std::vector<std::int64_t> axes(rank);
  std::iota(axes.begin(), axes.end(), static_cast<std::int64_t>(to.size() - rank));
  return broadcast(v, to, std::move(axes));
}

ValueId Builder::transpose(Val v, std::vector<std::int64_t> permutation) {
  if (permutation == identity(permutation.size())) return v;
  return emit_op<ops::Transpose>({v}, {std::move(permutation)});
}

ValueId Builder::reshape(Val v, std::vector<Dim> to) {
  if (dims(v) == to) return v;
  return emit_op<ops::Reshape>({v}, {std::move(to)});
}

ValueId Builder::slice(Val v, std::vector<Dim> starts, std::vector<std::int64_t> steps, std::vector<Dim> lengths) {
  const bool whole = std::ranges::all_of(starts, [](const Dim& d) { return d == Dim(0); }) &&
                     std::ranges::all_of(steps, [](std::int64_t s) { return s == 1; });
  if (whole && lengths == dims(v)) return v;
  return emit_op<ops::Slice>({v}, {.dims = std::move(lengths), .starts = std::move(starts), .steps = std::move(steps)});
}

ValueId Builder::place(Val v, std::vector<Dim> starts, std::vector<std::int64_t> steps, std::vector<Dim> to,
                       bool absent) {
  return emit_op<ops::Place>(
      {v}, {.dims = std::move(to), .starts = std::move(starts), .steps = std::move(steps), .absent = absent});
}

ValueId Builder::iota(Elem elem, std::vector<Dim> to, std::int64_t axis) {
  return emit_op<ops::Iota>({}, {.elem = elem, .dims = std::move(to), .axis = axis});
}

ValueId Builder::reduce(std::string_view kind, Val v, std::vector<std::int64_t> axes) {
  if (axes.empty()) return v;
  return emit1(named("reduce_" + std::string(kind)), {v}, ops::ReductionAttrs{std::move(axes)});
}

ValueId Builder::sum(Val v, std::vector<std::int64_t> axes) {
  return reduce(type(v).elem == Elem::boolean ? "any" : "sum", v, std::move(axes));
}

ValueId Builder::contract(std::vector<Val> operands, std::vector<std::vector<std::int64_t>> labels) {
  if (operands.size() == 1 && labels[0] == labels[1]) return operands[0];
  return emit_op<ops::Contract>(std::move(operands), {std::move(labels)});
}

std::vector<ValueId> Builder::scan(const Dim& trip, std::vector<Val> states, std::vector<Val> arrays,
                                   const ScanBody& body, bool reversed) {
  std::vector<Type> params{{Elem::i64, {}}};
  for (const Val v : states) params.push_back(type(v));
  for (const Val v : arrays) params.push_back({type(v).elem, {dims(v).begin() + 1, dims(v).end()}});
  const std::size_t carried = states.size();
  const BlockId region = in_block(params, [&](std::span<const Val> p) {
    auto [next, stacked] = body(p[0], p.subspan(1, carried), p.subspan(1 + carried));
    next.insert(next.end(), stacked.begin(), stacked.end());
    return next;
  });
  std::vector<Val> operands = std::move(states);
  operands.insert(operands.end(), arrays.begin(), arrays.end());
  return emit(ops::opcode<ops::For>(), std::move(operands),
              ops::For::Attrs{.trip = trip, .states = carried, .reversed = reversed}, {region});
}

}  // namespace rg::ir
