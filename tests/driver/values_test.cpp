// Values on the command line: what binds, what is refused and with which words, and how results are shown.
#include "compiler/driver/values.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <limits>

#include "compiler/code/builder.h"
#include "compiler/driver/npy.h"

using namespace rg;
using ir::Dim;
using ir::Elem;
using ir::Tensor;
using ir::Tree;

namespace {

/// f(x: f64[n, 2], k: i32, flag: bool, p: Line { slope: f32, offset: f32[n] }).
ir::Function sample() {
  ir::Function f;
  f.name = "f";
  f.size_names = {"n"};
  ir::Builder b(f);
  const Dim n = Dim::size(0);
  b.add_param({Elem::f64, {n, 2}}, "x");
  b.add_param({Elem::i32}, "k");
  b.add_param({Elem::boolean}, "flag");
  b.add_param({Elem::f32}, "slope");
  b.add_param({Elem::f32, {n}}, "offset");
  const auto leaf = [](const char* name) {
    Tree t;
    t.name = name;
    return t;
  };
  Tree line;
  line.kind = Tree::Kind::structure;
  line.name = "p";
  line.type_name = "Line";
  line.fields = {leaf("slope"), leaf("offset")};
  f.signature.params = {leaf("x"), leaf("k"), leaf("flag"), line};
  return f;
}

const std::vector<std::string> kGood = {"x=[[1, 2.5], [\"nan\", -1e3]]", "k=-7", "flag=true",
                                        "p={\"slope\": 0.5, \"offset\": [1, 2]}"};

std::string refused(std::size_t which, const std::string& text) {
  auto texts = kGood;
  texts[which] = text;
  const auto bound = driver::bind_arguments(sample(), texts);
  return bound ? "" : bound.error();
}

struct TemporaryFile {
  std::string path;
  TemporaryFile(const std::string& name, const std::string& bytes)
      : path((std::filesystem::temp_directory_path() / ("rg_values_test_" + name)).string()) {
    std::ofstream(path, std::ios::binary) << bytes;
  }
  ~TemporaryFile() { std::filesystem::remove(path); }
};

}  // namespace

TEST_CASE("numbers, lists and objects bind by name, in any order") {
  auto texts = kGood;
  std::swap(texts[0], texts[3]);
  const auto bound = driver::bind_arguments(sample(), texts);
  REQUIRE(bound);
  REQUIRE(bound->tensors.size() == 5);
  CHECK(bound->tensors[0].shape == std::vector<std::int64_t>{2, 2});
  CHECK(bound->tensors[0].reals[1] == 2.5);
  CHECK(std::isnan(bound->tensors[0].reals[2]));
  CHECK(bound->tensors[1].integers == std::vector<std::int64_t>{-7});
  CHECK(bound->tensors[2].integers == std::vector<std::int64_t>{1});
  CHECK(bound->tensors[3].reals == std::vector<double>{0.5});
  CHECK(bound->tensors[4].shape == std::vector<std::int64_t>{2});
}

TEST_CASE("what does not fit is refused by the parameter's name") {
  CHECK(refused(0, "x=[[1, 2], [3]]").find("`x` is f64[n, 2]") != std::string::npos);
  CHECK(refused(0, "x=3").find("`x` is f64[n, 2]") != std::string::npos);
  CHECK(refused(0, "x=[[1, \"two\"]]").find("not a number") != std::string::npos);
  CHECK(refused(0, "x=[[1, 2").find("x") != std::string::npos);
  CHECK(refused(0, "x=@/no/such/file.npy").find("/no/such/file.npy") != std::string::npos);
  CHECK(refused(1, "k=1.5").find("not an integer") != std::string::npos);
  CHECK(refused(1, "k=2147483648").find("beyond i32") != std::string::npos);
  CHECK(refused(2, "flag=1").find("true or false") != std::string::npos);
  CHECK(refused(3, "p={\"slope\": 1}").find("lacks its field `offset`") != std::string::npos);
  CHECK(refused(3, "p={\"slope\": 1, \"offset\": [1], \"more\": 2}").find("no field `more`") != std::string::npos);
  CHECK(refused(3, "q=1").find("no parameter `q`") != std::string::npos);
  auto texts = kGood;
  texts.push_back("y=1");
  const auto unknown = driver::bind_arguments(sample(), texts);
  REQUIRE(!unknown);
  CHECK(unknown.error().find("no parameter `y`") != std::string::npos);
  texts.back() = "k=1";
  CHECK(!driver::bind_arguments(sample(), texts));
  texts.back() = "k";
  CHECK(!driver::bind_arguments(sample(), texts));
}

TEST_CASE("lists nested beyond every rank are refused, not followed") {
  const std::string deep = std::string(100000, '[') + std::string(100000, ']');
  CHECK(!refused(0, "x=" + deep).empty());
}

TEST_CASE("files widen without loss and are refused with loss") {
  Tensor narrow(Elem::f32, {2, 2});
  narrow.reals = {1, 2, 3, 0.5};
  const TemporaryFile f32("narrow.npy", driver::format_npy(narrow));
  auto texts = kGood;
  texts[0] = "x=@" + f32.path;
  const auto bound = driver::bind_arguments(sample(), texts);
  REQUIRE(bound);
  CHECK(bound->tensors[0].elem == Elem::f64);
  CHECK(bound->tensors[0].reals == narrow.reals);

  const TemporaryFile i64("wide.npy", driver::format_npy(Tensor(Elem::i64, {2, 2})));
  CHECK(refused(0, "x=@" + i64.path).find("without loss") != std::string::npos);
  const TemporaryFile json("p.json", "{\"slope\": 2, \"offset\": [3, 4]}");
  texts = kGood;
  texts[3] = "p=@" + json.path;
  const auto from_json = driver::bind_arguments(sample(), texts);
  REQUIRE(from_json);
  CHECK(from_json->tensors[4].reals == std::vector<double>{3, 4});
  const TemporaryFile garbage("garbage.npy", std::string("\x93NUMPY\x01\0\xff\xff", 10));
  CHECK(refused(0, "x=@" + garbage.path).find("cut off") != std::string::npos);
}

TEST_CASE("results read back from JSON in full precision") {
  Tree tuple, leaf;
  tuple.kind = Tree::Kind::tuple;
  tuple.fields = {leaf, leaf, leaf};
  Tensor a(Elem::f64, {2, 2}), b = Tensor::scalar(Elem::f32, 0), c(Elem::boolean, {2});
  a.reals = {0.1, 1.0 / 3, std::numeric_limits<double>::infinity(), std::nan("")};
  b.reals = {static_cast<double>(0.1f)};
  c.integers = {1, 0};
  CHECK(driver::show_json(tuple, {a, b, c}) == "[[[0.1, 0.3333333333333333], [\"inf\", \"nan\"]], 0.1, [true, false]]");
  CHECK(driver::show_readable(leaf, {a}) == "[[0.1, 0.333333],\n [inf, nan]]");
}
