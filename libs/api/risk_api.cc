#include "libs/api/risk_api.h"

#include <algorithm>
#include <utility>

#include "gannet/ops/v1/ops.pb.h"
#include "gannet/risk/v1/risk_service.pb.h"
#include "libs/api/filters.h"
#include "libs/command/unheard.h"
#include "libs/rpc/error.h"
#include "libs/wire/codec.h"

namespace gannet::api {
namespace {

namespace pb = ::gannet::risk::v1;
using command::Progress;

// By way of a message that the codec knows.
absl::StatusOr<market::RiskState> StateFrom(const common::v1::Scope& scope,
                                            pb::TradingState state) {
  pb::RiskStateEvent event;
  event.mutable_header();
  *event.mutable_value()->mutable_scope() = scope;
  event.mutable_value()->set_state(state);
  auto decoded = wire::Decode<market::RiskState>(event.SerializeAsString());
  if (!decoded.ok()) return decoded.status();
  return std::move(decoded->value);
}

pb::RiskState ToProto(const market::RiskState& state) {
  market::Event<market::RiskState> event;
  event.value = state;
  pb::RiskStateEvent message;
  message.ParseFromString(wire::Encode(event));
  return message.value();
}

pb::LimitEvent ToProto(const market::Event<market::LimitEvent>& event) {
  pb::LimitEventEvent message;
  message.ParseFromString(wire::Encode(event));
  return message.value();
}

pb::LimitProposal ToProto(const market::LimitRecord::Proposal& proposal, bool stale) {
  const pb::LimitEvent proposed = ToProto(proposal.proposed);
  pb::LimitProposal out;
  out.set_proposal(proposed.proposal());
  out.set_state(pb::LIMIT_STEP_PROPOSED);
  out.set_stale(stale);
  out.set_base_version(proposed.base_version());
  out.set_version(proposed.version());
  *out.mutable_changes() = proposed.changes();
  out.set_proposer(proposed.person());
  out.set_reason(proposed.reason());
  out.set_proposed_ns(base::UnixNanos(proposal.proposed.header.event_time));
  if (!proposal.decided) return out;
  const pb::LimitEvent decided = ToProto(*proposal.decided);
  out.set_state(decided.step());
  out.set_decider(decided.person());
  out.set_decider_reason(decided.reason());
  out.set_decided_ns(base::UnixNanos(proposal.decided->header.event_time));
  return out;
}

// OK: risk did what was asked.
absl::Status Applied(const absl::StatusOr<command::CommandResult>& answer) {
  if (!answer.ok()) return answer.status();
  if (answer->reached == Progress::kRefused) return absl::FailedPreconditionError(answer->detail);
  if (answer->reached != Progress::kApplied) {
    return absl::DeadlineExceededError(
        "the command is recorded, but neither risk nor execution has answered; ask again with the "
        "same request_id");
  }
  return absl::OkStatus();
}

}  // namespace

RiskApi::RiskApi(rpc::Server& server, bus::Bus& bus, uint64_t epoch, command::Commands* commands)
    : commands_(commands), feed_(bus, epoch, kKeptStates), decisions_(bus, epoch, kKeptDecisions) {
  feed_.Add(bus::kRiskState.info, [this](const Feed::Item& item) {
    const market::Scope& scope = item.As(bus::kRiskState)->value.scope;
    if (states_.size() < kKeptScopes || states_.contains(scope)) states_[scope] = item;
  });
  feed_.Listen(bus::kRiskLimits.info,
               [this](const Feed::Item& item) { limits_.Apply(*item.As(bus::kRiskLimits)); });
  decisions_.Listen(bus::kRiskDecisions.info, [this](const Feed::Item& item) {
    decisions_.Keep(item, item.As(bus::kRiskDecisions)->value.intent.client_order_id.text());
  });
  Serve(server);
  ServeProposals(server);
  if (commands_ != nullptr) ServeChanges(server);
}

void RiskApi::Serve(rpc::Server& server) {
  server.Handle<pb::GetRiskStateRequest>(
      "gannet.risk.v1.RiskService/GetRiskState",
      [this](const rpc::CallPtr& call, const pb::GetRiskStateRequest& request) {
        const auto asked = StateFrom(request.scope(), pb::TRADING_STATE_ACTIVE);
        if (!asked.ok()) return call->End(rpc::BadField("scope", "names no scope"));
        pb::GetRiskStateResponse response;
        const auto found = states_.find(asked->scope);
        *response.mutable_state() = found != states_.end()
                                        ? found->second.To<pb::RiskStateEvent>().value()
                                        : ToProto(*asked);
        const auto firm = states_.find({market::ScopeKind::kFirm, ""});
        const pb::TradingState above = firm != states_.end()
                                           ? firm->second.To<pb::RiskStateEvent>().value().state()
                                           : pb::TRADING_STATE_ACTIVE;
        response.set_effective(std::max(response.state().state(), above));
        for (const auto& [scope, item] : states_) {
          const market::RiskState& state = item.As(bus::kRiskState)->value;
          if (state.killed || state.state != market::TradingState::kActive)
            *response.add_restricted() = ToProto(state);
        }
        call->Reply(response);
      });
  server.Handle<pb::StreamRiskStateRequest>(
      "gannet.risk.v1.RiskService/StreamRiskState",
      [this](const rpc::CallPtr& call, const pb::StreamRiskStateRequest& request) {
        std::vector<Feed::Item> standing;
        for (const auto& [scope, item] : states_)
          standing.push_back({feed_.newest(), item.topic, item.event});
        feed_.Open(
            call, request.resume_token(), Slow::kDisconnect,
            [](const Feed::Item& item) {
              auto event = item.To<pb::RiskStateEvent>();
              auto message = std::make_unique<pb::StreamRiskStateResponse>();
              *message->mutable_header() = std::move(*event.mutable_header());
              *message->mutable_state() = std::move(*event.mutable_value());
              return message;
            },
            std::move(standing));
      });
  server.Handle<pb::ExplainDecisionRequest>(
      "gannet.risk.v1.RiskService/ExplainDecision",
      [this](const rpc::CallPtr& call, const pb::ExplainDecisionRequest& request) {
        const std::string& order = request.client_order_id();
        const auto item =
            request.has_id()
                ? decisions_.Find(IdOf(request.id()))
                : decisions_.Find(order, [&](const Feed::Item& found) {
                    return found.As(bus::kRiskDecisions)->value.intent.client_order_id.text() ==
                           order;
                  });
        if (!item)
          return call->End(absl::NotFoundError("no such decision since this process began"));
        pb::ExplainDecisionResponse response;
        *response.mutable_decision() = item->To<pb::RiskDecisionEvent>().value();
        for (const int reason : response.decision().failing()) {
          pb::ControlResult& control = *response.add_controls();
          control.set_reason(static_cast<order::v1::RejectReason>(reason));
          control.set_passed(false);
        }
        call->Reply(response);
      });
}

template <class Request, class Response>
void RiskApi::Change(const rpc::CallPtr& call, const Request& request, market::CommandKind kind,
                     market::TradingState state) {
  const auto scope = StateFrom(request.scope(), pb::TRADING_STATE_HALTED);
  if (!scope.ok()) return call->End(rpc::BadField("scope", "names no scope"));
  market::Command command{.kind = kind,
                          .scope = scope->scope,
                          .state = state,
                          .reason = request.reason(),
                          .person = call->caller().person,
                          .request_id = request.request_id()};
  if constexpr (requires { request.flatten(); }) command.flatten = request.flatten();
  market::RiskState result{.scope = scope->scope};
  result.killed = kind == market::CommandKind::kKill;
  result.state = result.killed                          ? market::TradingState::kHalted
                 : kind == market::CommandKind::kResume ? market::TradingState::kActive
                                                        : state;
  result.reason = request.reason();
  result.person = command.person;
  commands_->Submit(std::move(command), {.patience = call->time_left() * 9 / 10},
                    [call, result](const absl::StatusOr<command::CommandResult>& answer) {
                      if (const absl::Status done = Applied(answer); !done.ok())
                        return call->End(done);
                      Response response;
                      *response.mutable_state() = ToProto(result);
                      if constexpr (requires { response.set_unheard(true); })
                        response.set_unheard(command::SaysUnheard(answer->detail));
                      call->Reply(response);
                    });
}

void RiskApi::ServeChanges(rpc::Server& server) {
  server.Handle<pb::SetTradingStateRequest>(
      "gannet.risk.v1.RiskService/SetTradingState",
      [this](const rpc::CallPtr& call, const pb::SetTradingStateRequest& request) {
        const auto state = StateFrom(request.scope(), request.state());
        if (!state.ok()) return call->End(rpc::BadField("state", "or scope is none that exists"));
        Change<pb::SetTradingStateRequest, pb::SetTradingStateResponse>(
            call, request, market::CommandKind::kSetTradingState, state->state);
      });
  server.Handle<pb::ActivateKillSwitchRequest>(
      "gannet.risk.v1.RiskService/ActivateKillSwitch",
      [this](const rpc::CallPtr& call, const pb::ActivateKillSwitchRequest& request) {
        Change<pb::ActivateKillSwitchRequest, pb::ActivateKillSwitchResponse>(
            call, request, market::CommandKind::kKill, market::TradingState::kHalted);
      });
  server.Handle<pb::ReleaseKillSwitchRequest>(
      "gannet.risk.v1.RiskService/ReleaseKillSwitch",
      [this](const rpc::CallPtr& call, const pb::ReleaseKillSwitchRequest& request) {
        Change<pb::ReleaseKillSwitchRequest, pb::ReleaseKillSwitchResponse>(
            call, request, market::CommandKind::kResume, market::TradingState::kActive);
      });
}

// --- limits ----------------------------------------------------------------------

template <class Request, class Response>
void RiskApi::ChangeLimits(rpc::Server& server, const char* method, market::CommandKind kind) {
  server.Handle<Request>(method, [this, kind](const rpc::CallPtr& call, const Request& request) {
    market::Command command{.kind = kind,
                            .reason = request.reason(),
                            .person = call->caller().person,
                            .request_id = request.request_id()};
    if constexpr (requires { request.file(); }) {
      command.text = request.file();
      command.new_names = request.new_names();
    } else {
      command.proposal = request.proposal();
    }
    commands_->Submit(std::move(command), {.patience = call->time_left() * 9 / 10},
                      [call](const absl::StatusOr<command::CommandResult>& answer) {
                        if (const absl::Status done = Applied(answer); !done.ok())
                          return call->End(done);
                        Response response;
                        response.set_proposal(answer->proposal);
                        response.set_detail(answer->detail);
                        call->Reply(response);
                      });
  });
}

void RiskApi::ServeProposals(rpc::Server& server) {
  server.Handle<pb::ListLimitProposalsRequest>(
      "gannet.risk.v1.RiskService/ListLimitProposals",
      [this](const rpc::CallPtr& call, const pb::ListLimitProposalsRequest& request) {
        pb::ListLimitProposalsResponse response;
        response.set_limit_version(limits_.version());
        for (auto it = limits_.proposals().rbegin(); it != limits_.proposals().rend(); ++it) {
          if (request.open_only() && it->second.decided) continue;
          *response.add_proposals() = ToProto(it->second, limits_.Stale(it->second));
        }
        call->Reply(response);
      });
  if (commands_ == nullptr) return;
  using market::CommandKind;
  ChangeLimits<pb::ProposeLimitsRequest, pb::ProposeLimitsResponse>(
      server, "gannet.risk.v1.RiskService/ProposeLimits", CommandKind::kProposeLimits);
  ChangeLimits<pb::ApproveLimitsRequest, pb::ApproveLimitsResponse>(
      server, "gannet.risk.v1.RiskService/ApproveLimits", CommandKind::kApproveLimits);
  ChangeLimits<pb::RejectLimitsRequest, pb::RejectLimitsResponse>(
      server, "gannet.risk.v1.RiskService/RejectLimits", CommandKind::kRejectLimits);
}

}  // namespace gannet::api
