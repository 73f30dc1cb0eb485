// Evaluates a function of the checker's module as it stands: no pass runs before, and nothing of ad/ or opt/ is shared.
// `map` runs its region once an index, calls are calls, and `derive` is evaluated by dual numbers.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <span>
#include <string>

#include "compiler/code/subscript.h"
#include "compiler/oracle/arithmetic.h"
#include "compiler/oracle/oracle.h"
#include "compiler/support/diagnostic.h"

namespace rg::oracle {

inline constexpr std::int64_t kMaxElements = std::int64_t{1} << 28;
inline constexpr int kMaxDepth = 200;

/// Unwinds one evaluation; caught by `evaluate`.
struct Stop {
  std::string message;
  Code code{};
  Span span = {};
};

/// What the evaluation of an op reads and writes (ops/op.h); A is the op's struct of attributes.
template <class R, class A>
struct EvalSite {
  using Number = oracle::Number<R>;
  std::span<const Array<R>* const> operands;
  const A& attrs;
  std::vector<Array<R>> results;
  Arithmetic<R> numbers;
  std::string error = {};

  /// An elementwise op on the numbers at one place.
  template <class Op>
  Number number(std::size_t at) {
    std::array<Number, static_cast<std::size_t>(Op::operands)> x;
    for (std::size_t k = 0; k < x.size(); ++k) x[k] = operands[k]->reals[at];
    return numbers.template apply<Op>(attrs, x);
  }
};

template <class R>
using AnyEvalSite = EvalSite<R, ir::Attributes>;
/// The evaluations of ops by opcode; null for control.
template <class R>
using EvalFunction = void (*)(AnyEvalSite<R>&);

template <class R, class Op>
void evaluate_op(AnyEvalSite<R>& any) {
  using A = typename Op::Attrs;
  EvalSite<R, A> s{any.operands, any.attrs.template as<A>(), std::move(any.results), any.numbers};
  if constexpr (Op::elementwise)
    ops::eval_elementwise<Op>(s);
  else
    Op::eval(s);
  any.results = std::move(s.results);
  any.error = std::move(s.error);
}

template <class R, class Op>
EvalFunction<R> eval_function() {
  if constexpr (Op::derivative != ops::Derivative::control)
    return evaluate_op<R, Op>;
  else
    return nullptr;
}

template <class R, class... Ops>
std::vector<EvalFunction<R>> eval_functions(ops::OpList<Ops...>) {
  return {eval_function<R, Ops>()...};
}

/// One element of the leading axis.
template <class R>
Array<R> slice_of(const Array<R>& x, std::int64_t i) {
  Array<R> out(x.elem, {x.shape.begin() + 1, x.shape.end()});
  const auto n = out.count();
  if (x.is_real())
    out.reals.assign(x.reals.begin() + i * n, x.reals.begin() + (i + 1) * n);
  else
    out.integers.assign(x.integers.begin() + i * n, x.integers.begin() + (i + 1) * n);
  return out;
}

template <class R>
void store_slice(Array<R>& into, std::int64_t i, const Array<R>& x) {
  std::ranges::copy(x.reals, into.reals.begin() + (x.is_real() ? i * x.count() : 0));
  std::ranges::copy(x.integers, into.integers.begin() + (x.is_real() ? 0 : i * x.count()));
}

/// One call of a function. `level` is the level of the derivatives that the call is part of, 0 outside of all.
template <class R>
class Frame {
 public:
  using Arrays = std::vector<Array<R>>;

  Frame(const ir::Module& module, const ir::Function& f, std::vector<std::int64_t> sizes, int depth, int level)
      : module_(module), f_(f), sizes_(std::move(sizes)), depth_(depth), level_(level), values_(f.values.size()) {}

  Arrays run(ir::BlockId id, Arrays arguments) {
    const ir::Block& block = f_.block(id);
    for (std::size_t i = 0; i < block.params.size(); ++i) value(block.params[i]) = std::move(arguments[i]);
    for (const ir::InstrId i : block.instrs) execute(f_.instr(i));
    Arrays out;
    for (const ir::ValueId v : block.yields) out.push_back(value(v));
    return out;
  }

 private:
  using N = Number<R>;

  Array<R>& value(ir::ValueId v) { return values_[v.index]; }

  std::int64_t extent(const ir::Dim& d) const {
    if (d.is_constant()) return d.constant();
    const auto v = d.evaluate(sizes_);
    if (!v) throw Stop{"an extent is beyond 64 bits", Code::impossible_extent};
    return *v;
  }

