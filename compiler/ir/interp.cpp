#include "compiler/ir/interp.h"

#include <fmt/format.h>

#include <unordered_map>

#include "compiler/ir/subscript.h"
#include "compiler/ops/all.h"
#include "compiler/support/diagnostic.h"

namespace rg::ir {

namespace {

constexpr std::int64_t kMaxElements = std::int64_t{1} << 28;
constexpr int kMaxDepth = 200;

/// Unwinds one interpretation; caught by `interpret`.
struct Stop {
  std::string message;
  Code code{};
};

/// One element of the leading axis.
Tensor slice_of(const Tensor& x, std::int64_t i) {
  Tensor out(x.elem, {x.shape.begin() + 1, x.shape.end()});
  const auto n = out.count();
  if (x.is_real()) {
    out.reals.assign(x.reals.begin() + i * n, x.reals.begin() + (i + 1) * n);
  } else {
    out.integers.assign(x.integers.begin() + i * n, x.integers.begin() + (i + 1) * n);
  }
  return out;
}

void store_slice(Tensor& into, std::int64_t i, const Tensor& x) {
  if (x.is_real()) {
    std::copy(x.reals.begin(), x.reals.end(), into.reals.begin() + i * x.count());
  } else {
    std::copy(x.integers.begin(), x.integers.end(), into.integers.begin() + i * x.count());
  }
}

class Frame {
 public:
  Frame(const Module& module, const Function& f, std::span<const std::int64_t> sizes, int depth)
      : module_(module), f_(f), sizes_(sizes), depth_(depth) {
    for (const std::int64_t s : sizes) size_dims_.emplace_back(s);
  }

  std::vector<Tensor> run(BlockId id, std::vector<Tensor> arguments) {
    const Block& block = f_.block(id);
    for (std::size_t i = 0; i < block.params.size(); ++i) values_[block.params[i]] = std::move(arguments[i]);
    for (const InstrId i : block.instrs) execute(f_.instr(i));
    std::vector<Tensor> out;
    for (const ValueId v : block.yields) out.push_back(values_.at(v));
    return out;
  }

 private:
  std::int64_t extent(const Dim& d) const {
    const auto v = d.evaluate(sizes_);
    if (!v) throw Stop{"an extent is beyond 64 bits", Code::impossible_extent};
    return *v;
  }

  std::vector<std::int64_t> shape(const std::vector<Dim>& dims) const {
    std::vector<std::int64_t> out;
    std::int64_t count = 1;
    for (const Dim& d : dims) {
      out.push_back(extent(d));
      if (out.back() < 0)
        throw Stop{fmt::format("the extent {} is negative: {}", d.str(f_.size_names), out.back()),
                   Code::impossible_extent};
      if (__builtin_mul_overflow(count, out.back(), &count) || count > kMaxElements)
        throw Stop{"an array is too large for the interpreter", Code::out_of_memory};
    }
    return out;
  }

  void bind(const Instr& instr, std::vector<Tensor> results) {
    for (std::size_t i = 0; i < results.size(); ++i) values_[instr.results[i]] = std::move(results[i]);
  }

  void execute(const Instr& instr) {
    if (instr.op == ops::opcode<ops::If>()) return run_if(instr);
    if (instr.op == ops::opcode<ops::For>()) return run_for(instr);
    if (instr.op == ops::opcode<ops::Map>()) return run_map(instr);
    if (instr.op == ops::opcode<ops::Call>()) return run_call(instr);
    const ops::OpInfo& row = ops::info(instr.op);
    if (row.eval == nullptr) throw Stop{fmt::format("{} is not interpreted", row.name)};
    std::vector<const Tensor*> operands;
    for (const ValueId v : instr.operands) operands.push_back(&values_.at(v));
    Attrs attrs = instr.attrs;
    for (Dim& d : attrs.dims) d = extent(d);
    for (Dim& d : attrs.starts) d = extent(d);
    std::vector<Type> types;
    std::vector<Tensor> results;
    for (const ValueId v : instr.results) {
      types.push_back(f_.type(v).substitute(size_dims_));
      results.emplace_back(f_.type(v).elem, shape(f_.type(v).dims));
    }
    ops::EvalSite site{operands, attrs, types, std::move(results), {}};
    row.eval(site);
    if (!site.error.empty()) throw Stop{site.error + numbers(instr), Code::check_failed};
    bind(instr, std::move(site.results));
  }

  std::string numbers(const Instr& instr) const {
    return numbers_of_check(f_, instr, sizes_, [&](ValueId v, std::span<const std::int64_t> index) {
      const Tensor& t = values_.at(v);
      const auto strides = t.strides();
      std::int64_t at = 0;
      for (std::size_t d = 0; d < strides.size(); ++d) at += strides[d] * index[d];
      return t.integer(at);
    });
  }

