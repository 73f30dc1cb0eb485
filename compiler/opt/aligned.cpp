#include "compiler/opt/aligned.h"

#include <algorithm>

namespace rg::opt {

using namespace ir;
using ops::Labels;

ValueId aligned(Builder& b, ValueId v, const Labels& own, const Labels& labels, const std::vector<Dim>& dims) {
  std::vector<std::int64_t> order, axes;
  for (std::size_t d = 0; d < labels.size(); ++d) {
    const auto at = std::ranges::find(own, labels[d]);
    if (at == own.end()) continue;
    order.push_back(at - own.begin());
    axes.push_back(static_cast<std::int64_t>(d));
  }
  return b.broadcast(b.transpose(v, order), dims, axes);
}

}  // namespace rg::opt