  std::vector<std::int64_t> shape(const std::vector<ir::Dim>& dims) const {
    std::vector<std::int64_t> out;
    std::int64_t count = 1;
    for (const ir::Dim& d : dims) {
      out.push_back(extent(d));
      if (out.back() < 0)
        throw Stop{fmt::format("the extent {} is negative: {}", d.str(f_.size_names), out.back()),
                   Code::impossible_extent};
      if (__builtin_mul_overflow(count, out.back(), &count) || count > kMaxElements)
        throw Stop{"an array is too large for the interpreter", Code::out_of_memory};
    }
    return out;
  }
  Array<R> zeros(const ir::Type& type) const { return Array<R>(type.elem, shape(type.dims)); }

  void bind(const ir::Instr& instr, Arrays results) {
    for (std::size_t i = 0; i < instr.results.size(); ++i) value(instr.results[i]) = std::move(results[i]);
  }

  void execute(const ir::Instr& instr) {
    if (instr.op == ops::opcode<ops::If>()) return run_if(instr);
    if (instr.op == ops::opcode<ops::For>()) return run_for(instr);
    if (instr.op == ops::opcode<ops::Map>()) return run_map(instr);
    if (instr.op == ops::opcode<ops::Call>()) return bind(instr, call(instr, arguments(instr), level_));
    if (instr.op == ops::opcode<ops::Derive>()) return derive(instr);
    static const std::vector<EvalFunction<R>> functions = eval_functions<R>(ops::AllOps{});
    operands_.clear();
    for (const ir::ValueId v : instr.operands) operands_.push_back(&value(v));
    const ir::Attributes attrs = instr.attrs.with_dims([this](const ir::Dim& d) { return ir::Dim(extent(d)); });
    // In the memory of their last values, since most are numbers.
    Arrays results = std::move(results_);
    results.clear();
    for (const ir::ValueId v : instr.results) {
      results.push_back(std::move(value(v)));
      results.back().reset(f_.type(v).elem, shape(f_.type(v).dims));
    }
    const bool result = !results.empty() && results[0].is_real();
    const ir::Elem elem =
        result || operands_.empty() ? (results.empty() ? ir::Elem::f64 : results[0].elem) : operands_[0]->elem;
    AnyEvalSite<R> site{operands_, attrs, std::move(results), Arithmetic<R>(elem)};
    functions[instr.op.index](site);
    if (!site.error.empty()) stop(instr, site.error);
    results_ = std::move(site.results);
    for (std::size_t i = 0; i < instr.results.size(); ++i) value(instr.results[i]) = std::move(results_[i]);
  }

  /// Ends the evaluation at a check that does not hold; of a subscript with its numbers.
  [[noreturn]] void stop(const ir::Instr& instr, const std::string& why) const {
    const auto element = [&](ir::ValueId v, std::span<const std::int64_t> index) {
      const Array<R>& x = values_[v.index];
      return x.integer(ops::offset_at(x.strides(), index));
    };
    throw Stop{why + ir::numbers_of_check(f_, instr, sizes_, element), Code::check_failed,
               instr.op == ops::opcode<ops::Assert>() ? instr.span : Span()};
  }

  void run_if(const ir::Instr& instr) {
    const bool taken = value(instr.operands[0]).integers[0] != 0;
    bind(instr, run(instr.regions[taken ? 0 : 1], {}));
  }

  static Array<R> index(std::int64_t i) {
    Array<R> out(ir::Elem::i64, {});
    out.integers[0] = i;
    return out;
  }

  void run_for(const ir::Instr& instr) {
    const auto& [trip_extent, carried, reversed] = ops::attrs_of<ops::For>(instr);
    const std::int64_t trip = extent(trip_extent);
    if (trip < 0) throw Stop{"a loop has a negative number of steps", Code::impossible_extent};
    Arrays states, stacks;
    for (std::size_t k = 0; k < carried; ++k) states.push_back(value(instr.operands[k]));
    for (std::size_t k = carried; k < instr.results.size(); ++k) stacks.push_back(zeros(f_.type(instr.results[k])));
    for (std::int64_t step = 0; step < trip; ++step) {
      const std::int64_t i = reversed ? trip - 1 - step : step;
      Arrays arguments{index(i)};
      for (Array<R>& s : states) arguments.push_back(std::move(s));
      for (std::size_t k = carried; k < instr.operands.size(); ++k)
        arguments.push_back(slice_of(value(instr.operands[k]), i));
      Arrays out = run(instr.regions[0], std::move(arguments));
      for (std::size_t k = carried; k < out.size(); ++k) store_slice(stacks[k - carried], i, out[k]);
      out.resize(carried);
      states = std::move(out);
    }
    for (Array<R>& s : stacks) states.push_back(std::move(s));
    bind(instr, std::move(states));
  }

