// .npy files: what is written reads back, both orders are read, and what is malformed is refused with a reason.
#include "compiler/driver/npy.h"

#include <doctest/doctest.h>

using namespace rg;
using ir::Elem;
using ir::Tensor;

namespace {

std::string file(const std::string& header, const std::string& data, char version = 1) {
  std::string out = "\x93NUMPY";
  out += version;
  out += '\0';
  out += static_cast<char>(header.size() & 255);
  out += static_cast<char>(header.size() >> 8);
  if (version > 1) out += std::string(2, '\0');
  return out + header + data;
}

std::string doubles(std::initializer_list<double> values) {
  std::string out;
  for (const double v : values) out.append(reinterpret_cast<const char*>(&v), sizeof v);
  return out;
}

const std::string kHeader = "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }\n";

}  // namespace

TEST_CASE("every element type and rank is written and read back") {
  for (const Elem e : {Elem::f32, Elem::f64, Elem::i32, Elem::i64, Elem::boolean}) {
    for (const std::vector<std::int64_t>& shape : {std::vector<std::int64_t>{}, {3}, {2, 2}, {0, 4}, {1, 2, 3}}) {
      Tensor t(e, shape);
      for (std::size_t i = 0; i < t.reals.size(); ++i) t.reals[i] = static_cast<double>(i) - 1.5;
      for (std::size_t i = 0; i < t.integers.size(); ++i)
        t.integers[i] = e == Elem::boolean ? static_cast<std::int64_t>(i % 2) : static_cast<std::int64_t>(i) - 7;
      const auto back = driver::parse_npy(driver::format_npy(t));
      REQUIRE(back);
      CHECK(back->elem == e);
      CHECK(back->shape == shape);
      CHECK(back->reals == t.reals);
      CHECK(back->integers == t.integers);
    }
  }
}

TEST_CASE("what is written is aligned to 64 bytes, as the format asks") {
  const std::string bytes = driver::format_npy(Tensor(Elem::f64, {5}));
  CHECK((bytes.size() - 40) % 64 == 0);
  CHECK(bytes.size() - 40 > 0);
}

TEST_CASE("versions 1 to 3 and both orders are read") {
  for (const char version : {1, 2, 3}) {
    const auto t = driver::parse_npy(file(kHeader, doubles({1, 2, 3, 4, 5, 6}), version));
    REQUIRE(t);
    CHECK(t->reals == std::vector<double>{1, 2, 3, 4, 5, 6});
  }
  const auto t = driver::parse_npy(
      file("{'descr': '<f8', 'fortran_order': True, 'shape': (2, 3), }\n", doubles({1, 4, 2, 5, 3, 6})));
  REQUIRE(t);
  CHECK(t->shape == std::vector<std::int64_t>{2, 3});
  CHECK(t->reals == std::vector<double>{1, 2, 3, 4, 5, 6});
}

TEST_CASE("malformed files are refused") {
  const std::string good = file(kHeader, doubles({1, 2, 3, 4, 5, 6}));
  for (std::size_t n = 0; n < good.size(); ++n) {
    INFO(n, " bytes of ", good.size());
    CHECK(!driver::parse_npy(good.substr(0, n)));
  }
  for (const char* header : {"", "{}", "{'descr': '<c16', 'fortran_order': False, 'shape': (1,), }",
                             "{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }",
                             "{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296), }",
                             "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,), }",
                             "{'descr': '<f8', 'fortran_order': False, 'shape': (2305843009213693952,), }",
                             "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3",
                             "{'descr': '>f8', 'fortran_order': "
                             "False, 'shape': (1,), }"}) {
    INFO(header);
    const auto t = driver::parse_npy(file(header, doubles({1, 2, 3})));
    CHECK(!t);
    if (!t) CHECK(!t.error().empty());
  }
}
