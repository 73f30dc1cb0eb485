#include "compiler/opt/contraction_order.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <unordered_map>

#include "compiler/code/clone.h"
#include "compiler/code/registry.h"
#include "compiler/ops/all.h"
#include "compiler/opt/aligned.h"
#include "compiler/opt/dce.h"
#include "compiler/opt/simplify.h"

namespace rg::opt {

namespace {

using namespace ir;
using ops::Labels;
using ops::opcode;

constexpr double kMany = 4096, kFew = 64;
constexpr double kTraffic = 16;           // multiplications in the time of one element's way to memory or back
constexpr std::size_t kExhaustive = 6;    // operands
constexpr std::size_t kMostOperands = 8;  // of a contraction that others became part of

bool has(const Labels& labels, std::int64_t l) { return std::ranges::find(labels, l) != labels.end(); }

/// One operand: a value of the source function, or (invalid) the result of an earlier step.
struct Factor {
  ValueId value;
  Labels labels;
};

struct Network {
  std::vector<Factor> factors;
  Labels result;
  std::map<std::int64_t, Dim> extents;
};

/// Factors first and second are multiplied and replaced by the product over `labels`, appended. Equal numbers: the
/// factor is summed alone.
struct Step {
  std::size_t first, second;
  Labels labels;
};

struct Order {
  double cost = 0;
  std::vector<Step> steps;
};

class Counter {
 public:
  explicit Counter(const Function& f) : assumed_(f.size_names.size(), static_cast<std::int64_t>(kMany)) {
    for (const ValueId p : f.block(f.body).params) {
      const auto& dims = f.type(p).dims;
      for (std::size_t d = 1; d < dims.size(); ++d) {
        dims[d].for_each_size([&](std::uint32_t s) { assumed_[s] = static_cast<std::int64_t>(kFew); });
      }
    }
  }
  double operator()(const Dim& d) const {
    const auto n = d.evaluate(assumed_);
    return n ? static_cast<double>(std::max<std::int64_t>(1, *n)) : kFew;
  }
  double count(const std::vector<Dim>& dims) const {
    double n = 1;
    for (const Dim& d : dims) n *= (*this)(d);
    return n;
  }

 private:
  std::vector<std::int64_t> assumed_;
};

/// Finds the cheapest order of one network.
class Search {
 public:
  Search(const Network& network, const Counter& counter) : result_(network.result) {
    for (const auto& [l, extent] : network.extents) extent_[l] = counter(extent);
    for (const Factor& x : network.factors) labels_.push_back(x.labels);
  }

  Order best() {
    Order start;
    std::vector<Labels> state = labels_;
    sum_alone(state, start);
    best_.cost = std::numeric_limits<double>::infinity();
    if (state.size() <= kExhaustive) {
      exhaustive(state, start);
    } else {
      greedy(state, start);
    }
    return best_;
  }

 private:
  double volume(const Labels& labels) const {
    double n = 1;
    for (const std::int64_t l : labels) n *= extent_.at(l);
    return n;
  }

  bool wanted(const std::vector<Labels>& state, std::int64_t l, std::size_t i, std::size_t j) const {
    if (has(result_, l)) return true;
    for (std::size_t k = 0; k < state.size(); ++k) {
      if (k != i && k != j && has(state[k], l)) return true;
    }
    return false;
  }

  // Labels of one factor alone that the result lacks are summed first.
  void sum_alone(std::vector<Labels>& state, Order& order) const {
    if (state.size() < 2) return;
    for (std::size_t k = 0; k < state.size();) {
      Labels kept;
      for (const std::int64_t l : state[k]) {
        if (wanted(state, l, k, k)) kept.push_back(l);
      }
      if (kept.size() == state[k].size()) {
        ++k;
        continue;
      }
      order.cost += volume(state[k]) + kTraffic * volume(kept);
      order.steps.push_back({k, k, kept});
      state.erase(state.begin() + static_cast<std::ptrdiff_t>(k));
      state.push_back(kept);
    }
  }

  // Order of the kept labels: those of both, then the first's, then the second's, so that a batch leads.
  Step step(const std::vector<Labels>& state, std::size_t i, std::size_t j, double& cost) const {
    Labels all = state[i], kept;
    for (const std::int64_t l : state[j]) {
      if (!has(all, l)) all.push_back(l);
    }
    for (const int round : {0, 1}) {
      for (const std::int64_t l : all) {
        const bool both = has(state[i], l) && has(state[j], l);
        if (both == (round == 0) && wanted(state, l, i, j)) kept.push_back(l);
      }
    }
    // What sums nothing is computed where it is read.
    cost = volume(all) + (kept.size() < all.size() ? kTraffic * volume(kept) : 0);
    return {i, j, kept};
  }

