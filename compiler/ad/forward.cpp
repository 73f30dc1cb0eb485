#include "compiler/ad/forward.h"

#include <algorithm>

#include "compiler/ad/activity.h"
#include "compiler/code/registry.h"
#include "compiler/ops/all.h"

namespace rg::ad {

namespace {

using namespace ir;
using Site = ops::AnySite<Builder>;

class Forward {
 public:
  Forward(const Function& f, Builder& to, std::vector<Dim> sizes, std::unordered_set<ValueId> active)
      : f_(f), b_(to), cloner_(f, to, std::move(sizes)), active_(std::move(active)) {
    cloner_.set_hook([this](const Instr& instr, Cloner&) { return instruction(instr); });
  }

  Cloner& cloner() { return cloner_; }
  void set_tangent(ValueId v, Tangent t) {
    any_given_ = any_given_ || t.guards.given.valid();
    tangent_[v] = t;
  }
  /// The tangent of a value of `f`; invalid where it is zero as a whole.
  Tangent tangent(ValueId v) const {
    const auto at = tangent_.find(v);
    return at != tangent_.end() ? at->second : Tangent{};
  }
  ValueId tangent_value(ValueId v) {
    const Tangent t = tangent(v);
    return t.value.valid() ? t.value : b_.absent(cloner_.type(f_.type(v)));
  }

 private:
  bool is_active(ValueId v) const { return active_.contains(v); }
  bool is_floating(ValueId v) const { return is_float(f_.type(v).elem); }

  // True where the instruction was copied with its tangents.
  bool instruction(const Instr& instr) {
    if (instr.op == ops::opcode<ops::For>()) return loop(instr);
    if (instr.op == ops::opcode<ops::If>()) return branch(instr);
    bool any = false;
    for (const ValueId r : instr.results) any = any || is_active(r);
    if (!any) return false;
    cloner_.copy(instr);
    const auto has_tangent = [&](ValueId v) { return tangent(v).value.valid(); };
    if (std::ranges::none_of(instr.operands, has_tangent)) {
      for (const ValueId r : instr.results) tangent_.erase(r);
      return true;
    }
    const std::vector<ValueId> operands = cloner_(instr.operands), results = cloner_(instr.results);
    const Attributes attrs = cloner_.attrs(instr.attrs);
    Site site{b_, attrs, operands, results};
    const ops::OpInfo& row = ops::info(instr.op);
    switch (row.derivative) {
      case ops::Derivative::by_partials:
        by_partials(instr, row, site);
        break;
      case ops::Derivative::linear:
        linear(instr, row, site);
        break;
      case ops::Derivative::multilinear:
        multilinear(instr, row, site);
        break;
      case ops::Derivative::custom:
        custom(instr, row, site);
        break;
      default:
        break;
    }
    return true;
  }

  static Tangent added(Builder& b, const Tangent& x, const Tangent& y) {
    if (!x.value.valid()) return y;
    return {b.add(x.value, y.value), sum(b, x.guards, y.guards)};
  }

  // y_tan = Σ_k dy/dx_k x_k_tan
  void by_partials(const Instr& instr, const ops::OpInfo& row, Site& site) {
    const auto partials = row.partials(site);
    Tangent total;
    for (std::size_t k = 0; k < instr.operands.size(); ++k) {
      Tangent t = tangent(instr.operands[k]);
      if (!t.value.valid() || b_.splat(partials[k]) == 0.0) continue;  // a function of steps
      const OperandAt at{site, static_cast<int>(k)};
      t.value = scaled(b_, row, partials[k], t.value, t.guards, loops_ > 0, &at);
      const ValueId own = row.guard != nullptr ? row.guard(site, static_cast<int>(k)) : ValueId();
      if (own.valid()) {
        t.value = zero_outside(b_, own, t.value);
        t.guards.chosen = both(b_, own, t.guards.chosen);
      }
      total = added(b_, total, t);
    }
    set_tangent(instr.results[0], total);
  }

  /// Whether the result has fewer axes than operand k.
  bool sums(Site& site, std::size_t k) const {
    return b_.dims(site.y()).size() < site.x_type(static_cast<int>(k)).rank();
  }

