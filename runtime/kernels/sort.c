/* Sorting along the last axis: a stable merge sort of positions, from the bottom up. n log2 n comparisons, 16 n bytes
 * of workspace. Outputs: the elements in order, their positions, and the rank of each element of the input. */
#include <string.h>

#include "runtime/runegrad.h"

/* Whether x stands before y: NaNs come last. */
#define BEFORE(x, y) ((x) < (y) || ((y) != (y) && (x) == (x)))

#define SORT(NAME, TYPE)                                                                                          \
  static const int64_t* ordered_##NAME(const TYPE* x, int64_t n, int64_t* from, int64_t* to) {                    \
    for (int64_t i = 0; i < n; ++i) from[i] = i;                                                                  \
    for (int64_t width = 1; width < n; width *= 2) {                                                              \
      for (int64_t begin = 0; begin < n; begin += 2 * width) {                                                    \
        const int64_t middle = begin + width < n ? begin + width : n;                                             \
        const int64_t end = begin + 2 * width < n ? begin + 2 * width : n;                                        \
        int64_t i = begin, j = middle;                                                                            \
        for (int64_t k = begin; k < end; ++k) {                                                                   \
          const int second = i == middle || (j < end && BEFORE(x[from[j]], x[from[i]]));                          \
          to[k] = second ? from[j++] : from[i++];                                                                 \
        }                                                                                                         \
      }                                                                                                           \
      int64_t* const merged = to;                                                                                 \
      to = from;                                                                                                  \
      from = merged;                                                                                              \
    }                                                                                                             \
    return from;                                                                                                  \
  }                                                                                                               \
  int rg_sort_##NAME(const void* const* inputs, void* const* outputs, const rg_kernel_shape* shape, void* work) { \
    const int64_t n = shape->extents[0][shape->ranks[0] - 1];                                                     \
    int64_t rows = n > 0;                                                                                         \
    for (int64_t d = 0; d + 1 < shape->ranks[0]; ++d) rows *= shape->extents[0][d];                               \
    int64_t* const list = work;                                                                                   \
    for (int64_t row = 0; row < rows; ++row) {                                                                    \
      const TYPE* const x = (const TYPE*)inputs[0] + row * n;                                                     \
      const int64_t* const order = ordered_##NAME(x, n, list, list + n);                                          \
      if (outputs[0] != NULL) {                                                                                   \
        for (int64_t k = 0; k < n; ++k) ((TYPE*)outputs[0])[row * n + k] = x[order[k]];                           \
      }                                                                                                           \
      if (outputs[1] != NULL) memcpy((int64_t*)outputs[1] + row * n, order, (size_t)n * sizeof *order);           \
      if (outputs[2] != NULL) {                                                                                   \
        for (int64_t k = 0; k < n; ++k) ((int64_t*)outputs[2])[row * n + order[k]] = k;                           \
      }                                                                                                           \
    }                                                                                                             \
    return RG_OK;                                                                                                 \
  }

SORT(f32, float)
SORT(f64, double)
SORT(i32, int32_t)
SORT(i64, int64_t)
