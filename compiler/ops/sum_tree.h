// The sum of terms that stand in order, as --strict defines it.
//
// Blocks of 32 terms are added from left to right, beginning at 0. The sum x of a block that others follow joins the
// sum s of those before it, with the rounding error c of that, which is 0 at first:
//
//   y = x + c,  t = s + y,  c = y - (t - s),  s = t
//
// (W. Kahan, Further Remarks on Reducing Truncation Errors, 1965), c = 0 where t is not finite. The result is
// s + (c + x), x the sum of the last block. So 32 terms and fewer are added from left to right, and the error does not
// grow with the number of blocks.
#pragma once

#include <cstdint>

namespace rg::ops {

/// sum + error becomes sum + error + x.
template <class T>
void add_with_error(T& sum, T& error, const T& x) {
  const T y = x + error, t = sum + y;
  error = t - t == T(0) ? y - (t - sum) : T(0);
  sum = t;
}

/// Each operation is one of T's, rounded as T's are. T is made from 0 and has +, - and ==.
template <class T>
class SumTree {
 public:
  static constexpr int block = 32;

  void add(const T& term) {
    if (count_ == block) {
      add_with_error(sum_, error_, part_);
      part_ = T(0);
      count_ = 0;
    }
    part_ = part_ + term;
    ++count_;
  }
  T total() const { return sum_ + (error_ + part_); }

 private:
  T part_ = T(0), sum_ = T(0), error_ = T(0);
  int count_ = 0;
};

}  // namespace rg::ops