  // The guards of a result to which operands' tangents go by the op itself.
  Guards passed(const Instr& instr, const ops::OpInfo& row, Site& site) {
    Guards out;
    const std::size_t n = instr.operands.size();
    std::vector<Tangent> t(n);
    bool partly_zero = row.fills(site.attrs);
    for (std::size_t k = 0; k < n; ++k) {
      t[k] = tangent(instr.operands[k]);
      partly_zero = partly_zero || (!t[k].value.valid() && is_floating(instr.operands[k]));
      out.one_hot = out.one_hot || t[k].guards.one_hot;
      out.some = out.some || t[k].guards.some || (t[k].guards.one_hot && sums(site, k));
    }
    for (const auto channel : kChannels) {
      bool any = channel == &Guards::read && partly_zero;
      for (const Tangent& x : t) any = any || (x.guards.*channel).valid();
      if (!any) continue;
      std::vector<ValueId> predicates(n);
      for (std::size_t k = 0; k < n; ++k) {
        if (!t[k].value.valid()) continue;
        const ValueId p = t[k].guards.*channel;
        predicates[k] = p.valid() ? p : b_.boolean(true, site.x_type(static_cast<int>(k)).dims);
      }
      out.*channel = row.reached(site, predicates);
    }
    return out;
  }

  // y_tan = op(x_tan); operands that are not floating stay.
  void linear(const Instr& instr, const ops::OpInfo& row, Site& site) {
    std::vector<ValueId> operands;
    for (const ValueId v : instr.operands) operands.push_back(is_floating(v) ? tangent_value(v) : cloner_(v));
    set_tangent(instr.results[0], {b_.emit1(instr.op, operands, site.attrs), passed(instr, row, site)});
  }

  // y_tan = Σ_k op(x_1, …, x_k_tan, …)
  void multilinear(const Instr& instr, const ops::OpInfo& row, Site& site) {
    Tangent total;
    for (std::size_t k = 0; k < instr.operands.size(); ++k) {
      const Tangent t = tangent(instr.operands[k]);
      if (!t.value.valid()) continue;
      Tangent term{row.guarded_term(site, static_cast<int>(k), t.value, t.guards.chosen), {}};
      term.guards.one_hot = term.guards.some = t.guards.one_hot;
      for (const auto channel : kChannels) {
        if (!(t.guards.*channel).valid()) continue;
        std::vector<ValueId> predicates(instr.operands.size());
        predicates[k] = t.guards.*channel;
        term.guards.*channel = row.reached(site, predicates);
      }
      total = added(b_, total, term);
    }
    set_tangent(instr.results[0], total);
  }

  void custom(const Instr& instr, const ops::OpInfo& row, Site& site) {
    std::vector<ValueId> x_tan;
    for (const ValueId v : instr.operands) x_tan.push_back(tangent(v).value);
    const auto y_tan = row.jvp(site, x_tan);
    const Guards guards = passed(instr, row, site);
    for (std::size_t k = 0; k < y_tan.size(); ++k) {
      if (y_tan[k].valid()) set_tangent(instr.results[k], {y_tan[k], guards});
    }
  }

  bool branch(const Instr& instr) {
    std::vector<std::size_t> active;
    for (std::size_t k = 0; k < instr.results.size(); ++k) {
      if (is_active(instr.results[k])) active.push_back(k);
    }
    BranchGuards guards(b_, cloner_(instr.operands[0]));
    std::vector<BlockId> regions;
    for (const BlockId r : instr.regions) {
      regions.push_back(b_.in_block({}, [&](std::span<const ValueId>) {
        std::vector<ValueId> yields = cloner_.clone_body(r);
        for (const std::size_t k : active) {
          const Tangent t = tangent(f_.block(r).yields[k]);
          guards.arm(t.value.valid(), t.guards);
          yields.push_back(tangent_value(f_.block(r).yields[k]));
        }
        return yields;
      }));
    }
    std::vector<Type> types;
    for (const std::size_t k : active) types.push_back(cloner_.type(f_.type(instr.results[k])));
    guards.add_yields(regions, types);
    const auto results = b_.emit(instr.op, {cloner_(instr.operands[0])}, {}, regions);
    for (std::size_t k = 0; k < instr.results.size(); ++k) cloner_.map(instr.results[k], results[k]);
    const auto found = guards.of_results(std::span(results).subspan(instr.results.size() + active.size()), types);
    for (std::size_t n = 0; n < active.size(); ++n)
      set_tangent(instr.results[active[n]], {results[instr.results.size() + n], found[n]});
    return true;
  }

