#include "tests/simulation/person.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace gannet::simulation {

using namespace std::chrono_literals;
using execution::TrackedOrder;

std::vector<const TrackedOrder*> Person::OpenOrders(PlatformNode& platform) const {
  std::vector<const TrackedOrder*> hers;
  for (const execution::ExecutionEngine* engine : platform.executions()) {
    for (const market::ClientOrderId& id : engine->state().open()) {
      const TrackedOrder* order = engine->state().Find(id);
      if (order->intent.strategy.text() == absl::StrCat("manual/", name_)) hers.push_back(order);
    }
  }
  return hers;
}

void Person::Give(PlatformNode& platform, market::CommandKind kind, market::OrderRequest order) {
  market::Command command;
  command.kind = kind;
  command.scope = {market::ScopeKind::kAccount, order.account.text()};
  command.reason = "simulation";
  command.person = name_;
  command.request_id = absl::StrCat("order-", ++given_);
  command.order = std::move(order);
  platform.commands().Submit(command,
                             {.wait_for = command::Progress::kAcceptedForRisk, .patience = 5s},
                             [](const absl::StatusOr<command::CommandResult>&) {});
}

void Person::Replace(PlatformNode& platform, const TrackedOrder& order,
                     const market::Instrument& definition) {
  const int64_t ticks = rng_.Between(-40, 40), percent = rng_.Between(30, 150);
  market::OrderRequest request;
  request.account = order.intent.account;
  request.target = order.id();
  request.price = {order.price.mantissa + ticks * definition.tick.mantissa};
  request.quantity = definition.RoundDownToLot({order.quantity.mantissa / 100 * percent});
  if (request.quantity.mantissa > 0)
    Give(platform, market::CommandKind::kReplaceOrder, std::move(request));
}

market::Quantity Worth(const market::Instrument& definition, int64_t quote, market::Price price) {
  const auto units = market::Rescale(market::Money(quote, 0).units(), 0, definition.quote_scale,
                                     market::Rounding::kDown);
  const int digits = definition.price_scale + definition.quantity_scale - definition.quote_scale;
  const auto quantity =
      market::MulDiv(*units, market::PowerOfTen(digits), price.mantissa, market::Rounding::kDown);
  return definition.RoundDownToLot({static_cast<int64_t>(*quantity)});
}

std::vector<std::string> CheckReplaced(const execution::ExecutionState& state) {
  std::vector<std::string> violations;
  for (const auto& [id, order] : state.orders()) {
    if (order.intent.kind != market::IntentKind::kReplace) continue;
    const TrackedOrder* first = state.Find(order.intent.target);
    if (first == nullptr || order.cumulative.mantissa == 0 ||
        first->cumulative + order.cumulative <= order.intent.quantity)
      continue;
    violations.push_back(absl::StrCat(
        "I8: ", id.text(), " was to bring its order to ", order.intent.quantity.mantissa,
        ", filled are ", first->cumulative.mantissa, " and ", order.cumulative.mantissa));
  }
  return violations;
}

}  // namespace gannet::simulation
