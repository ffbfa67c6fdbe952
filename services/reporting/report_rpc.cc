#include "services/reporting/report_rpc.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gannet/report/v1/report_service.pb.h"
#include "libs/base/digest.h"
#include "libs/base/status.h"
#include "libs/rpc/error.h"
#include "services/reporting/report_files.h"
#include "services/reporting/report_model.h"

namespace gannet::reporting {
namespace {

namespace pb = ::gannet::report::v1;

constexpr base::Duration kDefaultPeriod = std::chrono::hours(24 * 30);
constexpr size_t kChunkBytes = 64 << 10;

// The one table of a report about one thing; null: all of it.
const char* TableOf(pb::ReportKind kind) {
  switch (kind) {
    case pb::REPORT_KIND_FILLS:
      return "fills";
    case pb::REPORT_KIND_POSITIONS:
      return "positions";
    default:
      return nullptr;
  }
}

// What BuildReport takes, or why not.
absl::StatusOr<ReportRequest> RequestOf(const pb::CreateReportRequest& request, base::Time now) {
  if (request.kind() != pb::REPORT_KIND_DAILY_SUMMARY && TableOf(request.kind()) == nullptr)
    return rpc::BadField("kind", "must be DAILY_SUMMARY, FILLS or POSITIONS");
  if (!pb::ReportFormat_IsValid(request.format()) ||
      request.format() == pb::REPORT_FORMAT_UNSPECIFIED) {
    return rpc::BadField("format", "must be CSV, JSON, PDF or XLSX");
  }
  if (request.format() == pb::REPORT_FORMAT_CSV && TableOf(request.kind()) == nullptr)
    return rpc::BadField("format", "CSV holds one table; ask for FILLS or POSITIONS, or XLSX");
  // Their pages and formulas rest on all tables.
  const bool whole =
      request.format() == pb::REPORT_FORMAT_PDF || request.format() == pb::REPORT_FORMAT_XLSX;
  if (whole && TableOf(request.kind()) != nullptr) {
    return rpc::BadField(
        "format", "PDF and XLSX hold the whole report; ask for DAILY_SUMMARY, or CSV or JSON");
  }
  if (request.filter().accounts_size() != 1)
    return rpc::BadField("filter.accounts", "a report is about one account; name it");
  if (request.filter().strategies_size() > 0 || request.filter().instruments_size() > 0)
    return rpc::BadField("filter",
                         "a report covers all strategies and instruments; leave them out");
  ReportRequest out;
  out.account = market::AccountId(request.filter().accounts(0));
  out.to = request.range().end_ns() == 0 ? now : base::FromUnixNanos(request.range().end_ns());
  out.from = request.range().start_ns() == 0 ? out.to - kDefaultPeriod
                                             : base::FromUnixNanos(request.range().start_ns());
  if (out.from >= out.to) return rpc::BadField("range", "must end after it starts");
  out.generated = now;
  return out;
}

absl::StatusOr<std::string> BytesOf(const Report& report, pb::ReportFormat format,
                                    const char* table, base::Files& files,
                                    const std::string& scratch) {
  switch (format) {
    case pb::REPORT_FORMAT_CSV:
      for (auto& [name, content] : CsvFiles(report)) {
        if (name == absl::StrCat(table, ".csv")) return std::move(content);
      }
      return absl::NotFoundError("the report has no such table");
    case pb::REPORT_FORMAT_JSON:
      return JsonBytes(report);
    case pb::REPORT_FORMAT_PDF:
      return PdfBytes(report);
    case pb::REPORT_FORMAT_XLSX: {
      GANNET_RETURN_IF_ERROR(files.MakeDirs(scratch));
      return XlsxBytes(report, files, scratch);
    }
    default:
      return absl::InvalidArgumentError("there is no such format");
  }
}

absl::StatusOr<std::string> Make(store::Store& store, const ReportRequest& request,
                                 pb::ReportKind kind, pb::ReportFormat format, base::Files& files,
                                 const std::string& scratch) {
  GANNET_ASSIGN_OR_RETURN(Report report, BuildReport(store, request));
  const char* table = TableOf(kind);
  if (table != nullptr)
    std::erase_if(report.tables, [table](const Table& one) { return one.key != table; });
  GANNET_ASSIGN_OR_RETURN(std::string bytes, BytesOf(report, format, table, files, scratch));
  if (bytes.size() > ReportRpc::kMaxReportBytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the file has ", bytes.size(), " bytes; ask for a shorter range"));
  }
  return bytes;
}

}  // namespace

struct ReportRpc::Job {
  pb::Report about;
  std::shared_ptr<const std::string> bytes;  // once READY
};

ReportRpc::ReportRpc(rpc::Server& server, runtime::Deps& deps, store::Store& store,
                     ReportsConfig reports, std::string build)
    : deps_(deps), store_(store), reports_(std::move(reports)), build_(std::move(build)) {
  Serve(server);
}

void ReportRpc::Drain(std::function<void()> done) {
  if (under_way_ == 0) return done();
  drained_ = std::move(done);
}

ReportRpc::JobPtr ReportRpc::Begin(std::string id) {
  while (in_order_.size() >= kKeptReports) {
    jobs_.erase(in_order_.front());
    in_order_.pop_front();
  }
  in_order_.push_back(id);
  return jobs_[std::move(id)] = std::make_shared<Job>();
}

void ReportRpc::Finish(Job& job, absl::StatusOr<std::string> made) {
  --under_way_;
  if (made.ok()) {
    const base::Sha256Digest hash = base::Sha256(*made);
    job.about.set_content_hash(std::string(hash.begin(), hash.end()));
    job.about.set_size_bytes(made->size());
    job.bytes = std::make_shared<const std::string>(*std::move(made));
    job.about.set_state(pb::REPORT_STATE_READY);
  } else {
    job.about.set_state(pb::REPORT_STATE_FAILED);
    job.about.set_detail(std::string(made.status().message()));
  }
  if (under_way_ == 0 && drained_) std::exchange(drained_, nullptr)();
}

void ReportRpc::Serve(rpc::Server& server) {
  server.Handle<pb::CreateReportRequest>(
      "gannet.report.v1.ReportService/CreateReport",
      [this](const rpc::CallPtr& call, const pb::CreateReportRequest& request) {
        const base::Time now = deps_.clock.Now();
        absl::StatusOr<ReportRequest> wanted = RequestOf(request, now);
        if (!wanted.ok()) return call->End(wanted.status());
        Apply(reports_, *wanted);
        wanted->build = build_;
        if (under_way_ >= kMaxUnderWay) {
          return call->End(absl::ResourceExhaustedError(
              absl::StrCat(kMaxUnderWay, " reports are being made; ask again in a minute")));
        }
        // Cannot be guessed by who did not ask.
        const JobPtr job = Begin(base::Hex(base::RandomBytes(12)));
        job->about.set_report_id(in_order_.back());
        job->about.set_kind(request.kind());
        job->about.set_format(request.format());
        job->about.set_state(pb::REPORT_STATE_PENDING);
        job->about.set_created_ns(base::UnixNanos(now));
        pb::CreateReportResponse response;
        *response.mutable_report() = job->about;
        call->Reply(response);
        ++under_way_;
        deps_.background.Post([this, job, wanted = *std::move(wanted), kind = request.kind(),
                               format = request.format(), scratch = deps_.data_dir + "/scratch"] {
          absl::StatusOr<std::string> made =
              Make(store_, wanted, kind, format, deps_.files, scratch);
          deps_.executor.Post(
              [this, job, made = std::move(made)]() mutable { Finish(*job, std::move(made)); });
        });
      });
  const auto find = [this](const std::string& id) -> absl::StatusOr<JobPtr> {
    const auto found = jobs_.find(id);
    if (found != jobs_.end()) return found->second;
    return absl::NotFoundError(absl::StrCat("there is no such report; the newest ", kKeptReports,
                                            " of this run are kept, make it again"));
  };
  server.Handle<pb::GetReportRequest>(
      "gannet.report.v1.ReportService/GetReport",
      [find](const rpc::CallPtr& call, const pb::GetReportRequest& request) {
        const auto job = find(request.report_id());
        if (!job.ok()) return call->End(job.status());
        pb::GetReportResponse response;
        *response.mutable_report() = (*job)->about;
        call->Reply(response);
      });
  server.Handle<pb::DownloadReportRequest>(
      "gannet.report.v1.ReportService/DownloadReport",
      [find](const rpc::CallPtr& call, const pb::DownloadReportRequest& request) {
        const auto job = find(request.report_id());
        if (!job.ok()) return call->End(job.status());
        const auto bytes = (*job)->bytes;
        if (bytes == nullptr) {
          const bool failed = (*job)->about.state() == pb::REPORT_STATE_FAILED;
          return call->End(failed ? absl::FailedPreconditionError((*job)->about.detail())
                                  : absl::UnavailableError("the report is being made"));
        }
        if (request.offset() > bytes->size())
          return call->End(absl::OutOfRangeError("the file ends before that offset"));
        // At most kMaxReportBytes / kChunkBytes messages: fewer than a stream may hold.
        static_assert(kMaxReportBytes / kChunkBytes < rpc::kMaxQueuedMessages);
        for (size_t at = request.offset(); at < bytes->size(); at += kChunkBytes) {
          pb::DownloadReportResponse message;
          message.set_offset(at);
          message.set_chunk(bytes->substr(at, kChunkBytes));
          if (!call->Write(message)) return;
        }
        call->End(absl::OkStatus());
      });
}

}  // namespace gannet::reporting