  void run_map(const ir::Instr& instr) {
    Arrays results;
    for (const ir::ValueId v : instr.results) results.push_back(zeros(f_.type(v)));
    ir::for_each_index(shape(ops::attrs_of<ops::Map>(instr).dims),
                       [&](std::span<const std::int64_t> at, std::int64_t number) {
                         Arrays indices;
                         for (const std::int64_t i : at) indices.push_back(index(i));
                         const Arrays out = run(instr.regions[0], std::move(indices));
                         for (std::size_t k = 0; k < out.size(); ++k) store_slice(results[k], number, out[k]);
                       });
    bind(instr, std::move(results));
  }

  Arrays arguments(const ir::Instr& instr) {
    Arrays out;
    for (const ir::ValueId v : instr.operands) out.push_back(value(v));
    return out;
  }

  Arrays call(const ir::Instr& instr, Arrays arguments, int level) const {
    const ir::Function* callee = module_.find(*ir::callee(instr));
    if (callee == nullptr) throw Stop{"call of an unknown function " + *ir::callee(instr)};
    if (depth_ >= kMaxDepth) throw Stop{"calls are nested too deeply", Code::recursion};
    std::vector<std::int64_t> sizes;
    for (const ir::Dim& d : instr.attrs.dims()) sizes.push_back(extent(d));
    Frame frame(module_, *callee, std::move(sizes), depth_ + 1, level);
    return frame.run(callee->body, std::move(arguments));
  }

  void derive(const ir::Instr& instr);
  void seed(Arrays& x, const std::vector<std::int64_t>& wrt, std::span<const Array<R>> tangents, int level) const;
  Arrays adjoints(const Arrays& y, std::span<const Array<R>> seeds, const ir::Instr& instr, std::size_t from,
                  int level) const;
  Arrays jacobian(const Arrays& y, const ir::Instr& instr, std::size_t from, int level) const;

