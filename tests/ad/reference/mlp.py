"""Prints the reference values of tests/api/nested_test.cpp: derivatives of a small network's loss with 40 digits.

The loss is the cross entropy of softmax(tanh(x w1 + b) w2) with soft labels; it is differentiated numerically with mpmath,
along the line w + t v (orders 1 to 4), and with three derivatives along v and one in every element of w1.
"""
import mpmath
from mpmath import mpf

mpmath.mp.dps = 40

X = [["0.5", "-1.25"], ["2", "0.75"], ["-0.5", "1.5"]]
Y = [["0.75", "0.25"], ["0.125", "0.875"], ["0.5", "0.5"]]
W1 = [["0.25", "-0.5", "1"], ["0.75", "0.125", "-0.25"]]
B = ["0.5", "-0.25", "0.125"]
W2 = [["1.5", "-0.5"], ["-1", "0.25"], ["0.5", "0.75"]]
V1 = [["1", "0.5", "-0.75"], ["-0.25", "1.25", "0.5"]]
V2 = [["-0.5", "1"], ["0.25", "-1.5"], ["0.75", "0.5"]]


def numbers(rows):
    return [[mpf(v) for v in row] for row in rows]


X, Y, W1, W2, V1, V2 = (numbers(m) for m in (X, Y, W1, W2, V1, V2))
B = [mpf(v) for v in B]


def loss(w1, w2):
    total = mpf(0)
    for x, y in zip(X, Y):
        h = [mpmath.tanh(sum(x[i] * w1[i][j] for i in range(2)) + B[j]) for j in range(3)]
        z = [sum(h[j] * w2[j][k] for j in range(3)) for k in range(2)]
        norm = mpmath.log(sum(mpmath.exp(v) for v in z))
        total -= sum(y[k] * (z[k] - norm) for k in range(2))
    return total / 3


def moved(t, s=0, row=0, column=0):
    w1 = [[W1[i][j] + t * V1[i][j] for j in range(3)] for i in range(2)]
    w1[row][column] += s
    w2 = [[W2[j][k] + t * V2[j][k] for k in range(2)] for j in range(3)]
    return loss(w1, w2)


print("orders 0 to 4 along v:")
for order in range(5):
    print("    %s," % mpmath.nstr(mpmath.diff(moved, 0, order), 20))
print("three along v, one in w1:")
for i in range(2):
    for j in range(3):
        print("    %s," % mpmath.nstr(mpmath.diff(lambda t, s: moved(t, s, i, j), (0, 0), (3, 1)), 20))
