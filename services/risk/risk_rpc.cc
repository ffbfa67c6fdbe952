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
