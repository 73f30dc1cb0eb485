// Special functions of the reference evaluation that C's libm lacks.
#pragma once

#include <cstdint>

namespace rg::ops::special {

/// The digamma function ψ(x); NaN at 0, -1, -2, …. Recurrence to x >= 10, then the asymptotic series (DLMF 5.11.2);
/// reflection (DLMF 5.5.4) for x < 0. Relative error below 1e-14 away from its zeros.
double digamma(double x);

/// ψ's derivative of order k >= 1: (-1)^(k+1) k! ζ(k+1, x), by recurrence and the Euler–Maclaurin form of Hurwitz' zeta
/// function (DLMF 25.11.5); NaN at 0, -1, -2, …. ψ itself for k = 0.
double polygamma(std::int64_t k, double x);

}  // namespace rg::ops::special
