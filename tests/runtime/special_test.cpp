// Digamma and polygamma against values with 40 digits (reference/special.py), near the poles and roots of the negative
// axis as well, and in a time that does not grow with |x|.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "runtime/runegrad.h"

namespace {

struct Row {
  double order, x, value;
};

constexpr Row kRows[] = {
    {0, 0.015625, -64.551802973167856671},
    {0, 0.5, -1.9635100260214234794},
    {0, 1.0, -0.57721566490153286061},
    {0, 1.4616321449683622, -9.2412655217294275168e-17},
    {0, 2.5, 0.70315664064524318723},
    {0, 11.75, 2.4206968934226320645},
    {0, 300.25, 5.7029492576422538984},
    {0, 10000000000.0, 23.02585092989045684},
    {0, -0.25, 2.9141391202135278304},
    {0, -0.5040830082644554, 7.2897639029768949445e-17},
    {0, -1.5734984731623904, 1.5649788481838453367e-16},
    {0, -2.6107208684441447, -1.0720275936410002071e-15},
    {0, -9.702672540001863, 4.9392568690863821965e-15},
    {0, -10.703, 0.088460952485709594632},
    {0, -99.25, 7.7442638968645057975},
    {0, -1000.8125, 2.2073412906543824686},
    {0, -123456.7, 9.4411491478247920388},
    {1, 0.125, 65.388133444988034473},
    {1, 1.0, 1.6449340668482264365},
    {1, 7.5, 0.14261589669670379977},
    {1, 1000.0, 0.0010005001666666333334},
    {1, -0.5, 8.9348022005446793094},
    {1, -1.25, 19.181879647671606498},
    {1, -20.75, 19.692158656372497388},
    {1, -99999.5, 9.8695944010893587022},
    {1, -1000000000000.25, 19.739208802177717238},
    {2, 0.125, -1025.7533381181356826},
    {2, 1.0, -2.4041138063191885708},
    {2, 7.5, -0.020305252536644664065},
    {2, -0.25, 122.69736678366236037},
    {2, -1.375, 29.826690899889461482},
    {2, -20.75, -124.02732002961223574},
    {2, -99999.25, 124.0251067210992802},
    {3, 0.5, 97.409091034002437236},
    {3, 3.0, 0.1189394022668291491},
    {3, -3.5, 194.78785955946250789},
    {3, -0.0625, 393224.32088379257969},
    {3, -40.5, 194.81815305790018386},
    {9, 0.5, 371595452.38509742722},
    {9, 20.0, 9.7937278089985976443e-8},
    {9, -2.75, 380513743241.6061322},
    {40, 0.5, -1.7942166824224242841e+60},
    {40, 8.0, -77349973605.46874735},
    {40, -1.25, 3.9455242101462683427e+72},
};

}  // namespace

TEST_CASE("digamma and polygamma") {
  for (const Row& r : kRows) {
    CAPTURE(r.order);
    CAPTURE(r.x);
    // As for any sum of two terms near a root: relative to the greater of the value and, for digamma, the logarithm.
    const double scale = r.order == 0 ? std::max({1.0, std::abs(r.value), std::log(std::abs(r.x))}) : std::abs(r.value);
    CHECK(std::abs(rg_polygamma(r.order, r.x) - r.value) <= 16 * 0x1p-52 * scale);
    if (r.order == 0) CHECK(rg_digamma(r.x) == rg_polygamma(0, r.x));
  }
}

TEST_CASE("digamma and polygamma at poles and ends") {
  for (const double x : {0.0, -1.0, -2.0, -1e300, -HUGE_VAL, double(NAN)}) {
    CHECK(std::isnan(rg_digamma(x)));
    CHECK(std::isnan(rg_polygamma(1, x)));
    CHECK(std::isnan(rg_polygamma(2, x)));
  }
  CHECK(rg_digamma(HUGE_VAL) == HUGE_VAL);
  CHECK(rg_polygamma(1, HUGE_VAL) == 0);
  CHECK(std::isnan(rg_polygamma(-1, 2)));
}
