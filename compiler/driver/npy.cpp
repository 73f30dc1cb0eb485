#include "compiler/driver/npy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cstring>
#include <optional>

#include "compiler/support/diagnostic.h"

namespace rg::driver {

using namespace ir;

namespace {

constexpr std::string_view kMagic = "\x93NUMPY";

Failure bad(std::string why) { return {std::move(why), Code::malformed_npy}; }

struct Format {
  std::string_view code;
  Elem elem;
};
constexpr std::array<Format, 5> kFormats{
    {{"<f4", Elem::f32}, {"<f8", Elem::f64}, {"<i4", Elem::i32}, {"<i8", Elem::i64}, {"|b1", Elem::boolean}}};

/// The text after 'key': up to a delimiter at depth 0.
std::optional<std::string_view> entry(std::string_view header, std::string_view key) {
  const auto at = header.find(fmt::format("'{}'", key));
  if (at == std::string_view::npos) return std::nullopt;
  auto rest = header.substr(at + key.size() + 2);
  const auto colon = rest.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  rest = rest.substr(colon + 1);
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  const auto end = rest.starts_with('(') ? rest.find(')') : rest.find_first_of(",}");
  if (end == std::string_view::npos) return std::nullopt;
  return rest.substr(0, rest.starts_with('(') ? end + 1 : end);
}

Result<std::vector<std::int64_t>> parse_shape(std::string_view text) {
  std::vector<std::int64_t> shape;
  std::int64_t count = 1;
  for (std::size_t i = 1; i < text.size();) {
    if (text[i] == ' ' || text[i] == ',' || text[i] == ')') {
      ++i;
      continue;
    }
    std::int64_t v = 0;
    const std::size_t start = i;
    for (; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i) {
      if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, text[i] - '0', &v))
        return bad("an extent is beyond 64 bits");
    }
    if (i == start) return bad("its shape is malformed");
    if (__builtin_mul_overflow(count, v, &count)) return bad("its number of elements is beyond 64 bits");
    shape.push_back(v);
  }
  return shape;
}

template <class T>
void read_elements(const char* data, Tensor& t) {
  const std::int64_t n = t.count();
  for (std::int64_t i = 0; i < n; ++i) {
    T v;
    std::memcpy(&v, data + static_cast<std::size_t>(i) * sizeof(T), sizeof(T));
    if (t.is_real())
      t.reals[static_cast<std::size_t>(i)] = static_cast<double>(v);
    else
      t.integers[static_cast<std::size_t>(i)] = static_cast<std::int64_t>(v);
  }
}

Tensor from_fortran(const Tensor& x) {  // x was read as if its axes were in the opposite order
  Tensor out(x.elem, x.shape);
  for_each_index(x.shape, [&](std::span<const std::int64_t> index, std::int64_t to) {
    std::int64_t from = 0, stride = 1;
    for (std::size_t d = 0; d < index.size(); ++d) {
      from += stride * index[d];
      stride *= x.shape[d];
    }
    if (x.is_real())
      out.reals[static_cast<std::size_t>(to)] = x.reals[static_cast<std::size_t>(from)];
    else
      out.integers[static_cast<std::size_t>(to)] = x.integers[static_cast<std::size_t>(from)];
  });
  return out;
}

}  // namespace

Result<Tensor> parse_npy(const std::string& bytes) {
  if (bytes.size() < 10 || !bytes.starts_with(kMagic)) return bad("it is not an .npy file");
  const auto byte = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(bytes[i])); };
  const bool wide = byte(6) >= 2;
  if (wide && bytes.size() < 12) return bad("it is cut off");
  const std::size_t start = wide ? 12 : 10;
  const std::size_t length = byte(8) + 256 * byte(9) + (wide ? 65536 * byte(10) + 16777216 * byte(11) : 0);
  if (bytes.size() < start + length) return bad("it is cut off");
  const std::string_view header = std::string_view(bytes).substr(start, length);
  const auto descr = entry(header, "descr"), order = entry(header, "fortran_order"),
             shape_text = entry(header, "shape");
  if (!descr || !order || !shape_text || descr->size() < 3 || !shape_text->starts_with('('))
    return bad("its header is malformed");
  const std::string_view code = descr->substr(1, descr->size() - 2);
  const Format* format = nullptr;
  for (const Format& f : kFormats) {
    if (f.code == code) format = &f;
  }
  if (format == nullptr) return bad(fmt::format("its element type is {}; <f4 <f8 <i4 <i8 |b1 can be read", code));
  auto shape = parse_shape(*shape_text);
  if (!shape) return shape.failure();
  std::int64_t need = byte_size(format->elem);
  for (const std::int64_t e : *shape) {
    if (__builtin_mul_overflow(need, e, &need)) return bad("its size is beyond 64 bits");
  }
  if (static_cast<std::uint64_t>(need) > bytes.size() - start - length)
    return bad("it holds fewer elements than its shape says");
  Tensor t(format->elem, std::move(*shape));
  const char* data = bytes.data() + start + length;
  switch (format->elem) {
    case Elem::f32:
      read_elements<float>(data, t);
      break;
    case Elem::f64:
      read_elements<double>(data, t);
      break;
    case Elem::i32:
      read_elements<std::int32_t>(data, t);
      break;
    case Elem::i64:
      read_elements<std::int64_t>(data, t);
      break;
    case Elem::boolean:
      read_elements<std::uint8_t>(data, t);
      break;
  }
  return *order == "True" && t.rank() > 1 ? from_fortran(t) : t;
}

namespace {
template <class T>
void append(std::string& out, T v) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &v, sizeof(T));
  out.append(bytes, sizeof(T));
}
}  // namespace

std::string format_npy(const Tensor& t) {
  std::string_view code;
  for (const Format& f : kFormats) {
    if (f.elem == t.elem) code = f.code;
  }
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}{}), }}", code,
                                   fmt::join(t.shape, ", "), t.rank() == 1 ? "," : "");
  header.append(63 - (header.size() + 10) % 64, ' ');
  header += '\n';
  std::string out(kMagic);
  out += '\x01';
  out += '\x00';
  append(out, static_cast<std::uint16_t>(header.size()));
  out += header;
  for (std::int64_t i = 0; i < t.count(); ++i) {
    switch (t.elem) {
      case Elem::f32:
        append(out, static_cast<float>(t.real(i)));
        break;
      case Elem::f64:
        append(out, t.real(i));
        break;
      case Elem::i32:
        append(out, static_cast<std::int32_t>(t.integer(i)));
        break;
      case Elem::i64:
        append(out, t.integer(i));
        break;
      case Elem::boolean:
        append(out, static_cast<std::uint8_t>(t.integer(i)));
        break;
    }
  }
  return out;
}

}  // namespace rg::driver