  void run_if(const Instr& instr) {
    const bool taken = values_.at(instr.operands[0]).integers[0] != 0;
    bind(instr, run(instr.regions[taken ? 0 : 1], {}));
  }

  void run_for(const Instr& instr) {
    const std::int64_t trip = extent(instr.attrs.dims[0]);
    if (trip < 0) throw Stop{"a loop has a negative number of steps", Code::impossible_extent};
    const auto carried = static_cast<std::size_t>(instr.attrs.integers[0]);
    const bool reversed = instr.attrs.integers[1] != 0;
    std::vector<Tensor> states;
    for (std::size_t k = 0; k < carried; ++k) states.push_back(values_.at(instr.operands[k]));
    std::vector<Tensor> stacks;
    for (std::size_t k = carried; k < instr.results.size(); ++k) {
      const Type& t = f_.type(instr.results[k]);
      stacks.emplace_back(t.elem, shape(t.dims));
    }
    for (std::int64_t step = 0; step < trip; ++step) {
      const std::int64_t i = reversed ? trip - 1 - step : step;
      std::vector<Tensor> arguments{Tensor::scalar(Elem::i64, 0)};
      arguments[0].integers[0] = i;
      for (Tensor& s : states) arguments.push_back(std::move(s));
      for (std::size_t k = carried; k < instr.operands.size(); ++k)
        arguments.push_back(slice_of(values_.at(instr.operands[k]), i));
      std::vector<Tensor> out = run(instr.regions[0], std::move(arguments));
      for (std::size_t k = carried; k < out.size(); ++k) store_slice(stacks[k - carried], i, out[k]);
      out.resize(carried);
      states = std::move(out);
    }
    for (Tensor& s : stacks) states.push_back(std::move(s));
    bind(instr, std::move(states));
  }

  void run_map(const Instr& instr) {
    const std::vector<std::int64_t> extents = shape(instr.attrs.dims);
    std::vector<Tensor> results;
    for (const ValueId v : instr.results) results.emplace_back(f_.type(v).elem, shape(f_.type(v).dims));
    for_each_index(extents, [&](std::span<const std::int64_t> index, std::int64_t number) {
      std::vector<Tensor> arguments;
      for (const std::int64_t i : index) {
        arguments.emplace_back(Elem::i64, std::vector<std::int64_t>{});
        arguments.back().integers[0] = i;
      }
      const std::vector<Tensor> out = run(instr.regions[0], std::move(arguments));
      for (std::size_t k = 0; k < out.size(); ++k) store_slice(results[k], number, out[k]);
    });
    bind(instr, std::move(results));
  }

  void run_call(const Instr& instr) {
    const Function* callee = module_.find(instr.attrs.callee);
    if (callee == nullptr) throw Stop{"call of an unknown function " + instr.attrs.callee};
    if (depth_ >= kMaxDepth) throw Stop{"calls are nested too deeply", Code::recursion};
    std::vector<std::int64_t> sizes;
    for (const Dim& d : instr.attrs.dims) sizes.push_back(extent(d));
    std::vector<Tensor> arguments;
    for (const ValueId v : instr.operands) arguments.push_back(values_.at(v));
    Frame frame(module_, *callee, sizes, depth_ + 1);
    bind(instr, frame.run(callee->body, std::move(arguments)));
  }

  const Module& module_;
  const Function& f_;
  std::span<const std::int64_t> sizes_;
  std::vector<Dim> size_dims_;
  int depth_;
  std::unordered_map<ValueId, Tensor> values_;
};

}  // namespace

Result<std::vector<Tensor>> interpret(const Module& module, const Function& f, std::span<const std::int64_t> sizes,
                                      std::vector<Tensor> arguments) {
  const auto params = f.block(f.body).params;
  if (sizes.size() != f.size_names.size() || arguments.size() != params.size())
    return Failure{"the arguments do not fit @" + f.name};
  for (std::size_t i = 0; i < params.size(); ++i) {
    const Type& t = f.type(params[i]);
    std::vector<std::int64_t> wanted;
    for (const Dim& d : t.dims) wanted.push_back(d.evaluate(sizes).value_or(-1));
    if (arguments[i].elem != t.elem || arguments[i].shape != wanted)
      return Failure{fmt::format("argument {} does not fit {}", i + 1, t.str(f.size_names))};
  }
  try {
    return Frame(module, f, sizes, 0).run(f.body, std::move(arguments));
  } catch (const Stop& stop) {
    return Failure{stop.message, stop.code};
  }
}

}  // namespace rg::ir
