// Subscripts are exact. Integers wrap in two's complement; a subscript whose sums, differences and products leave the
// integers' range would wrap to a place that is in range though the one written is not. Where intervals do not exclude
// that, the operation is done in f64 too, and its magnitude is checked.
#include <algorithm>
#include <cmath>

#include "compiler/ops/all.h"
#include "dsl/check/index.h"

namespace rg::dsl {

namespace {

constexpr long double kWide = 9223372036854775808.0L;   // 2^63
constexpr long double kCounter = 0x1p50L;               // more steps than a loop makes in a lifetime
constexpr int kElementBits = 60;                        // an array of 2^60 numbers has no address
constexpr std::int64_t kSmall = std::int64_t{1} << 30;  // what an extent differs by from one around
constexpr int kMaxDepth = 500;

/// Bounds of what an expression is in exact arithmetic.
struct Interval {
  long double low, high;
};

class Exactness {
 public:
  Exactness(ir::Builder& b, const std::map<ValueId, Dim>& counters, std::span<const Dim> around)
      : b_(b), counters_(counters), around_(around) {}

  /// One truth value, invalid where the subscript cannot wrap into an array.
  ValueId condition(ValueId index) {
    of(index, 0);
    ValueId all;
    for (const ValueId c : conditions_) all = all.valid() ? b_.logical_and(all, c) : c;
    return all;
  }

 private:
  static Interval whole(Elem elem) {
    const long double most = elem == Elem::i32 ? 2147483648.0L : kWide;
    return {-most, most - 1};
  }
  /// Whether a value in the interval is what it is modulo the type's range, or out of range of every array: an
  /// extent of bytes in memory is less than 2^61.
  static bool cannot_wrap(const Interval& r, Elem elem) {
    if (elem == Elem::i32) return r.low >= -2147483648.0L && r.high < 4294967296.0L;
    return r.low > -2 * kWide + 0x1p61L && r.high < 2 * kWide;
  }
  // An extent of the comprehensions around: these fill an array, of which it is an axis as often as it stands there.
  long double bound(const Dim& extent, long double otherwise) const {
    const auto times = std::ranges::count(around_, extent);
    return times == 0 ? otherwise : std::min(otherwise, std::exp2(static_cast<long double>(kElementBits / times)));
  }
  Interval size(const Dim& d) const {
    const long double low = d.proven_nonnegative() ? 0 : -kWide;
    for (const Dim& extent : around_) {
      const Dim more = d - extent;
      if (more.is_constant() && std::abs(more.constant()) < kSmall) return {low, bound(extent, kWide) + kSmall};
    }
    return {low, kWide - 1};
  }
  static bool fits(const Interval& r, Elem elem) {
    const Interval all = whole(elem);
    return r.low >= all.low && r.high <= all.high;
  }

  Interval of(ValueId v, int depth) {
    if (const auto at = seen_.find(v); at != seen_.end()) return at->second;
    const Interval r = computed(v, depth);
    seen_[v] = r;
    return r;
  }

  Interval computed(ValueId v, int depth) {
    const Elem elem = b_.type(v).elem;
    const ir::Instr* def = b_.function().definition(v);
    if (const auto at = counters_.find(v); at != counters_.end()) return {0, bound(at->second, kCounter)};
    if (def == nullptr || depth > kMaxDepth || !ir::is_integer(elem)) return whole(elem);
    if (const auto c = b_.splat(v)) return {*c, *c};
    const std::string_view name = ops::info(def->op).name;
    const std::vector<ValueId> x = def->operands;
    if (name == "iota") return {0, kCounter};
    if (name == "size") return size(ops::attrs_of<ops::Size>(*def).dim);
    if (moves(name)) return of(x[0], depth + 1);
    if (name == "convert") {
      if (!ir::is_integer(b_.type(x[0]).elem) || elem == Elem::i32) return whole(elem);
      return narrowed(x[0], of(x[0], depth + 1));
    }
    if (computes(name)) return arithmetic(v, name, x, depth);
    return whole(elem);
  }

  static bool moves(std::string_view op) { return op == "broadcast" || op == "reshape" || op == "transpose"; }
  static bool computes(std::string_view op) { return op == "add" || op == "sub" || op == "mul" || op == "neg"; }

  Interval arithmetic(ValueId v, std::string_view name, const std::vector<ValueId>& x, int depth) {
    const Interval a = of(x[0], depth + 1);
    if (name == "neg") return {-a.high, -a.low};
    const Interval c = of(x[1], depth + 1);
    const auto products = std::minmax({a.low * c.low, a.low * c.high, a.high * c.low, a.high * c.high});
    const Interval r = name == "add"   ? Interval{a.low + c.low, a.high + c.high}
                       : name == "sub" ? Interval{a.low - c.high, a.high - c.low}
                                       : Interval{products.first, products.second};
    return cannot_wrap(r, b_.type(v).elem) ? r : checked(v);
  }

  // The value as it is in memory, for an operation that reads it: checked where it may have wrapped.
  Interval narrowed(ValueId v, const Interval& r) {
    if (fits(r, b_.type(v).elem)) return r;
    const ir::Instr* def = b_.function().definition(v);
    while (def != nullptr && moves(ops::info(def->op).name)) {
      v = def->operands[0];
      def = b_.function().definition(v);
    }
    return def != nullptr && computes(ops::info(def->op).name) ? checked(v) : whole(b_.type(v).elem);
  }

  // Emits the check of one operation, whose operands are exact: |x op y| as a real number.
  Interval checked(ValueId v) {
    const Elem elem = b_.type(v).elem;
    const double most = elem == Elem::i32 ? 2147483647.0 : 0x1p62;
    const ir::Instr def = *b_.function().definition(v);
    std::vector<ValueId> reals;
    for (const ValueId x : def.operands) {
      seen_[x] = narrowed(x, of(x, 0));
      reals.push_back(b_.convert(x, Elem::f64));
    }
    const ValueId size = b_.call("abs", {b_.emit1(def.op, reals)});
    const ValueId small = b_.compare("le", size, b_.like(size, most));
    std::vector<std::int64_t> axes;
    for (std::size_t k = 0; k < b_.dims(small).size(); ++k) axes.push_back(static_cast<std::int64_t>(k));
    conditions_.push_back(b_.reduce("all", small, axes));
    return {-most, most};
  }

  ir::Builder& b_;
  const std::map<ValueId, Dim>& counters_;
  std::span<const Dim> around_;
  std::map<ValueId, Interval> seen_;
  std::vector<ValueId> conditions_;
};

}  // namespace

ValueId exactness(Context& cx, ValueId index) {
  return Exactness(cx.b(), cx.frame->counters, cx.frame->around).condition(index);
}

}  // namespace rg::dsl
