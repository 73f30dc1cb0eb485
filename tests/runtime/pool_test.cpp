// The pool covers every index once, whatever the threads and the grain; nested loops run inline; contexts keep errors.
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <ctime>
#include <string>
#include <thread>
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

// The threads of nested bodies, while both ranges of the loop around them are under way.
struct Threads {
  rg_context* context;
  std::atomic<int> started{0};
  std::atomic<int> users[4] = {};
  std::atomic<bool> shared{false};
};
void use_thread(std::int64_t, std::int64_t, int thread, void* env) {
  auto& t = *static_cast<Threads*>(env);
  if (t.users[thread].fetch_add(1) != 0) t.shared = true;
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  t.users[thread].fetch_sub(1);
}
void around(std::int64_t, std::int64_t, int, void* env) {
  auto& t = *static_cast<Threads*>(env);
  ++t.started;
  for (int wait = 0; wait < 200 && t.started < 2; ++wait) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  rg_parallel_for(t.context, 8, 1, use_thread, env);
}

void fail(std::int64_t begin, std::int64_t, int, void* env) {
  const std::string message(400, static_cast<char>('a' + begin % 26));
  rg_fail(static_cast<rg_context*>(env), 10 + static_cast<int>(begin % 26), message.c_str());
}
}  // namespace

TEST_CASE("nested bodies that run at once have different threads") {
  rg_context* c = rg_context_create(2);
  Threads t{.context = c};
  rg_parallel_for(c, 2, 1, around, &t);
  CHECK(!t.shared);
  rg_context_destroy(c);
}

TEST_CASE("of bodies that fail at once the first is recorded whole; the next loop's replaces it") {
  rg_context* c = rg_context_create(4);
  for (int repeat = 0; repeat < 50; ++repeat) {
    rg_parallel_for(c, 26, 1, fail, c);
    const std::string message = rg_error_message(c);
    CHECK(message == std::string(400, static_cast<char>('a' + rg_error_code(c) - 10)));
  }
  rg_fail(c, RG_INVALID_ARGUMENT, "outside");
  CHECK(std::string(rg_error_message(c)) == "outside");
  rg_context_destroy(c);
}

TEST_CASE("workers that wait for work sleep soon") {
  rg_context* c = rg_context_create(2);
  std::vector<int> hits(100);
  Env env{&hits, c};
  timespec before, after;
  double used = 1;
  for (int attempt = 0; attempt < 5 && used > 0.2e-3; ++attempt) {
    rg_parallel_for(c, 100, 1, touch, &env);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
    used =
        static_cast<double>(after.tv_sec - before.tv_sec) + 1e-9 * static_cast<double>(after.tv_nsec - before.tv_nsec);
  }
  CHECK(used <= 0.2e-3);
  rg_context_destroy(c);
}

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
