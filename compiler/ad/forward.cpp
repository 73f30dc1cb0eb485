#include "compiler/ad/forward.h"

#include "compiler/ad/activity.h"
#include "compiler/ops/all.h"

namespace rg::ad {

namespace {

using namespace ir;
using Site = ops::Site<Builder>;

class Forward {
 public:
  Forward(const Function& f, Builder& to, std::vector<Dim> sizes, std::unordered_set<ValueId> active)
      : f_(f), b_(to), cloner_(f, to, std::move(sizes)), active_(std::move(active)) {
    cloner_.set_hook([this](const Instr& instr, Cloner&) { return instruction(instr); });
  }

  Cloner& cloner() { return cloner_; }
  void set_tangent(ValueId v, ValueId tangent) { tangent_[v] = tangent; }
  /// The tangent of a value of `f`, zeros where it has none.
  ValueId tangent(ValueId v) {
    const auto at = tangent_.find(v);
    return at != tangent_.end() ? at->second : b_.zeros(cloner_.type(f_.type(v)));
  }

 private:
  bool is_active(ValueId v) const { return active_.contains(v); }

  // True where the instruction was copied with its tangents.
  bool instruction(const Instr& instr) {
    if (instr.op == ops::opcode<ops::For>()) return loop(instr);
    if (instr.op == ops::opcode<ops::If>()) return branch(instr);
    bool any = false;
    for (const ValueId r : instr.results) any = any || is_active(r);
    if (!any) return false;
    cloner_.copy(instr);
    const std::vector<ValueId> operands = cloner_(instr.operands), results = cloner_(instr.results);
    const Attrs attrs = cloner_.attrs(instr.attrs);
    Site site{b_, attrs, operands, results};
    const ops::OpInfo& row = ops::info(instr.op);
    switch (row.derivative) {
      case ops::Derivative::by_partials:
        by_partials(instr, row, site);
        break;
      case ops::Derivative::linear:
        linear(instr, attrs);
        break;
      case ops::Derivative::multilinear:
        multilinear(instr, attrs, operands);
        break;
      case ops::Derivative::custom:
        custom(instr, row, site);
        break;
      default:
        break;
    }
    return true;
  }

  // y_tan = Σ_k dy/dx_k x_k_tan
  void by_partials(const Instr& instr, const ops::OpInfo& row, Site& site) {
    const auto partials = row.partials(site);
    ValueId sum;
    for (std::size_t k = 0; k < instr.operands.size(); ++k) {
      if (!is_active(instr.operands[k])) continue;
      ValueId term = b_.mul(partials[k], tangent(instr.operands[k]));
      if (row.guard != nullptr) term = b_.select(row.guard(site, static_cast<int>(k)), term, b_.zero(term));
      sum = sum.valid() ? b_.add(sum, term) : term;
    }
    set_tangent(instr.results[0], sum);
  }

  // y_tan = op(x_tan); operands that are not floating stay.
  void linear(const Instr& instr, const Attrs& attrs) {
    std::vector<ValueId> operands;
    for (const ValueId v : instr.operands) operands.push_back(is_float(f_.type(v).elem) ? tangent(v) : cloner_(v));
    set_tangent(instr.results[0], b_.emit1(instr.op, operands, attrs));
  }

  // y_tan = Σ_k op(x_1, …, x_k_tan, …)
  void multilinear(const Instr& instr, const Attrs& attrs, const std::vector<ValueId>& primals) {
    ValueId sum;
    for (std::size_t k = 0; k < instr.operands.size(); ++k) {
      if (!is_active(instr.operands[k])) continue;
      std::vector<ValueId> operands = primals;
      operands[k] = tangent(instr.operands[k]);
      const ValueId term = b_.emit1(instr.op, operands, attrs);
      sum = sum.valid() ? b_.add(sum, term) : term;
    }
    set_tangent(instr.results[0], sum);
  }

  void custom(const Instr& instr, const ops::OpInfo& row, Site& site) {
    std::vector<ValueId> x_tan;
    for (const ValueId v : instr.operands) x_tan.push_back(is_active(v) ? tangent(v) : ValueId());
    const auto y_tan = row.jvp(site, x_tan);
    for (std::size_t k = 0; k < y_tan.size(); ++k) {
      if (y_tan[k].valid()) set_tangent(instr.results[k], y_tan[k]);
    }
  }