  static std::vector<Labels> after(std::vector<Labels> state, const Step& s) {
    state.erase(state.begin() + static_cast<std::ptrdiff_t>(std::max(s.first, s.second)));
    if (s.first != s.second) state.erase(state.begin() + static_cast<std::ptrdiff_t>(std::min(s.first, s.second)));
    state.push_back(s.labels);
    return state;
  }

  void exhaustive(const std::vector<Labels>& state, const Order& so_far) {
    if (so_far.cost >= best_.cost) return;
    if (state.size() == 1) {
      best_ = so_far;
      return;
    }
    for (std::size_t i = 0; i < state.size(); ++i) {
      for (std::size_t j = i + 1; j < state.size(); ++j) {
        Order next = so_far;
        double cost = 0;
        next.steps.push_back(step(state, i, j, cost));
        next.cost += cost;
        exhaustive(after(state, next.steps.back()), next);
      }
    }
  }

  void greedy(std::vector<Labels> state, Order order) {
    while (state.size() > 1) {
      Step chosen{};
      double least = std::numeric_limits<double>::infinity();
      for (std::size_t i = 0; i < state.size(); ++i) {
        for (std::size_t j = i + 1; j < state.size(); ++j) {
          double cost = 0;
          Step s = step(state, i, j, cost);
          if (cost < least) {
            least = cost;
            chosen = std::move(s);
          }
        }
      }
      order.cost += least;
      state = after(state, chosen);
      order.steps.push_back(std::move(chosen));
    }
    best_ = std::move(order);
  }

  Labels result_;
  std::map<std::int64_t, double> extent_;
  std::vector<Labels> labels_;
  Order best_;
};

class Ordering {
 public:
  explicit Ordering(const Function& f) : f_(f), counter_(f), readers_(f.values.size()) {
    for (const Instr& i : f.instrs) {
      for (const ValueId v : i.operands) readers_[v.index].push_back(&i);
    }
    for (const Block& b : f.blocks) {
      for (const ValueId v : b.yields) yielded_.insert(v);
    }
    for (const Instr& i : f.instrs) {
      if (orders(i)) networks_.emplace(&i, network(i));
    }
    for (const Instr& i : f.instrs) {
      if (orders(i) && !yielded_.contains(i.results[0])) consider(i);
    }
  }

  Function run() {
    return rebuild(f_, [&](const Instr& i, Cloner& c) {
      const auto at = networks_.find(&i);
      if (at == networks_.end()) return false;
      const Network& n = at->second;
      if (n.factors.size() <= 2 && n.factors.size() == i.operands.size()) return false;
      c.to().set_span(i.span);
      c.map(i.results[0], emit(n, c));
      return true;
    });
  }

 private:
  bool orders(const Instr& i) const {
    return i.op == opcode<ops::Contract>() && !i.results.empty() && is_float(f_.type(i.results[0]).elem) &&
           i.operands.size() >= 2 && f_.value(i.results[0]).instr.valid();
  }

  Network network(const Instr& i) const {
    Network n;
    const std::vector<Labels>& labels = ops::attrs_of<ops::Contract>(i).labels;
    n.result = labels.back();
    for (std::size_t k = 0; k < i.operands.size(); ++k) {
      n.factors.push_back({i.operands[k], labels[k]});
      for (std::size_t d = 0; d < labels[k].size(); ++d)
        n.extents.emplace(labels[k][d], f_.type(i.operands[k]).dims[d]);
    }
    return n;
  }

  // The network with the inner contraction's factors in the place of its result.
  static Network merged(const Network& outer, ValueId inner_value, const Network& inner) {
    Network n;
    n.result = outer.result;
    n.extents = outer.extents;
    std::int64_t fresh = 0;
    for (const auto& [l, extent] : outer.extents) fresh = std::max(fresh, l + 1);
    for (const Factor& x : outer.factors) {
      if (x.value != inner_value) {
        n.factors.push_back(x);
        continue;
      }
      std::map<std::int64_t, std::int64_t> name;
      for (std::size_t d = 0; d < inner.result.size(); ++d) name[inner.result[d]] = x.labels[d];
      for (const Factor& y : inner.factors) {
        Factor copy{y.value, {}};
        for (const std::int64_t l : y.labels) {
          const auto [at, added] = name.emplace(l, fresh);
          if (added) n.extents.emplace(fresh++, inner.extents.at(l));
          copy.labels.push_back(at->second);
        }
        n.factors.push_back(std::move(copy));
      }
    }
    return n;
  }

