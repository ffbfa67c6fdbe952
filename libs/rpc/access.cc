#include "libs/rpc/access.h"

#include <algorithm>
#include <array>

namespace gannet::rpc {
namespace {

constexpr std::array kTable = std::to_array<AccessRow>({
    {"gannet.exec.v1.ExecutionService/Reconcile", Right::kOperate},
    {"gannet.exec.v1.ExecutionService/ProposeAdjustment", Right::kRisk, true},
    {"gannet.exec.v1.ExecutionService/ApproveAdjustment", Right::kRisk, true},
    {"gannet.exec.v1.ExecutionService/RejectAdjustment", Right::kRisk, true},
    {"gannet.exec.v1.ExecutionService/ListAdjustments", Right::kRead},
    {"gannet.exec.v1.ExecutionService/GetStop", Right::kRead},
    {"gannet.market.v1.MarketDataService/GetInstrument", Right::kRead},
    {"gannet.market.v1.MarketDataService/ListInstruments", Right::kRead},
    {"gannet.market.v1.MarketDataService/GetBook", Right::kRead},
    {"gannet.market.v1.MarketDataService/ListBars", Right::kRead},
    {"gannet.market.v1.MarketDataService/StreamMarketData", Right::kRead},
    {"gannet.ml.v1.InferenceService/GetPrediction", Right::kRead},
    {"gannet.ml.v1.InferenceService/StreamPredictions", Right::kRead},
    {"gannet.ml.v1.InferenceService/Predict", Right::kRead},
    {"gannet.ml.v1.InferenceService/GetFeatures", Right::kRead},
    {"gannet.ml.v1.ModelService/GetModelVersion", Right::kRead},
    {"gannet.ml.v1.ModelService/ListModelVersions", Right::kRead},
    {"gannet.ml.v1.ModelService/SetModelAlias", Right::kOperate, true},
    {"gannet.ml.v1.ModelService/RetireModelVersion", Right::kOperate, true},
    {"gannet.news.v1.SignalService/GetSignal", Right::kRead},
    {"gannet.news.v1.SignalService/ListSignals", Right::kRead},
    {"gannet.news.v1.SignalService/StreamSignals", Right::kRead},
    {"gannet.news.v1.SignalService/ClassifyText", Right::kRead},
    {"gannet.ops.v1.AdminService/GetStatus", Right::kRead},
    {"gannet.ops.v1.AdminService/GetConfig", Right::kOperate},
    {"gannet.ops.v1.AdminService/Drain", Right::kOperate, true},
    {"gannet.ops.v1.AdminService/CreateSnapshot", Right::kOperate, true},
    {"gannet.ops.v1.AdminService/VerifyJournal", Right::kOperate},
    {"gannet.ops.v1.AdminService/ListTopics", Right::kRead},
    {"gannet.ops.v1.AdminService/ResolveRecord", Right::kOperate, true},
    {"gannet.ops.v1.AdminService/SetLogLevel", Right::kOperate, true},
    {"gannet.ops.v1.AdminService/ListAudit", Right::kRead},
    {"gannet.order.v1.OrderService/SubmitOrder", Right::kTrade, true},
    {"gannet.order.v1.OrderService/CancelOrder", Right::kTrade, true},
    {"gannet.order.v1.OrderService/ReplaceOrder", Right::kTrade, true},
    {"gannet.order.v1.OrderService/AmendOrder", Right::kTrade, true},
    {"gannet.order.v1.OrderService/GetOrder", Right::kRead},
    {"gannet.order.v1.OrderService/ListOrders", Right::kRead},
    {"gannet.order.v1.OrderService/StreamOrders", Right::kRead},
    {"gannet.report.v1.ReportService/ListFills", Right::kRead},
    {"gannet.report.v1.ReportService/ListPositions", Right::kRead},
    {"gannet.report.v1.ReportService/ListBalances", Right::kRead},
    {"gannet.report.v1.ReportService/GetProfitAndLoss", Right::kRead},
    {"gannet.report.v1.ReportService/TraceFill", Right::kRead},
    {"gannet.report.v1.ReportService/CreateReport", Right::kRead, true},
    {"gannet.report.v1.ReportService/GetReport", Right::kRead},
    {"gannet.report.v1.ReportService/DownloadReport", Right::kRead},
    {"gannet.risk.v1.RiskService/ListLimits", Right::kRead},
    {"gannet.risk.v1.RiskService/ProposeLimits", Right::kRisk, true},
    {"gannet.risk.v1.RiskService/ApproveLimits", Right::kRisk, true},
    {"gannet.risk.v1.RiskService/RejectLimits", Right::kRisk, true},
    {"gannet.risk.v1.RiskService/ListLimitProposals", Right::kRead},
    {"gannet.risk.v1.RiskService/GetExposure", Right::kRead},
    {"gannet.risk.v1.RiskService/GetPortfolioRisk", Right::kRead},
    {"gannet.risk.v1.RiskService/GetRiskState", Right::kRead},
    {"gannet.risk.v1.RiskService/StreamRiskState", Right::kRead},
    {"gannet.risk.v1.RiskService/SetTradingState", Right::kRisk, true},
    {"gannet.risk.v1.RiskService/ActivateKillSwitch", Right::kRisk, true},
    {"gannet.risk.v1.RiskService/ReleaseKillSwitch", Right::kRisk, true},
    {"gannet.risk.v1.RiskService/ExplainDecision", Right::kRead},
    {"gannet.risk.v1.RiskService/CheckOrder", Right::kRead},
    {"inference.GRPCInferenceService/ServerLive", Right::kNone},
    {"inference.GRPCInferenceService/ServerReady", Right::kNone},
    {"inference.GRPCInferenceService/ModelReady", Right::kRead},
    {"inference.GRPCInferenceService/ServerMetadata", Right::kRead},
    {"inference.GRPCInferenceService/ModelMetadata", Right::kRead},
    {"inference.GRPCInferenceService/ModelInfer", Right::kRead},
    {"grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", Right::kNone},
});

}  // namespace

std::span<const AccessRow> AccessTable() { return kTable; }

const AccessRow* FindAccess(std::string_view method) {
  const auto row = std::find_if(kTable.begin(), kTable.end(),
                                [method](const AccessRow& r) { return r.method == method; });
  return row == kTable.end() ? nullptr : &*row;
}

}  // namespace gannet::rpc