  bool branch(const Instr& instr) {
    std::vector<BlockId> regions;
    for (const BlockId r : instr.regions) {
      regions.push_back(b_.in_block({}, [&](std::span<const ValueId>) {
        std::vector<ValueId> yields = cloner_.clone_body(r);
        for (std::size_t k = 0; k < instr.results.size(); ++k) {
          if (is_active(instr.results[k])) yields.push_back(tangent(f_.block(r).yields[k]));
        }
        return yields;
      }));
    }
    const auto results = b_.emit(instr.op, {cloner_(instr.operands[0])}, {}, regions);
    bind(instr.results, results, instr.results.size());
    return true;
  }

  // Maps the primal results and, from `first` on in `emitted`, the tangents of the active ones.
  void bind(const std::vector<ValueId>& from, const std::vector<ValueId>& emitted, std::size_t first) {
    for (std::size_t k = 0; k < from.size(); ++k) {
      cloner_.map(from[k], emitted[k]);
      if (is_active(from[k])) set_tangent(from[k], emitted[first++]);
    }
  }

  // States and slices are followed by the tangents of the active ones.
  bool loop(const Instr& instr) {
    const Block& body = f_.block(instr.regions[0]);
    const auto carried = static_cast<std::size_t>(instr.attrs.integers[0]);
    const std::span<const ValueId> params = std::span(body.params).subspan(1);
    std::vector<ValueId> states, arrays, state_tans, array_tans;
    for (std::size_t k = 0; k < params.size(); ++k) {
      (k < carried ? states : arrays).push_back(cloner_(instr.operands[k]));
      if (is_active(params[k])) (k < carried ? state_tans : array_tans).push_back(tangent(instr.operands[k]));
    }
    const std::size_t n_states = states.size(), n_arrays = arrays.size();
    states.insert(states.end(), state_tans.begin(), state_tans.end());
    arrays.insert(arrays.end(), array_tans.begin(), array_tans.end());
    const auto results = b_.scan(
        cloner_.dim(instr.attrs.dims[0]), states, arrays,
        [&](ValueId i, std::span<const ValueId> state, std::span<const ValueId> slice) {
          cloner_.map(body.params[0], i);
          std::size_t next_state = n_states, next_slice = n_arrays;
          for (std::size_t k = 0; k < params.size(); ++k) {
            const bool is_state = k < carried;
            cloner_.map(params[k], is_state ? state[k] : slice[k - carried]);
            if (is_active(params[k])) set_tangent(params[k], is_state ? state[next_state++] : slice[next_slice++]);
          }
          const std::vector<ValueId> primal = cloner_.clone_body(instr.regions[0]);
          std::pair<std::vector<ValueId>, std::vector<ValueId>> out;
          for (std::size_t k = 0; k < primal.size(); ++k) (k < carried ? out.first : out.second).push_back(primal[k]);
          for (std::size_t k = 0; k < primal.size(); ++k) {
            const bool wanted = k < carried ? is_active(params[k]) : is_active(instr.results[k]);
            if (wanted) (k < carried ? out.first : out.second).push_back(tangent(body.yields[k]));
          }
          return out;
        },
        instr.attrs.integers[1] != 0);
    std::size_t next = 0;
    for (std::size_t k = 0; k < carried; ++k) cloner_.map(instr.results[k], results[next++]);
    for (std::size_t k = 0; k < carried; ++k) {
      if (is_active(params[k])) set_tangent(instr.results[k], results[next++]);
    }
    for (std::size_t k = carried; k < instr.results.size(); ++k) cloner_.map(instr.results[k], results[next++]);
    for (std::size_t k = carried; k < instr.results.size(); ++k) {
      if (is_active(instr.results[k])) set_tangent(instr.results[k], results[next++]);
    }
    return true;
  }

  const Function& f_;
  Builder& b_;
  Cloner cloner_;
  std::unordered_set<ValueId> active_;
  std::unordered_map<ValueId, ValueId> tangent_;
};

}  // namespace

ForwardResult forward(const Function& f, Builder& to, std::span<const ValueId> arguments, std::vector<Dim> sizes,
                      std::span<const std::int64_t> wrt, std::span<const ValueId> seeds) {
  const auto& params = f.block(f.body).params;
  std::vector<ValueId> chosen;
  for (const std::int64_t p : wrt) chosen.push_back(params[static_cast<std::size_t>(p)]);
  Forward pass(f, to, std::move(sizes), active_values(f, chosen));
  for (std::size_t i = 0; i < params.size(); ++i) pass.cloner().map(params[i], arguments[i]);
  for (std::size_t i = 0; i < chosen.size(); ++i) pass.set_tangent(chosen[i], seeds[i]);
  ForwardResult out;
  out.primals = pass.cloner().clone_body(f.body);
  for (const ValueId y : f.block(f.body).yields) {
    if (is_float(f.type(y).elem)) out.tangents.push_back(pass.tangent(y));
  }
  return out;
}

}  // namespace rg::ad
