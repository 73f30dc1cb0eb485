#include "compiler/plan/rewrite.h"

#include "compiler/plan/walk.h"
#include "compiler/support/overload.h"

namespace rg::plan {

void replace_values(Plan& plan, std::vector<Item>& items, const std::function<NodeId(NodeId)>& f) {
  const auto replace = [&](NodeId& n) {
    if (n.valid()) n = f(n);
  };
  for_each_item(items, [&](Item& item) {
    std::visit(Overload{[&](Store& s) { replace(s.value); },
                        [&](Accumulate& a) { replace(plan.reductions[a.reduction.index].value); },
                        [&](ScatterAdd& s) {
                          replace(s.value);
                          replace(s.mask);
                        },
                        [&](If& i) { replace(i.condition); },
                        [&](Assert& a) {
                          replace(a.condition);
                          for (Assert::Number& n : a.numbers) replace(n.value);
                        },
                        [](Loop&) {}, [](Tiles&) {}, [](For&) {}, [](Sizes&) {}, [](Kernel&) {}},
               item.what);
  });
}

void move_array(Plan& plan, BufferId array, const std::function<void(Access&)>& f) {
  const auto move = [&](Access& a) {
    if (a.buffer == array) f(a);
  };
  for (Node& n : plan.nodes) {
    if (n.kind == Node::Kind::load) move(n.access);
  }
  for_each_item(plan.body, [&](Item& item) {
    if (Access* a = stored_by(item)) move(*a);
  });
}

}  // namespace rg::plan
