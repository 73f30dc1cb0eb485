"""Prints the reference values of special_test.cpp: digamma and polygamma with 40 digits. Needs mpmath."""
import mpmath

mpmath.mp.dps = 40


def polygamma(k, x):
    x = mpmath.mpf(x)
    if x > 0 or k == 0:
        return mpmath.polygamma(k, x)
    s, f = k + 1, x - mpmath.floor(x)
    below = mpmath.zeta(s, 1 - f) - mpmath.zeta(s, 1 - x)
    return (-1) ** s * mpmath.factorial(k) * (mpmath.zeta(s, f) + (-1) ** s * below)


points = {
    0: [0.015625, 0.5, 1, 1.4616321449683623, 2.5, 11.75, 300.25, 1e10, -0.25, -0.50408300826445540, -1.5734984731623904,
        -2.6107208684441447, -9.7026725400018637, -10.703, -99.25, -1000.8125, -123456.7],
    1: [0.125, 1, 7.5, 1000.0, -0.5, -1.25, -20.75, -99999.5, -1e12 - 0.25],
    2: [0.125, 1, 7.5, -0.25, -1.375, -20.75, -99999.25],
    3: [0.5, 3, -3.5, -0.0625, -40.5],
    9: [0.5, 20, -2.75],
    40: [0.5, 8, -1.25],
}
for k, xs in points.items():
    for x in xs:
        print("    {%d, %r, %s}," % (k, float(x), mpmath.nstr(polygamma(k, float(x)), 20)))
