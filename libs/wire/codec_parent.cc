#include "gannet/order/v1/parent.pb.h"
#include "libs/market/parent.h"
#include "libs/wire/conversion.h"

namespace gannet::wire {
namespace {

namespace pb = ::gannet::order::v1;
using market::Algo;
using market::ParentState;

constexpr EnumTable<Algo, pb::Algo, 7> kAlgos({
    {Algo::kTwap, pb::ALGO_TWAP},
    {Algo::kVwap, pb::ALGO_VWAP},
    {Algo::kPov, pb::ALGO_POV},
    {Algo::kIceberg, pb::ALGO_ICEBERG},
    {Algo::kRoute, pb::ALGO_ROUTE},
    {Algo::kBracket, pb::ALGO_BRACKET},
    {Algo::kOco, pb::ALGO_OCO},
});
constexpr EnumTable<ParentState, pb::ParentState, 8> kParentStates({
    {ParentState::kSubmitted, pb::PARENT_STATE_SUBMITTED},
    {ParentState::kWorking, pb::PARENT_STATE_WORKING},
    {ParentState::kPaused, pb::PARENT_STATE_PAUSED},
    {ParentState::kDenied, pb::PARENT_STATE_DENIED},
    {ParentState::kCompleted, pb::PARENT_STATE_COMPLETED},
    {ParentState::kExpired, pb::PARENT_STATE_EXPIRED},
    {ParentState::kCanceled, pb::PARENT_STATE_CANCELED},
    {ParentState::kFailed, pb::PARENT_STATE_FAILED},
});

market::Money Sum(market::Int128 value) { return {value, 0}; }

}  // namespace

void WritePlan(const market::AlgoPlan& plan, MessageWriter& out) {
  using Proto = pb::AlgoPlan;
  out.Enum(Proto::kAlgoFieldNumber, kAlgos.ToProto(plan.algo));
  out.Unsigned(Proto::kSlicesFieldNumber, plan.slices);
  if (!plan.weights.empty()) {
    out.Message(Proto::kWeightsFieldNumber, [&](MessageWriter& part) {
      for (const uint32_t weight : plan.weights) part.Element(weight);
    });
  }
  out.Unsigned(Proto::kParticipationPpmFieldNumber, plan.participation_ppm);
  out.Zigzag(Proto::kVisibleFieldNumber, plan.visible.mantissa);
  for (const market::InstrumentId& venue : plan.venues)
    out.AddText(Proto::kVenuesFieldNumber, venue.text());
  out.Zigzag(Proto::kTakeProfitFieldNumber, plan.take_profit.mantissa);
  out.Zigzag(Proto::kStopFieldNumber, plan.stop.mantissa);
  out.Zigzag(Proto::kStopLimitFieldNumber, plan.stop_limit.mantissa);
  out.Unsigned(Proto::kMaxChildrenFieldNumber, plan.max_children);
}

market::AlgoPlan PlanFrom(const pb::AlgoPlan& message, Problem& problem, std::string_view field) {
  market::AlgoPlan plan;
  plan.algo = problem.Enum(kAlgos, message.algo(), field);
  plan.slices = message.slices();
  plan.weights.assign(message.weights().begin(), message.weights().end());
  plan.participation_ppm = message.participation_ppm();
  plan.visible.mantissa = message.visible();
  for (const std::string& venue : message.venues()) plan.venues.emplace_back(venue);
  plan.take_profit.mantissa = message.take_profit();
  plan.stop.mantissa = message.stop();
  plan.stop_limit.mantissa = message.stop_limit();
  plan.max_children = message.max_children();
  return plan;
}

template <>
struct Convert<market::ParentOrder> {
  using Envelope = pb::ParentOrderEvent;

  using Proto = pb::ParentOrder;

  static void Write(const market::ParentOrder& value, MessageWriter& out) {
    out.Message(Proto::kIntentFieldNumber,
                [&](MessageWriter& part) { WriteIntent(value.intent, part); });
    out.Message(Proto::kPlanFieldNumber, [&](MessageWriter& part) { WritePlan(value.plan, part); });
    out.Enum(Proto::kStateFieldNumber, kParentStates.ToProto(value.state));
    out.Zigzag(Proto::kFilledFieldNumber, value.filled.mantissa);
    out.Zigzag(Proto::kExitedFieldNumber, value.exited.mantissa);
    out.Money(Proto::kFilledValueFieldNumber, Sum(value.filled_value));
    out.Money(Proto::kExitedValueFieldNumber, Sum(value.exited_value));
    out.Zigzag(Proto::kMarketVolumeFieldNumber, value.market_volume.mantissa);
    out.Money(Proto::kMarketValueFieldNumber, Sum(value.market_value));
    out.Zigzag(Proto::kArrivalPriceFieldNumber, value.arrival.mantissa);
    out.Unsigned(Proto::kChildrenFieldNumber, value.children);
    out.Text(Proto::kDetailFieldNumber, value.detail);
    const market::ParentFigures figures = FiguresOf(value);
    out.Zigzag(Proto::kAveragePriceFieldNumber, figures.average.mantissa);
    out.Zigzag(Proto::kExitAveragePriceFieldNumber, figures.exit_average.mantissa);
    out.Zigzag(Proto::kMarketVwapFieldNumber, figures.market_vwap.mantissa);
    out.Zigzag(Proto::kArrivalSlippagePpmFieldNumber, figures.arrival_slippage_ppm);
    out.Zigzag(Proto::kVwapSlippagePpmFieldNumber, figures.vwap_slippage_ppm);
  }

  static market::ParentOrder From(const pb::ParentOrder& message, Problem& problem) {
    market::ParentOrder value;
    problem.Require(message.has_intent(), "value.intent");
    problem.Require(message.has_plan(), "value.plan");
    Problem inside;
    value.intent = IntentFrom(message.intent(), inside);
    if (inside.found()) problem.AddInside("value.intent", inside);
    value.plan = PlanFrom(message.plan(), problem, "value.plan.algo");
    value.state = problem.Enum(kParentStates, message.state(), "value.state");
    value.filled.mantissa = message.filled();
    value.exited.mantissa = message.exited();
    const auto sum = [&problem](bool present, const common_pb::Money& money, const char* field) {
      return problem.Money(present, money, field).units();
    };
    value.filled_value =
        sum(message.has_filled_value(), message.filled_value(), "value.filled_value");
    value.exited_value =
        sum(message.has_exited_value(), message.exited_value(), "value.exited_value");
    value.market_volume.mantissa = message.market_volume();
    value.market_value =
        sum(message.has_market_value(), message.market_value(), "value.market_value");
    value.arrival.mantissa = message.arrival_price();
    value.children = message.children();
    value.detail = message.detail();
    return value;
  }
};

GANNET_WIRE_INSTANTIATE(market::ParentOrder);

}  // namespace gannet::wire
