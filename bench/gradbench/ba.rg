// Bundle adjustment: how far points project from where cameras saw them, and the sparse Jacobian in compressed rows.

fn cross(a: f64[3], b: f64[3]) -> f64[3] {
  [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

/// x turned about the axis r by the angle |r| (Rodrigues).
fn rotate(r: f64[3], x: f64[3]) -> f64[3] {
  let square = sum(r^2);
  if square > 0 {
    let angle = sqrt(square);
    let w = r / angle;
    x * cos(angle) + cross(w, x) * sin(angle) + w * (dot(w, x) * (1 - cos(angle)))
  } else {
    x + cross(r, x)
  }
}

/// A camera is its rotation, centre, focal length, principal point and two coefficients of radial distortion.
fn residual(cam: f64[11], x: f64[3], w: f64, feat: f64[2]) -> f64[2] {
  let c = rotate(cam[0:3], x - cam[3:6]);
  let p = c[0:2] / c[2];
  let s = sum(p^2);
  w * (p * (1 + cam[9] * s + cam[10] * s^2) * cam[6] + cam[7:9] - feat)
}

fn weight_residual(w: f64) -> f64 { 1 - w^2 }

/// Observation i is of point point[i] by camera[i].
export fn objective(cams: f64[n, 11], x: f64[m, 3], w: f64[p], feat: f64[p, 2], camera: i32[p], point: i32[p]) -> (f64[p, 2], f64[p]) {
  ([i: p => residual(cams[camera[i]], x[point[i]], w[i], feat[i])], [i: p => weight_residual(w[i])])
}

/// Offsets of the 3p rows, columns and values of the 31p entries.
export fn sparse_jacobian(cams: f64[n, 11], x: f64[m, 3], w: f64[p], feat: f64[p, 2], camera: i32[p], point: i32[p]) -> (i32[3 * p + 1], i32[31 * p], f64[31 * p]) {
  let rows = [i: 3 * p + 1 => i32(min(15 * i, 28 * p + i))];
  let last = 11 * n + 3 * m;
  let of_residual = [i: p, row: 2, c: 15 => if c < 11 { 11 * camera[i] + i32(c) } else if c < 14 { i32(11 * n + c - 11) + 3 * point[i] } else { i32(last + i) }];
  let (by_cam, by_x, by_w) = [i: p => jacobian(residual, wrt: (cam, x, w))(cams[camera[i]], x[point[i]], w[i], feat[i])];
  let entries = concat(by_cam, by_x, reshape(by_w, [p, 2, 1]), axis: 2);
  (rows,
   concat(reshape(of_residual, [30 * p]), [i: p => i32(last + i)]),
   concat(reshape(entries, [30 * p]), [i: p => grad(weight_residual)(w[i])]))
}
