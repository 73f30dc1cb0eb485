// Bundle adjustment by hand: each observation forward, then one sweep back for each of its two rows.
#include <algorithm>
#include <cmath>

#include "bench/gradbench/baseline/baseline.h"

namespace rg::gradbench::baseline {

namespace {

struct Point3 {
  double x, y, z;
};
Point3 cross(Point3 a, Point3 b) { return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x}; }
double dot(Point3 a, Point3 b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
Point3 scaled(Point3 a, double s) { return {a.x * s, a.y * s, a.z * s}; }
Point3 sum(Point3 a, Point3 b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }

struct Forward {
  bool turned;
  double angle, sine, cosine, along;  // along: w · o
  Point3 r, w, o, c;                  // axis, unit axis, point from the camera's centre, point turned
  double px, py, square, factor;      // projection, its square, distortion
};

Forward project(const double* cam, const double* x) {
  Forward f{};
  f.o = {x[0] - cam[3], x[1] - cam[4], x[2] - cam[5]};
  f.r = {cam[0], cam[1], cam[2]};
  const double square = dot(f.r, f.r);
  f.turned = square > 0;
  if (f.turned) {
    f.angle = std::sqrt(square);
    f.sine = std::sin(f.angle);
    f.cosine = std::cos(f.angle);
    f.w = scaled(f.r, 1 / f.angle);
    f.along = dot(f.w, f.o);
    f.c = sum(sum(scaled(f.o, f.cosine), scaled(cross(f.w, f.o), f.sine)), scaled(f.w, f.along * (1 - f.cosine)));
  } else {
    f.c = sum(f.o, cross(f.r, f.o));
  }
  f.px = f.c.x / f.c.z;
  f.py = f.c.y / f.c.z;
  f.square = f.px * f.px + f.py * f.py;
  f.factor = 1 + cam[9] * f.square + cam[10] * f.square * f.square;
  return f;
}

// The derivative of one row: `px_adj`, `py_adj` are those of the distorted projection times the focal length.
void row(const Forward& f, const double* cam, double u_adj, double v_adj, double* g) {
  // u = px factor focal, v = py factor focal
  const double focal = cam[6];
  g[6] = (u_adj * f.px + v_adj * f.py) * f.factor;
  g[7] = u_adj;
  g[8] = v_adj;
  const double factor_adj = (u_adj * f.px + v_adj * f.py) * focal;
  g[9] = factor_adj * f.square;
  g[10] = factor_adj * f.square * f.square;
  const double square_adj = factor_adj * (cam[9] + 2 * cam[10] * f.square);
  const double px_adj = u_adj * f.factor * focal + 2 * square_adj * f.px,
               py_adj = v_adj * f.factor * focal + 2 * square_adj * f.py;
  const double inverse = 1 / f.c.z;
  const Point3 c_adj{px_adj * inverse, py_adj * inverse, -(px_adj * f.px + py_adj * f.py) * inverse};
  Point3 o_adj{}, r_adj{};
  if (f.turned) {
    // c = o cos + (w × o) sin + w (w·o) (1 - cos)
    const double left = 1 - f.cosine, w_c = dot(f.w, c_adj);
    o_adj = sum(sum(scaled(c_adj, f.cosine), scaled(cross(c_adj, f.w), f.sine)), scaled(f.w, left * w_c));
    const Point3 w_adj =
        sum(sum(scaled(cross(f.o, c_adj), f.sine), scaled(c_adj, f.along * left)), scaled(f.o, left * w_c));
    const double angle_adj =
        -dot(f.o, c_adj) * f.sine + dot(cross(f.w, f.o), c_adj) * f.cosine + w_c * f.along * f.sine;
    // w = r / angle, angle = |r|
    r_adj = sum(scaled(w_adj, 1 / f.angle), scaled(f.w, angle_adj - dot(w_adj, f.w) / f.angle));
  } else {
    o_adj = sum(c_adj, cross(c_adj, f.r));
    r_adj = cross(f.o, c_adj);
  }
  g[0] = r_adj.x, g[1] = r_adj.y, g[2] = r_adj.z;
  g[3] = -o_adj.x, g[4] = -o_adj.y, g[5] = -o_adj.z;
  g[11] = o_adj.x, g[12] = o_adj.y, g[13] = o_adj.z;
}

}  // namespace

void ba(const Ba& in, double* reprojection, double* weight) {
  for (Int i = 0; i < in.p; ++i) {
    const double* cam = in.cams + 11 * in.camera[i];
    const Forward f = project(cam, in.x + 3 * in.point[i]);
    reprojection[2 * i] = in.w[i] * (f.px * f.factor * cam[6] + cam[7] - in.feat[2 * i]);
    reprojection[2 * i + 1] = in.w[i] * (f.py * f.factor * cam[6] + cam[8] - in.feat[2 * i + 1]);
  }
  for (Int i = 0; i < in.p; ++i) weight[i] = 1 - in.w[i] * in.w[i];
}

void ba_jacobian(const Ba& in, std::int32_t* rows, std::int32_t* cols, double* vals) {
  const auto first_point = static_cast<std::int32_t>(11 * in.n),
             first_weight = static_cast<std::int32_t>(11 * in.n + 3 * in.m);
  std::int32_t at = 0;
  *rows++ = 0;
  for (Int i = 0; i < in.p; ++i) {
    const double* cam = in.cams + 11 * in.camera[i];
    const Forward f = project(cam, in.x + 3 * in.point[i]);
    for (int r = 0; r < 2; ++r) {
      row(f, cam, r == 0 ? in.w[i] : 0, r == 0 ? 0 : in.w[i], vals);
      vals[14] = (r == 0 ? f.px : f.py) * f.factor * cam[6] + cam[7 + r] - in.feat[2 * i + r];
      for (int c = 0; c < 11; ++c) *cols++ = 11 * in.camera[i] + c;
      for (int c = 0; c < 3; ++c) *cols++ = first_point + 3 * in.point[i] + c;
      *cols++ = first_weight + static_cast<std::int32_t>(i);
      vals += 15;
      *rows++ = at += 15;
    }
  }
  for (Int i = 0; i < in.p; ++i) {
    *cols++ = first_weight + static_cast<std::int32_t>(i);
    *vals++ = -2 * in.w[i];
    *rows++ = ++at;
  }
}

}  // namespace rg::gradbench::baseline
