// Points are assigned to their nearest centroid; dir is the Newton step, J / diag(H), of the sum of squared distances.

export fn cost(points: f64[n, d], centroids: f64[k, d]) -> f64 {
  sum[i: n => min[j: k => sum[l: d => (points[i, l] - centroids[j, l])^2]]]
}

export fn dir(points: f64[n, d], centroids: f64[k, d]) -> f64[k, d] {
  let ones = [j: k, l: d => 1.0];
  let (j, h) = value_and_jvp(grad(cost, wrt: centroids), wrt: centroids)(points, centroids, ones);
  j / h
}