  bool loop(const Instr& instr) {
    Loop l(instr, f_);
    std::vector<Carried> carried;
    for (std::size_t k = 0; k < l.carried; ++k) {
      if (!is_active(l.params[k])) continue;
      const Tangent t = tangent(instr.operands[k]);
      carried.push_back(Carried::before(t.guards, t.value.valid(), any_given_));
    }
    while (!loop(l, carried)) {
    }
    return true;
  }

  struct Loop {
    const Instr& instr;
    const Block& body;
    std::size_t carried;
    std::span<const ValueId> params;  // without the counter

    Loop(const Instr& i, const Function& f)
        : instr(i),
          body(f.block(i.regions[0])),
          carried(ops::attrs_of<ops::For>(i).states),
          params(std::span(body.params).subspan(1)) {}
  };

  // States and slices are followed by the tangents of the active ones, states then by what is carried of their guards,
  // slices by theirs. False where a step needs more of them carried, which is then in `carried`.
  bool loop(const Loop& l, std::vector<Carried>& carried) {
    const Instr& instr = l.instr;
    std::vector<ValueId> states, arrays;
    for (std::size_t k = 0; k < l.params.size(); ++k)
      (k < l.carried ? states : arrays).push_back(cloner_(instr.operands[k]));
    std::size_t next = 0;
    for (std::size_t k = 0; k < l.carried; ++k) {
      if (is_active(l.params[k])) states.push_back(tangent_value(instr.operands[k]));
    }
    for (std::size_t k = 0; k < l.carried; ++k) {
      if (!is_active(l.params[k])) continue;
      const Tangent t = tangent(instr.operands[k]);
      carried[next++].pack(b_, t.guards, !t.value.valid(), cloner_.type(f_.type(l.params[k])), states);
    }
    for (std::size_t k = l.carried; k < l.params.size(); ++k) {
      const Tangent t = tangent(instr.operands[k]);
      if (!t.value.valid()) continue;
      arrays.push_back(t.value);
      for (const auto channel : kChannels) {
        if ((t.guards.*channel).valid()) arrays.push_back(t.guards.*channel);
      }
    }
    std::vector<Tangent> stacked;  // of the active stacks, as a step gives them
    bool settled = true;
    ++loops_;
    const auto results = b_.scan(
        cloner_.dim(ops::attrs_of<ops::For>(instr).trip), states, arrays,
        [&](ValueId i, std::span<const ValueId> state, std::span<const ValueId> slice) {
          cloner_.map(l.body.params[0], i);
          enter_step(l, carried, state, slice);
          auto out = leave_step(l, carried, cloner_.clone_body(instr.regions[0]), stacked, settled);
          if (!settled) out = {{state.begin(), state.end()}, {}};
          return out;
        },
        ops::attrs_of<ops::For>(instr).reversed);
    --loops_;
    if (settled)
      bind(l, carried, results, stacked);
    else
      b_.function().block(b_.current_block()).instrs.pop_back();
    return settled;
  }

  void enter_step(const Loop& l, const std::vector<Carried>& carried, std::span<const ValueId> state,
                  std::span<const ValueId> slice) {
    for (std::size_t k = 0; k < l.params.size(); ++k)
      cloner_.map(l.params[k], k < l.carried ? state[k] : slice[k - l.carried]);
    std::span<const ValueId> tangents = state.subspan(l.carried);
    std::span<const ValueId> predicates = tangents.subspan(carried.size());
    std::size_t n = 0;
    for (std::size_t k = 0; k < l.carried; ++k) {
      if (!is_active(l.params[k])) continue;
      const Guards g = carried[n].unpack(b_, cloner_.type(f_.type(l.params[k])), predicates);
      set_tangent(l.params[k], {tangents[n++], g});
    }
    std::size_t next = l.params.size() - l.carried;
    for (std::size_t k = l.carried; k < l.params.size(); ++k) {
      Tangent t = tangent(l.instr.operands[k]);
      if (!t.value.valid()) continue;
      t.value = slice[next++];
      for (const auto channel : kChannels) {
        if ((t.guards.*channel).valid()) t.guards.*channel = slice[next++];
      }
      set_tangent(l.params[k], t);
    }
  }

