#include "services/risk/risk_rpc.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gannet/risk/v1/risk_service.pb.h"
#include "libs/portfolio/backtest.h"
#include "libs/rpc/error.h"
#include "libs/wire/codec.h"

namespace gannet::risk {
namespace {

namespace pb = ::gannet::risk::v1;

// Proto and domain number scopes alike.
common::v1::Scope ToProto(const market::Scope& scope) {
  common::v1::Scope out;
  out.set_kind(static_cast<common::v1::ScopeKind>(scope.kind));
  out.set_name(scope.name);
  return out;
}
std::optional<market::Scope> FromProto(const common::v1::Scope& scope) {
  if (!common::v1::ScopeKind_IsValid(scope.kind()) || scope.kind() == 0) return std::nullopt;
  const bool firm = scope.kind() == common::v1::SCOPE_KIND_FIRM;
  if (firm != scope.name().empty()) return std::nullopt;
  return market::Scope{static_cast<market::ScopeKind>(scope.kind()), scope.name()};
}

common::v1::Money Amount(Value value) {
  common::v1::Money out;
  out.set_units_high(static_cast<int64_t>(value >> 64));
  out.set_units_low(static_cast<uint64_t>(value));
  out.set_scale(kValueScale);
  return out;
}

// A limit beyond 64 bits of hundred-millionths is none that a person states.
pb::Limit ToProto(const market::LimitRow& row, uint64_t version) {
  pb::Limit out;
  *out.mutable_scope() = ToProto(row.scope);
  out.set_name(row.name);
  out.mutable_value()->set_mantissa(static_cast<int64_t>(row.value.units()));
  out.mutable_value()->set_scale(static_cast<uint32_t>(row.value.scale()));
  out.set_unit(row.asset.empty() ? row.unit : row.asset.text());
  out.set_limit_version(version);
  return out;
}

std::vector<pb::Limit> LimitsOf(const LimitSet& set, const std::optional<market::Scope>& scope) {
  std::vector<pb::Limit> limits;
  for (const market::LimitRow& row : scope ? RowsOf(set, *scope) : RowsOf(set))
    limits.push_back(ToProto(row, set.version));
  return limits;
}

pb::Exposure ExposureOf(const RiskEngine& engine, const market::Scope& scope) {
  pb::Exposure out;
  *out.mutable_scope() = ToProto(scope);
  out.set_currency(engine.limits().valuation_asset.text());
  const Index at = engine.book().FindScope(scope.kind, scope.name);
  static const ScopeRow kEmpty;
  const ScopeRow& row = at == kNone ? kEmpty : engine.book().scope(at);
  *out.mutable_gross() = Amount(row.gross());
  *out.mutable_net() = Amount(row.long_side() - row.short_side());
  *out.mutable_open_orders() = Amount(row.open_value());
  *out.mutable_daily_pnl() = Amount(row.result() - row.day_baseline);
  *out.mutable_drawdown() = Amount(std::max<Value>(row.high - row.result(), 0));
  out.set_open_order_count(row.open_orders);
  return out;
}

// --- portfolio -------------------------------------------------------------------

template <class T, class Set>
void Put(const std::optional<T>& value, const Set& set) {
  if (value) set(*value);
}

void PutMethods(const PortfolioFigures& figures, pb::GetPortfolioRiskResponse& out) {
  for (size_t i = 0; i < kMethods; ++i) {
    const PortfolioFigures::Risk& risk = figures.methods[i];
    pb::PortfolioMethod& method = *out.add_methods();
    method.set_name(std::string(Name(static_cast<Method>(i))));
    Put(risk.var, [&](Value v) { *method.mutable_value_at_risk() = Amount(v); });
    Put(risk.es, [&](Value v) { *method.mutable_expected_shortfall() = Amount(v); });
    method.set_problem(risk.problem);
  }
  Put(figures.simulated_low, [&](Value v) { *out.mutable_simulated_low() = Amount(v); });
  Put(figures.simulated_high, [&](Value v) { *out.mutable_simulated_high() = Amount(v); });
  for (const PortfolioFigures::Stress& stress : figures.stress) {
    pb::PortfolioStress& to = *out.add_stress();
    to.set_name(stress.name);
    *to.mutable_loss() = Amount(stress.loss);
    *to.mutable_worst_loss() = Amount(stress.worst_loss);
    to.set_worst_step(stress.worst_step);
  }
}

void PutBacktest(const PortfolioFigures& figures, pb::PortfolioBacktest& out) {
  out.set_observations(figures.backtested);
  out.set_exceptions(figures.exceptions);
  if (figures.zone > 0)
    out.set_zone(std::string(Name(static_cast<portfolio::BaselZone>(figures.zone))));
  Put(figures.kupiec_ppm, [&](int64_t v) { out.set_kupiec_ppm(v); });
  Put(figures.independence_ppm, [&](int64_t v) { out.set_independence_ppm(v); });
  Put(figures.coverage_ppm, [&](int64_t v) { out.set_coverage_ppm(v); });
}

void PutSignals(const PortfolioFigures& figures, const AlarmSettings& alarm,
                pb::GetPortfolioRiskResponse& out) {
  const int64_t thresholds[kSignals] = {1'000'000, alarm.jump_ppm, alarm.depth_ppm,
                                        alarm.correlation_ppm, alarm.peg_ppm};
  for (size_t i = 0; i < kSignals; ++i) {
    const PortfolioFigures::Reading& reading = figures.signals[i];
    pb::PortfolioSignal& signal = *out.add_signals();
    signal.set_name(std::string(Name(static_cast<Signal>(i))));
    Put(reading.value_ppm, [&](int64_t v) { signal.set_value_ppm(v); });
    signal.set_threshold_ppm(thresholds[i]);
    signal.set_up(reading.up);
    signal.set_detail(reading.detail);
  }
}

absl::StatusOr<pb::GetPortfolioRiskResponse> PortfolioRisk(const RiskService& service) {
  const RiskEngine& engine = service.engine();
  const PortfolioEngine& portfolio = service.portfolio();
  if (!portfolio.on()) {
    return absl::FailedPreconditionError(
        "the limits file of risk has no section portfolio, so that nothing is worked out; add "
        "one (docs/portfolio-risk.md) and start risk again");
  }
  const PortfolioSettings& settings = *engine.limits().portfolio;
  if (!portfolio.figures()) {
    return absl::FailedPreconditionError(absl::StrCat("no figures yet; they come every ",
                                                      base::FormatDuration(settings.interval),
                                                      " once prices have, ask again then"));
  }
  const PortfolioFigures& figures = *portfolio.figures();
  const market::Scope firm{market::ScopeKind::kFirm, ""};
  pb::GetPortfolioRiskResponse out;
  out.set_as_of_ns(base::UnixNanos(figures.at));
  out.set_currency(engine.limits().valuation_asset.text());
  out.set_confidence_ppm(settings.confidence_ppm);
  out.set_horizon_ns(std::chrono::nanoseconds(settings.horizon).count());
  out.set_minimum_observations(settings.minimum);
  out.set_observations(figures.observations);
  out.set_instruments(figures.instruments);
  out.set_uncovered(figures.uncovered);
  out.set_left_out(portfolio.left_out());
  *out.mutable_gross() = Amount(figures.gross);
  PutMethods(figures, out);
  Put(figures.volatility_ppm, [&](int64_t v) { out.set_volatility_ppm(v); });
  Put(figures.scale_ppm, [&](int64_t v) { out.set_scale_ppm(v); });
  Put(figures.kelly_ppm, [&](int64_t v) { out.set_kelly_ppm(v); });
  out.set_largest(figures.largest);
  Put(figures.largest_share_ppm, [&](int64_t v) { out.set_largest_share_ppm(v); });
  Put(figures.effective_ppm, [&](int64_t v) { out.set_effective_ppm(v); });
  PutBacktest(figures, *out.mutable_backtest());
  PutSignals(figures, settings.alarm, out);
  for (std::string& text : portfolio.Broken(figures)) out.add_broken(std::move(text));
  *out.mutable_exposure() = ExposureOf(engine, firm);
  for (pb::Limit& limit : LimitsOf(engine.limits(), firm)) *out.add_limits() = std::move(limit);
  market::Event<market::RiskState> state;
  state.value = engine.StateOf(engine.book().scope(engine.book().FindScope(firm.kind, firm.name)));
  pb::RiskStateEvent event;
  event.ParseFromString(wire::Encode(state));
  *out.mutable_state() = std::move(*event.mutable_value());
  return out;
}

}  // namespace

void ServeRisk(rpc::Server& server, RiskService& service, const runtime::Shard& shard) {
  const RiskEngine& engine = service.engine();
  server.Handle<pb::GetPortfolioRiskRequest>(
      "gannet.risk.v1.RiskService/GetPortfolioRisk",
      [&service](const rpc::CallPtr& call, const pb::GetPortfolioRiskRequest&) {
        const auto risk = PortfolioRisk(service);
        if (!risk.ok()) return call->End(risk.status());
        call->Reply(*risk);
      });
  server.Handle<pb::ListLimitsRequest>(
      "gannet.risk.v1.RiskService/ListLimits",
      [&engine](const rpc::CallPtr& call, const pb::ListLimitsRequest& request) {
        std::optional<market::Scope> scope;
        if (request.has_scope()) {
          scope = FromProto(request.scope());
          if (!scope) return call->End(rpc::BadField("scope", "names no scope"));
        }
        const std::vector<pb::Limit> all = LimitsOf(engine.limits(), scope);
        size_t begin = 0;
        const std::string& token = request.page_token();
        if (!token.empty() &&
            std::from_chars(token.data(), token.data() + token.size(), begin).ec != std::errc())
          return call->End(rpc::BadField("page_token", "is none that was given here"));
        const auto size = static_cast<size_t>(
            std::clamp(request.page_size() == 0 ? 100 : request.page_size(), 1, 1'000));
        pb::ListLimitsResponse response;
        for (size_t i = begin; i < all.size() && i < begin + size; ++i)
          *response.add_limits() = all[i];
        if (begin + size < all.size()) response.set_next_page_token(absl::StrCat(begin + size));
        response.set_limit_version(engine.limits().version);
        if (request.with_file()) response.set_file(engine.limits_file());
        call->Reply(response);
      });
  server.Handle<pb::GetExposureRequest>(
      "gannet.risk.v1.RiskService/GetExposure",
      [&engine, &shard](const rpc::CallPtr& call, const pb::GetExposureRequest& request) {
        const auto scope = FromProto(request.scope());
        if (!scope) return call->End(rpc::BadField("scope", "names no scope"));
        pb::GetExposureResponse response;
        *response.mutable_exposure() = ExposureOf(engine, *scope);
        for (pb::Limit& limit : LimitsOf(engine.limits(), scope))
          *response.add_limits() = std::move(limit);
        response.set_as_of_ns(base::UnixNanos(shard.now()));
        call->Reply(response);
      });
  server.Handle<pb::CheckOrderRequest>(
      "gannet.risk.v1.RiskService/CheckOrder",
      [&service](const rpc::CallPtr& call, const pb::CheckOrderRequest& request) {
        order::v1::OrderIntentEvent event;
        event.mutable_header();
        *event.mutable_value() = request.intent();
        event.mutable_value()->set_hash(std::string(32, '\0'));
        auto decoded = wire::Decode<market::OrderIntent>(event.SerializeAsString());
        if (!decoded.ok()) return call->End(decoded.status());
        market::OrderIntent intent = std::move(decoded->value);
        if (intent.kind == market::IntentKind::kCancel)
          return call->End(rpc::BadField("intent.kind", "a cancel needs no permission"));
        const std::vector<RiskEngine::Refusal> refusals = service.Check(std::move(intent));
        // The codec numbers reasons.
        market::Event<market::RiskDecision> refused;
        for (const auto& refusal : refusals)
          refused.value.failing.push_back(refusal.control->reason);
        pb::RiskDecisionEvent message;
        message.ParseFromString(wire::Encode(refused));
        pb::CheckOrderResponse response;
        response.set_permitted(refusals.empty());
        for (int i = 0; i < message.value().failing_size(); ++i) {
          const auto& [control, finding] = refusals[static_cast<size_t>(i)];
          pb::ControlResult& out = *response.add_controls();
          out.set_control(static_cast<uint32_t>(control->number));
          out.set_reason(message.value().failing(i));
          if (finding.scope) *out.mutable_scope() = ToProto(*finding.scope);
          out.set_detail(finding.detail);
        }
        call->Reply(response);
      });
}

}  // namespace gannet::risk
