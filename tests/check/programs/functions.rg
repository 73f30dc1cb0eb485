// Functions and their derivatives at extremes; the expected numbers were computed with 60 digits (mpmath). Tiny ones are
// scaled, since assert_close counts errors below 1 absolutely.
fn same(x: f64[n], y: f64[n]) -> bool { all([i: n => x[i] == y[i] || isnan(x[i]) && isnan(y[i])]) }
fn d(f: fn(f64) -> f64, x: f64) -> f64 { grad(f)(x) }
fn d2(f: fn(f64) -> f64, x: f64) -> f64 { grad(grad(f))(x) }
fn forward(f: fn(f64) -> f64, x: f64) -> f64 { jvp(f)(x, 1.0) }

test "saturated slopes" {
  assert_close(1e2 * d(sigmoid, 2.5), 7.0103716545108155, 1e-14);
  assert_close(1e2 * forward(sigmoid, 2.5), 7.0103716545108155, 1e-14);
  assert_close(1e3 * d(sigmoid, 5.0), 6.6480566707901545, 1e-14);
  assert_close(1e3 * forward(sigmoid, 5.0), 6.6480566707901545, 1e-14);
  assert_close(1e17 * d(sigmoid, 37.5), 5.175555005801868, 1e-14);
  assert_close(1e17 * forward(sigmoid, 37.5), 5.175555005801868, 1e-14);
  assert_close(d(sigmoid, 300.0), 0.0, 1e-14);
  assert_close(forward(sigmoid, 300.0), 0.0, 1e-14);
  assert_close(1e131 * d(sigmoid, -300.0), 5.148200222412013, 1e-14);
  assert_close(1e131 * forward(sigmoid, -300.0), 5.148200222412013, 1e-14);
  assert_close(1e1 * d(tanh, 1.5), 1.8070663892364853, 1e-14);
  assert_close(1e1 * forward(tanh, 1.5), 1.8070663892364853, 1e-14);
  assert_close(1e3 * d(tanh, -3.25), 5.995714834276198, 1e-14);
  assert_close(1e3 * forward(tanh, -3.25), 5.995714834276198, 1e-14);
  assert_close(1e16 * d(tanh, 18.5), 3.413219050297626, 1e-14);
  assert_close(1e16 * forward(tanh, 18.5), 3.413219050297626, 1e-14);
  assert_close(1e19 * d(tanh, 21.75), 5.13156729443514, 1e-14);
  assert_close(1e19 * d(tanh, -22.25), 1.8877981086104493, 1e-14);
  assert_close(1e26 * forward(tanh, 30.0), 3.502604305078608, 1e-14);
  assert_close(1e260 * d(tanh, -300.0), 1.0601586212017243, 1e-14);
  assert_close(1e260 * forward(tanh, -300.0), 1.0601586212017243, 1e-14);
}
test "second derivatives" {
  assert_close(1e13 * d2(sigmoid, 1e-12), -1.25, 1e-14);
  assert_close(1e2 * d2(sigmoid, 3.5), -2.678498067666224, 1e-14);
  assert_close(1e18 * d2(sigmoid, 40.0), -4.248354255291589, 1e-14);
  assert_close(1e18 * d2(sigmoid, -40.0), 4.248354255291589, 1e-14);
  assert_close(1e12 * d2(tanh, 1e-12), -2.0, 1e-14);
  assert_close(1e3 * d2(tanh, 3.5), -7.268501311481512, 1e-14);
  assert_close(1e17 * d2(tanh, 20.0), -3.398683404233271, 1e-14);
  assert_close(1e9 * d2(asinh, 1e-09), -1.0, 1e-14);
  assert_close(1e240 * d2(asinh, 1e+120), -1.0, 1e-14);
  assert_close(1e13 * d2(asin, 1e-12), 10.0, 1e-14);
  assert_close(1e0 * d2(asin, 0.75), 2.5917563863489868, 1e-14);
  assert_close(1e9 * d2(atan, 1e-09), -2.0, 1e-14);
  assert_close(1e270 * d2(atan, 1e+90), -2.0, 1e-14);
}
test "slopes of large operands" {
  assert_close(d(asinh, 1e+200), 0.0, 1e-14);
  assert_close(forward(asinh, 1e+200), 0.0, 1e-14);
  assert_close(d(acosh, 1e+200), 0.0, 1e-14);
  assert_close(forward(acosh, 1e+200), 0.0, 1e-14);
  assert_close(1e1 * d(acosh, 1.5), 8.94427190999916, 1e-14);
  assert_close(1e1 * forward(acosh, 1.5), 8.94427190999916, 1e-14);
  assert_close(1e150 * (1e150 * d(atan, 1e150)), 1.0, 1e-14);
}
test "operands whose squares overflow or vanish" {
  assert_close(d(x => hypot(x, 1e-320), 1e-320), 0.7071067811865476, 1e-14);
  assert_close(d(x => hypot(x, 1.5e308), 1.5e308), 0.7071067811865476, 1e-14);
  assert_close(d(x => hypot(x, 0.0), 0.0), 0.0, 0.0);
  assert_close(1e200 * d(x => atan2(x, 3e200), 4e200), 0.12, 1e-14);
  assert_close(1e-200 * d(x => atan2(3e-200, x), 4e-200), -0.12, 1e-14);
}
test "powers" {
  assert_close(1e-220 * d(x => x^0.3, 1e-315), 0.9486832990588022, 1e-12);
  assert_close(1e-270 * d(x => x^1.9, 1e300), 1.8999999999998833, 1e-12);
  assert_close(d(y => inf^y, -1.0), 0.0, 0.0);
  assert_close(d(y => 0.0^y, 2.0), 0.0, 0.0);
  assert_close(d2(x => x^1.5, 0.25), 1.5, 1e-14);
}
test "the tail of erfc" {
  assert_close(1e5 * d(log_erfc, -3.0), -6.96272950241498, 1e-14);
  assert_close(1e5 * forward(log_erfc, -3.0), -6.96272950241498, 1e-14);
  assert_close(d(log_erfc, 0.25), -1.4647682532219772, 1e-14);
  assert_close(forward(log_erfc, 0.25), -1.4647682532219772, 1e-14);
  assert_close(d(log_erfc, 3.0), -6.303753689003234, 1e-14);
  assert_close(forward(log_erfc, 3.0), -6.303753689003234, 1e-14);
  assert_close(1e-1 * d(log_erfc, 30.0), -6.003329639875623, 1e-14);
  assert_close(1e-1 * forward(log_erfc, 30.0), -6.003329639875623, 1e-14);
  assert_close(log_erfc(30.0), -903.9741171106439, 1e-14);
  assert_close(d(x => log(erfc(x)), 30.0), -60.03329639875623, 1e-13);
  assert_close(d2(log_erfc, 30.0), -1.998892575543838, 1e-13);
  assert_close(d2(log_erfc, -30.0), 0.0, 0.0);
}
test "scaled complementary error function" {
  assert_close(erfcx(-2.0), 108.94090438997797, 1e-14);
  assert_close(erfcx(0.0), 1.0, 1e-14);
  assert_close(erfcx(0.75), 0.5069376502931449, 1e-14);
  assert_close(erfcx(2.5), 0.2108063640611436, 1e-14);
  assert_close(erfcx(40.0), 0.014100335983377814, 1e-14);
  assert_close(erfcx(1000000.0), 5.641895835474742e-07, 1e-14);
  assert_close(1e-1 * d(erfcx, -1.5), -5.709003793588371, 1e-14);
  assert_close(1e-1 * forward(erfcx, -1.5), -5.709003793588371, 1e-14);
  assert_close(1e1 * d(erfcx, 0.5), -5.126888229025867, 1e-14);
  assert_close(1e1 * forward(erfcx, 0.5), -5.126888229025867, 1e-14);
  assert_close(1e2 * d(erfcx, 3.0), -5.4372260007172875, 1e-14);
  assert_close(1e2 * forward(erfcx, 3.0), -5.4372260007172875, 1e-14);
  assert_close(1e4 * d(erfcx, 50.0), -2.2554056313532387, 1e-14);
  assert_close(1e4 * forward(erfcx, 50.0), -2.2554056313532387, 1e-14);
  assert_close(1e1 * d2(erfcx, 0.5), 7.186918654832651, 1e-14);
  assert_close(1e4 * d2(erfcx, 20.0), 1.3999934371059264, 1e-14);
}
test "sinc" {
  assert_close(sinc(0.0), 1.0, 1e-14);
  assert_close(sinc(0.5), 0.6366197723675814, 1e-14);
  assert_close(sinc(-1.5), -0.2122065907891938, 1e-14);
  assert_close(sinc(100.25), 0.0022451778457783195, 1e-14);
  assert_close(1e1 * d(sinc, 0.25), -7.728381398822342, 1e-14);
  assert_close(1e1 * forward(sinc, 0.25), -7.728381398822342, 1e-14);
  assert_close(d(sinc, -0.75), 1.3429496265407772, 1e-14);
  assert_close(forward(sinc, -0.75), 1.3429496265407772, 1e-14);
  assert_close(1e1 * d(sinc, 3.125), -2.8316790981603503, 1e-14);
  assert_close(1e1 * forward(sinc, 3.125), -2.8316790981603503, 1e-14);
  assert_close(1e4 * d(sinc, 1000.75), -7.068015903899971, 1e-14);
  assert_close(1e4 * forward(sinc, 1000.75), -7.068015903899971, 1e-14);
  assert_close(d(sinc, 0.0), 0.0, 0.0);
  assert_close(d2(sinc, 0.0), -3.289868133696453, 1e-14);
  assert_close(1e0 * d2(sinc, 0.25), -2.703060757258859, 1e-14);
  assert_close(1e1 * d2(sinc, 3.125), 5.659428094082441, 1e-14);
}
test "x log y" {
  assert same([xlogy(0.0, 0.0), xlogy(0.0, inf), xlogy(0.0, nan), xlogy(2.0, 1.0), xlogy(0.0, -1.0)], [0, 0, nan, 0, 0]);
  assert_close(grad((x: f64, y: f64) => xlogy(x, y), wrt: y)(0.0, 0.0), 0.0, 0.0);
  assert_close(grad((x: f64, y: f64) => xlogy(x, y), wrt: (x, y))(3.0, 2.0), (0.6931471805599453, 1.5), 1e-14);
}
test "log(e^x + e^y)" {
  assert same([logaddexp(-inf, -inf), logaddexp(inf, -inf), logaddexp(-inf, 2.0), logaddexp(inf, inf)], [-inf, inf, 2, inf]);
  assert_close([logaddexp(1000.0, 1000.0), logaddexp(-3.0, 2.5)], [1000.6931471805599, 2.5040784432705707], 1e-14);
  assert_close(grad((x: f64, y: f64) => logaddexp(x, y), wrt: (x, y))(1000.0, 998.5), (0.8175744761936437, 0.18242552380635635), 1e-14);
  assert_close(1e10 * d(x => logaddexp(x, 0.0), -25.0), 0.13887943864771146, 1e-14);
  assert_close(d2(x => logaddexp(x, 1.0), 1.0), 0.25, 1e-14);
}
test "positive difference" {
  assert same([fdim(3.0, 1.0), fdim(1.0, 3.0), fdim(2.0, 2.0), fdim(inf, inf), fdim(nan, 1.0)], [2, 0, 0, 0, nan]);
  assert_close(grad((x: f64, y: f64) => fdim(x, y), wrt: (x, y))(3.0, 1.0), (1.0, -1.0), 0.0);
  assert_close(grad((x: f64, y: f64) => fdim(x, y), wrt: (x, y))(2.0, 2.0), (0.0, 0.0), 0.0);
}
test "fused multiply-add" {
  let x = 1.0 + 2.0^-30;
  assert fma(x, x, -1.0 - 2.0^-29) == 2.0^-60;
  assert_close(grad((x: f64, y: f64, z: f64) => fma(x, y, z), wrt: (x, y, z))(2.0, 3.0, 4.0), (3.0, 2.0, 1.0), 0.0);
}
test "floored remainder" {
  assert same([7.5 mod 2.0, -7.5 mod 2.0, 7.5 mod -2.0, -7.5 mod -2.0, 1.0 mod 0.0], [1.5, 0.5, -0.5, -1.5, nan]);
  assert_close(grad((x: f64, y: f64) => x mod y, wrt: (x, y))(-7.5, 2.0), (1.0, 4.0), 0.0);
  assert f32(5.25) mod 2 == f32(1.25);
}
fn power(x: f64, k: i64) -> f64 { x^k }
fn power32(x: f32, k: i32) -> f32 { x^k }
test "integer exponents" {
  assert_close([power(-2.0, 3), power(2.0, -2), power(0.0, 0), power(-1.0, 1000001)], [-8, 0.25, 1, -1], 0.0);
  assert power32(-2, 5) == -32;
  assert_close(grad(power, wrt: x)(-2.0, 3), 12.0, 1e-15);
  assert_close(grad(power, wrt: x)(0.0, 0), 0.0, 0.0);
  assert_close(1e1 * [i: 3 => 0.5^i], [10, 5, 2.5], 0.0);
}
test "along an axis" {
  let a = [[1.0, 2.0, 3.0], [4.0, 6.0, 8.0]];
  assert_close(cumsum(a, axis: 0), [[1, 2, 3], [5, 8, 11]], 0.0);
  assert_close(cumsum(a, axis: 1), [[1, 3, 6], [4, 10, 18]], 0.0);
  assert_close(cumsum(a, axis: -1), cumsum(a, axis: 1), 0.0);
  assert_close(cumsum([1, 2, 4.5]), [1, 3, 7.5], 0.0);
  assert_close(cumsum(stack(a, 2 * a), axis: 1), stack(cumsum(a, axis: 0), 2 * cumsum(a, axis: 0)), 0.0);
  assert_close(softmax(a, axis: 0), transpose(softmax(transpose(a))), 1e-15);
  assert_close(log_softmax(a, axis: 0), transpose(log_softmax(transpose(a), axis: 1)), 1e-15);
  assert_close(softmax(a), softmax(a, axis: 1), 0.0);
  check_grad(x => sum(cumsum(x, axis: 0)^2 * softmax(x, axis: 0) + log_softmax(x, axis: 0)^2), a / 4);
}
test "log-sum-exp" {
  assert same([logsumexp([-inf, -inf]), logsumexp([-inf, 2.0]), logsumexp([inf, 1.0]), logsumexp([1e300])], [-inf, 2, inf, 1e300]);
  assert_close(grad((x: f64[2]) => logsumexp(x))([-inf, 2.0]), [0, 1], 0.0);
  assert_close(grad((x: f64[1]) => logsumexp(x))([7.0]), [1.0], 0.0);
}
test "norm and std where they have a kink" {
  assert_close(grad((x: f64[2]) => norm(x))([0.0, 0.0]), [0, 0], 0.0);
  assert_close(jvp((x: f64[2]) => norm(x))([0.0, 0.0], [1.0, 2.0]), 0.0, 0.0);
  assert_close(grad((x: f64[3]) => std(x))([2.0, 2.0, 2.0]), [0, 0, 0], 0.0);
  assert_close(hessian((x: f64[2]) => norm(x)^2)([0.0, 0.0]), [[2, 0], [0, 2]], 0.0);
  assert_close(grad((x: f64[2]) => norm(x)^3)([0.0, 0.0]), [0, 0], 0.0);
  assert_close(hessian((x: f64[2]) => std(x)^2)([3.0, 3.0]), hessian((x: f64[2]) => var(x))([3.0, 3.0]), 0.0);
  assert norm([inf, 1.0]) == inf;
}
test "silu far left" {
  assert_close(1e8 * silu(-20.0), -4.122307236380407, 1e-14);
  assert_close(1e7 * d(silu, -20.0), -0.39161918660646783, 1e-14);
}
test "silu and gelu at their limits" {
  assert(1 / silu(-inf) == -inf && 1 / gelu(-inf) == -inf);
  assert(d(silu, -inf) == 0 && d(gelu, -inf) == 0);
  assert(forward(silu, -inf) == 0 && forward(gelu, -inf) == 0);
  assert(d2(silu, -inf) == 0 && d2(gelu, -inf) == 0);
  assert(silu(inf) == inf && gelu(inf) == inf && isnan(silu(nan)) && isnan(gelu(nan)));
  assert(silu(-1e308) == 0 && d(silu, -1e308) == 0 && silu(1e308) == 1e308 && gelu(1e308) == 1e308);
  assert(d(silu, 1e308) == 1 && d(gelu, 1e308) == 1);
}