  std::pair<std::vector<ValueId>, std::vector<ValueId>> leave_step(const Loop& l, std::vector<Carried>& carried,
                                                                   const std::vector<ValueId>& primal,
                                                                   std::vector<Tangent>& stacked, bool& settled) {
    std::pair<std::vector<ValueId>, std::vector<ValueId>> out;
    for (std::size_t k = 0; k < primal.size(); ++k) (k < l.carried ? out.first : out.second).push_back(primal[k]);
    std::vector<ValueId> predicates;
    std::size_t n = 0;
    for (std::size_t k = 0; k < l.carried; ++k) {
      if (!is_active(l.params[k])) continue;
      const Tangent t = tangent(l.body.yields[k]);
      if (t.value.valid() && carried[n].raise(t.guards)) settled = false;
      out.first.push_back(tangent_value(l.body.yields[k]));
      carried[n++].pack(b_, t.guards, !t.value.valid(), cloner_.type(f_.type(l.params[k])), predicates);
    }
    out.first.insert(out.first.end(), predicates.begin(), predicates.end());
    for (std::size_t k = l.carried; k < primal.size(); ++k) {
      if (!is_active(l.instr.results[k])) continue;
      stacked.push_back(tangent(l.body.yields[k]));
      out.second.push_back(tangent_value(l.body.yields[k]));
      for (const auto channel : kChannels) {
        const ValueId p = stacked.back().guards.*channel;
        if (p.valid()) out.second.push_back(p);
      }
    }
    return out;
  }

  void bind(const Loop& l, const std::vector<Carried>& carried, const std::vector<ValueId>& results,
            std::vector<Tangent>& stacked) {
    const Instr& instr = l.instr;
    std::span<const ValueId> rest(results);
    const auto take = [&] {
      const ValueId v = rest.front();
      rest = rest.subspan(1);
      return v;
    };
    std::vector<ValueId> tangents;
    for (std::size_t k = 0; k < l.carried; ++k) cloner_.map(instr.results[k], take());
    for (std::size_t n = 0; n < carried.size(); ++n) tangents.push_back(take());
    std::size_t n = 0;
    for (std::size_t k = 0; k < l.carried; ++k) {
      if (!is_active(l.params[k])) continue;
      const Guards g = carried[n].after(b_, cloner_.type(f_.type(instr.results[k])), rest,
                                        cloner_.dim(ops::attrs_of<ops::For>(instr).trip));
      set_tangent(instr.results[k], {tangents[n++], g});
    }
    for (std::size_t k = l.carried; k < instr.results.size(); ++k) cloner_.map(instr.results[k], take());
    n = 0;
    for (std::size_t k = l.carried; k < instr.results.size(); ++k) {
      if (!is_active(instr.results[k])) continue;
      Tangent t = stacked[n++];
      t.value = take();
      for (const auto channel : kChannels) {
        if ((t.guards.*channel).valid()) t.guards.*channel = take();
      }
      set_tangent(instr.results[k], t);
    }
  }

  const Function& f_;
  Builder& b_;
  Cloner cloner_;
  std::unordered_set<ValueId> active_;
  std::unordered_map<ValueId, Tangent> tangent_;
  int loops_ = 0;  // around the current place
  bool any_given_ = false;
};

}  // namespace

ForwardResult forward(const Function& f, Builder& to, std::span<const ValueId> arguments, std::vector<Dim> sizes,
                      std::span<const std::int64_t> wrt, std::span<const Tangent> seeds) {
  const auto& params = f.block(f.body).params;
  std::vector<ValueId> chosen;
  for (const std::int64_t p : wrt) chosen.push_back(params[static_cast<std::size_t>(p)]);
  Forward pass(f, to, std::move(sizes), active_values(f, chosen));
  for (std::size_t i = 0; i < params.size(); ++i) pass.cloner().map(params[i], arguments[i]);
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    if (seeds[i].value.valid()) pass.set_tangent(chosen[i], seeds[i]);
  }
  ForwardResult out;
  out.primals = pass.cloner().clone_body(f.body);
  for (const ValueId y : f.block(f.body).yields) {
    if (is_float(f.type(y).elem)) out.tangents.push_back(pass.tangent_value(y));
  }
  return out;
}

}  // namespace rg::ad
