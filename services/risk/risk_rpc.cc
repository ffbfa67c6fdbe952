#include "services/risk/risk_rpc.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gannet/risk/v1/risk_service.pb.h"
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

class LimitList {
 public:
  explicit LimitList(const LimitSet& set) : set_(set) {}

  void Add(const market::Scope& scope, const Limits& limits) {
    scope_ = scope;
    Money("max_order_notional", limits.max_order_notional);
    Number("price_collar", limits.price_collar_ppm, "ppm");
    if (limits.stale_after)
      Push("stale_after", std::chrono::nanoseconds(*limits.stale_after).count(), 9, "s");
    if (limits.message_rate) {
      Push("message_rate", limits.message_rate->count, 0,
           absl::StrCat("messages in ", base::FormatDuration(limits.message_rate->window)));
    }
    Number("max_open_orders", limits.max_open_orders, "orders");
    Money("max_open_notional", limits.max_open_notional);
    Money("max_long", limits.max_long);
    Money("max_short", limits.max_short);
    Money("max_gross", limits.max_gross);
    Money("max_net", limits.max_net);
    Money("max_daily_loss", limits.max_daily_loss);
    Money("max_drawdown", limits.max_drawdown);
    Number("initial_margin", limits.initial_margin_ppm, "ppm");
  }
  void AddAll(market::ScopeKind kind, const std::map<std::string, Limits>& named) {
    for (const auto& [name, limits] : named)
      Add({kind, name}, name == kDefaultEntry ? limits : set_.Of({kind, name}));
  }
  std::vector<pb::Limit> Take() { return std::move(limits_); }

 private:
  void Money(const char* name, const std::optional<Value>& value) {
    // A limit beyond 64 bits of hundred-millionths is none that a person states.
    if (value) Push(name, static_cast<int64_t>(*value), kValueScale, set_.valuation_asset.text());
  }
  template <class Integer>
  void Number(const char* name, const std::optional<Integer>& value, const char* unit) {
    if (value) Push(name, static_cast<int64_t>(*value), 0, unit);
  }
  void Push(const char* name, int64_t mantissa, uint32_t scale, std::string unit) {
    pb::Limit& limit = limits_.emplace_back();
    *limit.mutable_scope() = ToProto(scope_);
    limit.set_name(name);
    limit.mutable_value()->set_mantissa(mantissa);
    limit.mutable_value()->set_scale(scale);
    limit.set_unit(std::move(unit));
    limit.set_limit_version(set_.version);
  }

  const LimitSet& set_;
  market::Scope scope_;
  std::vector<pb::Limit> limits_;
};

std::vector<pb::Limit> LimitsOf(const LimitSet& set, const std::optional<market::Scope>& scope) {
  LimitList list(set);
  if (scope) {
    list.Add(*scope, set.Of(*scope));
    return list.Take();
  }
  list.Add({market::ScopeKind::kFirm, ""}, set.firm);
  list.AddAll(market::ScopeKind::kAccount, set.accounts);
  list.AddAll(market::ScopeKind::kStrategy, set.strategies);
  list.AddAll(market::ScopeKind::kVenue, set.venues);
  list.AddAll(market::ScopeKind::kInstrument, set.instruments);
  return list.Take();
}

pb::Exposure ExposureOf(const RiskEngine& engine, const market::Scope& scope) {
  pb::Exposure out;
  *out.mutable_scope() = ToProto(scope);
  out.set_currency(engine.limits().valuation_asset.text());
  const Index at = engine.book().FindScope(scope.kind, scope.name);
  static const ScopeRow kEmpty;
  const ScopeRow& row = at == kNone ? kEmpty : engine.book().scope(at);
  *out.mutable_gross() = Amount(row.gross);
  *out.mutable_net() = Amount(row.long_side - row.short_side);
  *out.mutable_open_orders() = Amount(row.open_value);
  *out.mutable_daily_pnl() = Amount(row.result() - row.day_baseline);
  *out.mutable_drawdown() = Amount(std::max<Value>(row.high - row.result(), 0));
  out.set_open_order_count(row.open_orders);
  return out;
}

}  // namespace

void ServeRisk(rpc::Server& server, const RiskEngine& engine, const runtime::Shard& shard) {
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
      [&engine, &shard](const rpc::CallPtr& call, const pb::CheckOrderRequest& request) {
        order::v1::OrderIntentEvent event;
        event.mutable_header();
        *event.mutable_value() = request.intent();
        event.mutable_value()->set_hash(std::string(32, '\0'));
        auto decoded = wire::Decode<market::OrderIntent>(event.SerializeAsString());
        if (!decoded.ok()) return call->End(decoded.status());
        market::OrderIntent intent = std::move(decoded->value);
        if (intent.kind == market::IntentKind::kCancel)
          return call->End(rpc::BadField("intent.kind", "a cancel needs no permission"));
        intent.hash = wire::IntentHash(intent);
        const market::RiskDecision decision = engine.Decide(intent, shard.now());
        market::Event<market::RiskDecision> out;
        out.value = decision;
        pb::RiskDecisionEvent message;
        message.ParseFromString(wire::Encode(out));
        pb::CheckOrderResponse response;
        response.set_permitted(decision.permitted);
        for (const int reason : message.value().failing()) {
          pb::ControlResult& control = *response.add_controls();
          control.set_reason(static_cast<order::v1::RejectReason>(reason));
        }
        call->Reply(response);
      });
}

}  // namespace gannet::risk
