// The pool covers every index once, whatever the threads and the grain; nested loops run inline; contexts keep errors.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "runtime/runegrad.h"

namespace {
struct Env {
  std::vector<int>* hits;
  rg_context* context;
};
void touch(std::int64_t begin, std::int64_t end, int, void* env) {
  auto& hits = *static_cast<Env*>(env)->hits;
  for (std::int64_t i = begin; i < end; ++i) ++hits[static_cast<std::size_t>(i)];
}
void nested(std::int64_t begin, std::int64_t end, int, void* env) {
  for (std::int64_t i = begin; i < end; ++i) {
    std::vector<int> inner(10);
    Env e{&inner, static_cast<Env*>(env)->context};
    rg_parallel_for(e.context, 10, 3, touch, &e);
    (*static_cast<Env*>(env)->hits)[static_cast<std::size_t>(i)] += inner[9];
  }
}
}  // namespace

TEST_CASE("a parallel loop covers every index once") {
  for (const int threads : {1, 2, 4}) {
    rg_context* c = rg_context_create(threads);
    for (const std::int64_t count : {0, 1, 7, 1000}) {
      for (const std::int64_t grain : {1, 3, 64}) {
        std::vector<int> hits(static_cast<std::size_t>(count));
        Env env{&hits, c};
        for (int repeat = 0; repeat < 20; ++repeat) CHECK(rg_parallel_for(c, count, grain, touch, &env) == RG_OK);
        for (const int h : hits) CHECK(h == 20);
      }
    }
    std::vector<int> hits(50);
    Env env{&hits, c};
    rg_parallel_for(c, 50, 1, nested, &env);
    for (const int h : hits) CHECK(h == 1);
    rg_context_destroy(c);
  }
}

TEST_CASE("a context keeps its last error and its workspace") {
  rg_context* c = rg_context_create(1);
  CHECK(rg_error_code(c) == RG_OK);
  CHECK(rg_fail(c, RG_ASSERTION_FAILED, "n is odd") == RG_ASSERTION_FAILED);
  CHECK(std::string(rg_error_message(c)) == "n is odd");
  void* w = rg_workspace(c, 1000);
  CHECK(reinterpret_cast<std::uintptr_t>(w) % 64 == 0);
  rg_workspace_release(c, w);
  CHECK(rg_workspace(c, 500) == w);
  rg_context_destroy(c);
  CHECK(rg_fail(nullptr, RG_OUT_OF_MEMORY, "") == RG_OUT_OF_MEMORY);
  void* own = rg_workspace(nullptr, 100);
  CHECK(own != nullptr);
  rg_workspace_release(nullptr, own);
}

TEST_CASE("digamma and polygamma at known points") {
  CHECK(rg_digamma(1) == doctest::Approx(-0.57721566490153286).epsilon(1e-14));
  CHECK(rg_digamma(-0.5) == doctest::Approx(0.036489973978576520).epsilon(1e-12));
  CHECK(rg_polygamma(1, 1) == doctest::Approx(1.6449340668482264).epsilon(1e-14));
  CHECK(rg_polygamma(3, 0.5) == doctest::Approx(97.409091034002437).epsilon(1e-14));
  CHECK(std::isnan(rg_digamma(-2)));
}