  // Whether the reader needs no array of the value: elementwise code that ends in reductions.
  bool only_reduces(const Instr& top) {
    std::vector<const Instr*> open{&top};
    while (!open.empty()) {
      const Instr* reader = open.back();
      if (only_reduces_.contains(reader)) {
        open.pop_back();
        continue;
      }
      const ops::OpInfo& info = ops::info(reader->op);
      const bool reduces = info.monoid.has_value();
      bool only = reduces || (info.elementwise && !yielded_.contains(reader->results[0]));
      const std::size_t depth = open.size();
      if (!reduces && only) {
        for (const Instr* r : readers_[reader->results[0].index]) {
          const auto known = only_reduces_.find(r);
          if (known == only_reduces_.end())
            open.push_back(r);
          else
            only = only && known->second;
        }
      }
      if (open.size() == depth || !only) only_reduces_[reader] = only;
    }
    return only_reduces_.at(&top);
  }

  // Makes the contraction part of those that read it, where every reader allows it and the count says so.
  void consider(const Instr& inner) {
    const ValueId v = inner.results[0];
    const auto& readers = readers_[v.index];
    std::map<const Instr*, Network> changed;
    const Network& own = networks_.at(&inner);
    const double size = counter_.count(f_.type(v).dims), making = Search(own, counter_).best().cost;
    bool remains = false;
    double before = making + kTraffic * size * static_cast<double>(readers.size()), after = 0;
    for (const Instr* r : readers) {
      const auto at = networks_.find(r);
      const bool same_block = f_.value(v).block == f_.value(r->results.empty() ? v : r->results[0]).block;
      if (at == networks_.end() || !same_block) {
        if (!only_reduces(*r)) return;
        remains = true;
        continue;
      }
      if (changed.contains(r)) continue;
      Network n = merged(at->second, v, own);
      if (n.factors.size() > kMostOperands) return;
      before += Search(at->second, counter_).best().cost;
      after += Search(n, counter_).best().cost;
      changed.emplace(r, std::move(n));
    }
    if (remains) after += making - kTraffic * size;  // made, but not kept
    if (changed.empty() || after >= before) return;
    for (auto& [reader, n] : changed) networks_[reader] = std::move(n);
  }

  ValueId emit(const Network& n, Cloner& c) const {
    Builder& b = c.to();
    std::vector<Factor> state;
    for (const Factor& x : n.factors) state.push_back({c(x.value), x.labels});
    Order order = Search(n, counter_).best();
    if (!order.steps.empty()) order.steps.back().labels = n.result;
    for (const Step& s : order.steps) {
      const Factor x = state[s.first], y = state[s.second];
      Factor made{{}, s.labels};
      std::set<std::int64_t> all(x.labels.begin(), x.labels.end());
      all.insert(y.labels.begin(), y.labels.end());
      if (s.first == s.second) {
        made.value = b.contract({x.value}, {x.labels, s.labels});
      } else if (all.size() == s.labels.size()) {
        std::vector<Dim> dims;
        for (const std::int64_t l : s.labels) dims.push_back(c.dim(n.extents.at(l)));
        made.value =
            b.mul(aligned(b, x.value, x.labels, s.labels, dims), aligned(b, y.value, y.labels, s.labels, dims));
      } else {
        made.value = b.contract({x.value, y.value}, {x.labels, y.labels, s.labels});
      }
      state.erase(state.begin() + static_cast<std::ptrdiff_t>(std::max(s.first, s.second)));
      if (s.first != s.second) state.erase(state.begin() + static_cast<std::ptrdiff_t>(std::min(s.first, s.second)));
      state.push_back(std::move(made));
    }
    return state[0].value;
  }

  const Function& f_;
  Counter counter_;
  std::vector<std::vector<const Instr*>> readers_;
  std::set<ValueId> yielded_;
  std::map<const Instr*, Network> networks_;
  std::unordered_map<const Instr*, bool> only_reduces_;
};

}  // namespace

Function order_contractions(Function f) {
  const bool any = std::ranges::any_of(f.instrs, [](const Instr& i) { return i.op == opcode<ops::Contract>(); });
  return any ? dce(share_equal(Ordering(f).run())) : std::move(f);
}

}  // namespace rg::opt