  const ir::Module& module_;
  const ir::Function& f_;
  std::vector<std::int64_t> sizes_;
  int depth_, level_;
  Arrays values_;
  Arrays results_;  // of one instruction
  std::vector<const Array<R>*> operands_;
};

// The function is called once, on arguments that are duals of a new level: for jvp with the tangents given, in one
// direction; for vjp and jacobian in as many directions as the parameters have elements.
template <class R>
void Frame<R>::derive(const ir::Instr& instr) {
  const auto& attrs = ops::attrs_of<ops::Derive>(instr);
  const ir::Function* callee = module_.find(attrs.callee.name);
  if (callee == nullptr) throw Stop{"derivative of an unknown function " + attrs.callee.name};
  const std::size_t n = callee->block(callee->body).params.size();
  Arrays x = arguments(instr);
  const Arrays seeds(std::make_move_iterator(x.begin() + static_cast<std::ptrdiff_t>(n)),
                     std::make_move_iterator(x.end()));
  x.resize(n);
  const int level = level_ + 1;
  const bool forward = attrs.mode == ops::DeriveMode::jvp;
  seed(x, attrs.wrt, forward ? std::span(seeds) : std::span<const Array<R>>(), level);
  const Arrays y = call(instr, std::move(x), level);
  Arrays out;
  for (const Array<R>& a : y) {
    out.push_back(a);
    for (N& v : out.back().reals) v = v.primal(level);
  }
  const std::size_t from = out.size();
  Arrays derivatives;
  if (forward) {
    for (const Array<R>& a : y) {
      if (!a.is_real()) continue;
      derivatives.emplace_back(a.elem, a.shape);
      for (std::size_t i = 0; i < a.reals.size(); ++i) {
        for (const auto& t : a.reals[i].tangents(level)) derivatives.back().reals[i] = t.value;
      }
    }
  } else {
    derivatives =
        attrs.mode == ops::DeriveMode::vjp ? adjoints(y, seeds, instr, from, level) : jacobian(y, instr, from, level);
  }
  for (Array<R>& d : derivatives) out.push_back(std::move(d));
  bind(instr, std::move(out));
}

/// Gives the elements of the parameters `wrt` their tangents: those of `tangents` in direction 0, or without these 1,
/// each in a direction of its own.
template <class R>
void Frame<R>::seed(Arrays& x, const std::vector<std::int64_t>& wrt, std::span<const Array<R>> tangents,
                    int level) const {
  std::int64_t direction = 0;
  for (std::size_t w = 0; w < wrt.size(); ++w) {
    Array<R>& parameter = x[static_cast<std::size_t>(wrt[w])];
    for (std::size_t i = 0; i < parameter.reals.size(); ++i) {
      N& v = parameter.reals[i];
      if (tangents.empty())
        v = N(level, v, {{direction++, N(R(1))}});
      else if (const N& t = tangents[w].reals[i]; !t.is_plain_zero())
        v = N(level, v, {{0, t}});
    }
  }
}

// x_adj = Σ y_adj dy/dx, over the elements of the results in order.
template <class R>
auto Frame<R>::adjoints(const Arrays& y, std::span<const Array<R>> seeds, const ir::Instr& instr, std::size_t from,
                        int level) const -> Arrays {
  Arrays out;
  std::int64_t directions = 0;
  for (std::size_t k = from; k < instr.results.size(); ++k) {
    out.push_back(zeros(f_.type(instr.results[k])));
    directions += out.back().count();
  }
  std::vector<std::vector<N>> terms(static_cast<std::size_t>(directions));
  std::size_t next = 0;
  for (const Array<R>& a : y) {
    if (!a.is_real()) continue;
    const Array<R>& y_adj = seeds[next++];
    Arithmetic<R> numbers(a.elem);
    for (std::size_t i = 0; i < a.reals.size(); ++i) {
      if (y_adj.reals[i].is_plain_zero()) continue;
      for (const auto& t : a.reals[i].tangents(level))
        terms[static_cast<std::size_t>(t.direction)].push_back(numbers.mul(t.value, y_adj.reals[i]));
    }
  }
  std::size_t direction = 0;
  for (Array<R>& x_adj : out) {
    for (N& v : x_adj.reals) v = Arithmetic<R>(x_adj.elem).sum(terms[direction++]);
  }
  return out;
}

// For each floating result and each parameter the block of extents dims(result) ++ dims(parameter).
template <class R>
auto Frame<R>::jacobian(const Arrays& y, const ir::Instr& instr, std::size_t from, int level) const -> Arrays {
  Arrays out;
  std::size_t next = from;
  for (const Array<R>& a : y) {
    if (!a.is_real()) continue;
    std::int64_t first = 0;
    for (const std::int64_t wrt : ops::attrs_of<ops::Derive>(instr).wrt) {
      Array<R> block = zeros(f_.type(instr.results[next++]));
      const auto& parameter = f_.type(instr.operands[static_cast<std::size_t>(wrt)]);
      std::int64_t width = 1;
      for (const std::int64_t extent : shape(parameter.dims)) width *= extent;
      for (std::size_t i = 0; i < a.reals.size(); ++i) {
        for (const auto& t : a.reals[i].tangents(level)) {
          if (t.direction < first || t.direction >= first + width) continue;
          block.reals[i * static_cast<std::size_t>(width) + static_cast<std::size_t>(t.direction - first)] = t.value;
        }
      }
      first += width;
      out.push_back(std::move(block));
    }
  }
  return out;
}

template <class R>
Array<R> array_of(const ir::Tensor& t) {
  Array<R> a(t.elem, t.shape);
  for (std::size_t i = 0; i < t.reals.size(); ++i) a.reals[i] = R(t.reals[i]);
  a.integers = t.integers;
  return a;
}

template <class R>
ir::Tensor tensor_of(const Array<R>& a) {
  ir::Tensor t(a.elem, a.shape);
  for (std::size_t i = 0; i < t.reals.size(); ++i) t.reals[i] = static_cast<double>(a.reals[i].value);
  t.integers = a.integers;
  return t;
}

template <class R>
Outcome evaluate_with(const ir::Module& module, const ir::Function& f, std::span<const std::int64_t> sizes,
                      const std::vector<ir::Tensor>& arguments) {
  try {
    std::vector<Array<R>> x;
    for (const ir::Tensor& t : arguments) x.push_back(array_of<R>(t));
    std::vector<ir::Tensor> out;
    for (const Array<R>& y : Frame<R>(module, f, {sizes.begin(), sizes.end()}, 0, 0).run(f.body, std::move(x)))
      out.push_back(tensor_of(y));
    return {std::move(out), {}};
  } catch (const Stop& stop) {
    return {Failure{stop.message, stop.code}, stop.span};
  }
}

}  // namespace rg::oracle
