#include "apps/gannet/run_command.h"

#include <unistd.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "apps/gannet/log_file.h"
#include "apps/gannet/pipeline.h"
#include "apps/gannet/report_command.h"
#include "apps/gannet/rpc_wiring.h"
#include "apps/gannet/run_config.h"
#include "apps/gannet/run_record.h"
#include "apps/gannet/terminal.h"
#include "apps/gannet/trading_mode.h"
#include "apps/gannet/venue_process.h"
#include "libs/base/status.h"
#include "libs/journal/read_mark.h"
#include "libs/notify/notify_service.h"
#include "libs/otlp/exporter.h"
#include "libs/runtime/asio_executor.h"
#include "libs/runtime/bus_config.h"
#include "libs/runtime/flags.h"
#include "libs/runtime/lease_config.h"
#include "libs/runtime/process.h"
#include "libs/runtime/signals.h"
#include "libs/runtime/system_clock.h"
#include "services/execution/app.h"
#include "services/gateway/app.h"
#include "services/gateway/first_password.h"
#include "services/gateway/redis_link.h"
#include "services/ingest/app.h"
#include "services/ml-inference/app.h"
#include "services/reporting/export.h"
#include "services/reporting/open_store.h"
#include "services/reporting/report_files.h"
#include "services/venue-sim/fault_script.h"

namespace gannet::app {
namespace {

constexpr base::Duration kRedraw = std::chrono::milliseconds(500);

VenueProcessOptions VenueOptionsOf(const RunOptions& options) {
  VenueProcessOptions venue;
  venue.program = OwnFolder() + "/gannet-venue-sim";
  venue.data_dir = options.data_dir + "/venue-sim";
  venue.log_path = options.data_dir + "/venue-sim.log";
  venue.arguments = {"--seed", absl::StrCat(options.seed), "--speed",
                     absl::StrCat(options.market_speed)};
  if (!options.faults_file.empty())
    venue.arguments.insert(venue.arguments.end(), {"--faults", options.faults_file});
  return venue;
}

std::set<std::string> Chosen(const RunOptions& options) {
  std::set<std::string> all = kPipelineServices;
  all.insert("ingest");
  if (options.services.empty()) return all;
  return {options.services.begin(), options.services.end()};
}

// Every file that this run was started with.
std::string TextOf(const RunConfig& config) {
  std::string text;
  for (const auto& [path, content] : config.texts)
    absl::StrAppend(&text, "# ", path, "\n", content);
  return text;
}

absl::Status CheckServices(const std::set<std::string>& chosen) {
  for (const std::string& name : chosen) {
    if (name != "ingest" && !kPipelineServices.contains(name)) {
      return absl::InvalidArgumentError(absl::StrCat("--services: there is no service '", name,
                                                     "'; there are ingest, ",
                                                     absl::StrJoin(kPipelineServices, ", ")));
    }
  }
  return absl::OkStatus();
}

runtime::ProcessOptions ProcessOptionsOf(const RunOptions& options, const RunConfig& config,
                                         std::map<std::string, std::string> versions,
                                         const std::set<std::string>& chosen, LogFile& log) {
  runtime::ProcessOptions process;
  process.name = "gannet";
  process.data_dir = options.data_dir;
  process.build_id = runtime::BuildId();
  process.config_hash = config.hash;
  process.versions = std::move(versions);
  process.seed = options.seed;
  process.keep_journal = options.journal_keep;
  process.max_journal_bytes = options.journal_max_bytes;
  // The newest segment is never removed: a small bound needs small ones.
  process.journal.segment_bytes =
      std::clamp<uint64_t>(options.journal_max_bytes / 4, 1u << 20, process.journal.segment_bytes);
  process.admin_address = options.admin_address;
  process.traces = options.traces;
  process.log_sink = [&log](std::string_view line) { log.Write(line); };
  if (!options.bus_file.empty()) {
    // Streams of different processes have different names.
    process.shard = absl::StrJoin(chosen, "+");
    process.make_bus = runtime::KafkaFrom(options.bus_file, "gannet");
    if (chosen.contains("ingest")) process.made_here = ingest::TopicsOfIngest();
  }
  return process;
}

// Reads the store through a connection of its own, on the background thread.
std::function<absl::StatusOr<std::string>(const gateway::ReportAsk&)> ReportMaker(
    const std::string& data_dir, const reporting::ReportingConfig& config,
    const base::Clock& clock) {
  return [data_dir, config, &clock](const gateway::ReportAsk& ask) {
    ReportOptions options;
    options.data_dir = data_dir;
    options.store = config.store;
    options.reports = config.reports;
    options.format = ask.format;
    options.account = ask.account;
    options.from = ask.from;
    options.to = ask.to;
    if (!ask.returns.empty()) options.returns = ask.returns;
    options.build = config.build;
    base::PosixFiles files;
    return AccountReportBytes(options, files, clock);
  };
}

// Everything of one run; members are destroyed in the reverse order, the venue last.
class Session {
 public:
  Session(const RunOptions& options, std::ostream& out, std::ostream& err)
      : options_(options), out_(out), err_(err), log_(files_, options.data_dir + "/gannet.log") {}

  // What the command line and the configuration say: nothing is made or opened.
  absl::Status Configure() {
    chosen_ = Chosen(options_);
    GANNET_RETURN_IF_ERROR(CheckServices(chosen_));
    GANNET_ASSIGN_OR_RETURN(config_, LoadRunConfig(options_.config_file, files_));
    if (!config_.uses_venue_sim && !options_.faults_file.empty()) {
      return absl::InvalidArgumentError(
          "--faults is for the exchange simulator; this configuration names venues of its own");
    }
    GANNET_RETURN_IF_ERROR(otlp::Check(options_.traces));
    if (!options_.faults_file.empty()) {
      GANNET_RETURN_IF_ERROR(venue_sim::LoadFaultScript(files_, options_.faults_file).status());
    }
    if (!options_.out_folder.empty() && !chosen_.contains("reporting")) {
      return absl::InvalidArgumentError(
          "--out is written by reporting; add reporting to --services, or leave --out away");
    }
    if (chosen_.contains("gateway")) {
      GANNET_RETURN_IF_ERROR(gateway::CheckCommon(config_.pipeline.gateway,
                                                  !options_.bus_file.empty(), /*several=*/false));
    }
    GANNET_ASSIGN_OR_RETURN(versions_, RecordOfRun(config_, chosen_, files_));
    return options_.check_config ? CheckFiles() : absl::OkStatus();
  }

  absl::Status Open() {
    if (!options_.out_folder.empty()) GANNET_RETURN_IF_ERROR(PrepareOut());
    GANNET_RETURN_IF_ERROR(files_.MakeDirs(options_.data_dir));
    GANNET_ASSIGN_OR_RETURN(process_, MakeProcess());
    if (config_.uses_venue_sim) {
      if (!options_.plain) err_ << "starting venue-sim, the exchange simulator …\n";
      venue_.emplace(VenueOptionsOf(options_));
      GANNET_RETURN_IF_ERROR(venue_->Start(files_, runtime::StopRequested));
      GANNET_RETURN_IF_ERROR(
          PointAtVenueSim(venue_->ready_line(), options_.data_dir + "/venue-sim", config_));
    }
    return BuildServices();
  }

  int Run() {
    started_ = process_->deps().clock.Now();
    Terminal terminal(STDOUT_FILENO, out_, options_.plain);
    Redraw(terminal);
    if (venue_) {
      venue_->Watch(process_->executor(), process_->log());
      process_->health().Add("venue-sim", [this] { return venue_->health(); });
    }
    if (options_.run_for > base::Duration(0)) {
      process_->executor().After(options_.run_for, [this] { process_->Stop("--for has passed"); });
    }
    auto services = std::move(pipeline_.services);
    if (ingest_ != nullptr) services.push_back(std::move(ingest_));
    services.push_back(rpc_->TakeService());
    const int code = process_->Run(std::move(services));
    if (code == runtime::kExitNotStarted)
      err_ << "gannet: the start failed; see the end of " << log_.path() << "\n";
    if (code == runtime::kExitNotClean)
      err_ << "gannet: it did not end in order; see the end of " << log_.path() << "\n";
    if (const uint64_t lost = log_.lost_lines(); lost > 0)
      err_ << "gannet: " << lost << " lines could not be written to " << log_.path()
           << "; free disk space there\n";
    return code;
  }

  bool only_checked() const { return options_.check_config; }

  absl::Status Export() {
    if (options_.out_folder.empty()) return absl::OkStatus();
    GANNET_ASSIGN_OR_RETURN(const auto store, OpenStore(reporting::StoreUse::kRead));
    GANNET_RETURN_IF_ERROR(
        reporting::ExportReports(*store, {.from = started_}, files_, options_.out_folder));
    out_ << "orders, fills, positions and P&L of this run are in " << options_.out_folder << "\n";
    return absl::OkStatus();
  }

 private:
  // What the start reads beside the configuration, short of connecting anywhere.
  absl::Status CheckFiles() {
    const PipelineConfig& pipeline = config_.pipeline;
    GANNET_RETURN_IF_ERROR(runtime::CheckBus(files_, options_.bus_file));
    GANNET_RETURN_IF_ERROR(runtime::CheckLease(files_, options_.lease_file));
    // venue-sim makes its keys itself.
    if (chosen_.contains("execution") && !config_.uses_venue_sim)
      GANNET_RETURN_IF_ERROR(execution::CheckFiles(files_, pipeline.execution));
    if (chosen_.contains("ingest"))
      GANNET_RETURN_IF_ERROR(ingest::CheckFiles(files_, config_.ingest));
    if (chosen_.contains("ml-inference"))
      GANNET_RETURN_IF_ERROR(ml_inference::CheckFiles(files_, pipeline.ml_inference));
    if (chosen_.contains("reporting")) {
      GANNET_RETURN_IF_ERROR(
          reporting::CheckFiles(files_, pipeline.reporting.store, options_.data_dir));
      GANNET_RETURN_IF_ERROR(notify::CheckFiles(files_, pipeline.reporting.notify));
    }
    if (chosen_.contains("gateway")) {
      GANNET_RETURN_IF_ERROR(gateway::CheckFiles(files_, pipeline.gateway, options_.data_dir));
      GANNET_RETURN_IF_ERROR(gateway::CheckFiles(files_, pipeline.gateway.redis));
    }
    return api::CheckFiles(files_, config_.rpc, options_.data_dir);
  }

  absl::Status PrepareOut() {
    return base::Annotate(reporting::PrepareFolder(files_, options_.out_folder), "--out");
  }

  absl::StatusOr<std::unique_ptr<runtime::Process>> MakeProcess() {
    runtime::ProcessOptions process = ProcessOptionsOf(options_, config_, versions_, chosen_, log_);
    process.fresh = options_.fresh;
    GANNET_RETURN_IF_ERROR(runtime::UseLease(files_, options_.lease_file, process));
    return runtime::Process::Create(std::move(process));
  }

  absl::StatusOr<std::unique_ptr<store::Store>> OpenStore(reporting::StoreUse use) {
    return reporting::OpenStore(files_, clock_, config_.pipeline.reporting.store, options_.data_dir,
                                use);
  }

  absl::Status BuildServices() {
    PipelineParts parts;
    parts.services = chosen_;
    if (chosen_.contains("reporting")) {
      GANNET_ASSIGN_OR_RETURN(parts.store, OpenStore(reporting::StoreUse::kWrite));
      parts.report_writer = reporting::WriterOf(files_);
      config_.pipeline.reporting.build = "gannet " + runtime::BuildId();
      config_.pipeline.reporting.trading = config_.mode;
      GANNET_RETURN_IF_ERROR(
          RecordTradingMode(files_, options_.data_dir, process_->deps().clock.Now(), config_.mode));
    }
    if (chosen_.contains("gateway")) {
      GANNET_ASSIGN_OR_RETURN(
          parts.gateway.redis,
          gateway::OpenRedis(config_.pipeline.gateway.redis, process_->executor().io(), files_,
                             process_->deps().clock));
    }
    parts.gateway.platform_health = [this] { return process_->health().Overall(); };
    parts.gateway.mode = config_.mode;
    parts.gateway.build_id = runtime::BuildId();
    parts.gateway.first_password = [this](const std::string& user, const std::string& password) {
      first_sign_in_ = gateway::TellFirstPassword(files_, options_.data_dir,
                                                  isatty(STDOUT_FILENO) == 1, user, password);
    };
    if (chosen_.contains("reporting")) {
      parts.gateway.make_report =
          ReportMaker(options_.data_dir, config_.pipeline.reporting, process_->deps().clock);
      parts.gateway.reports = &report_thread_.emplace(process_->deps().clock);
    }
    GANNET_ASSIGN_OR_RETURN(pipeline_,
                            BuildPipeline(config_.pipeline, process_->deps(), std::move(parts)));
    if (const auto& notify = config_.pipeline.reporting.notify;
        chosen_.contains("reporting") && !notify.channels.empty()) {
      GANNET_ASSIGN_OR_RETURN(auto notifier, notify::BuildNotify(notify, process_->deps()));
      // First, so that it is drained last: what others say while they drain is told.
      pipeline_.services.insert(pipeline_.services.begin(), std::move(notifier));
    }
    if (chosen_.contains("ingest")) ingest_ = ingest::BuildIngest(config_.ingest, process_->deps());
    GANNET_ASSIGN_OR_RETURN(
        rpc_, RpcWiring::Build(config_.rpc, config_.pipeline, pipeline_, chosen_, config_.hash,
                               TextOf(config_), *process_));
    const bool alone = options_.bus_file.empty();
    const std::string journal = options_.data_dir + "/journal";
    // The mark of an earlier run: nobody reads the journal that far now.
    if (const std::string mark = journal::ReadMarkPath(journal);
        (pipeline_.reporting == nullptr || !alone) && files_.Exists(mark))
      GANNET_RETURN_IF_ERROR(files_.Remove(mark));
    if (pipeline_.reporting == nullptr) return absl::OkStatus();
    GANNET_ASSIGN_OR_RETURN(const auto reader, journal::Reader::Open(files_, journal));
    return pipeline_.reporting->CatchUp(*reader, alone);
  }

  void Redraw(Terminal& terminal) {
    process_->executor().After(kRedraw, [this, &terminal] {
      if (pipeline_.gateway != nullptr) AnnouncePage(terminal.screen());
      if (pipeline_.gateway != nullptr)
        terminal.Draw(pipeline_.gateway->view(), Headline(), process_->deps().clock.Now());
      Redraw(terminal);
    });
  }

  // Once, as soon as it listens; on a screen the headline has it.
  void AnnouncePage(bool on_screen) {
    if (announced_ || pipeline_.gateway->port() == 0) return;
    announced_ = true;
    if (on_screen) return;
    out_ << "page: " << pipeline_.gateway->url() << "\n";
    if (!first_sign_in_.empty()) out_ << first_sign_in_ << "\n";
    out_.flush();
  }

  ScreenHeadline Headline() {
    const runtime::Health health = process_->health().Overall();
    ScreenHeadline headline;
    headline.mode = config_.mode;
    headline.health = health.state == runtime::HealthState::kServing ? "serving"
                      : health.reasons.empty()                       ? "starting"
                                                                     : health.reasons.front();
    headline.address = pipeline_.gateway->url();
    if (!first_sign_in_.empty()) headline.sign_in = first_sign_in_;
    headline.running = process_->deps().clock.Now() - started_;
    return headline;
  }

  const RunOptions& options_;
  std::ostream& out_;
  std::ostream& err_;
  base::PosixFiles files_;
  runtime::SystemClock clock_;
  LogFile log_;
  std::set<std::string> chosen_;
  RunConfig config_;
  std::map<std::string, std::string> versions_;
  std::optional<VenueProcess> venue_;
  std::unique_ptr<runtime::Process> process_;
  std::optional<runtime::WorkerThread> report_thread_;  // its tasks post to the process
  Pipeline pipeline_;
  std::unique_ptr<runtime::Service> ingest_;
  std::unique_ptr<RpcWiring> rpc_;
  base::Time started_{};
  std::string first_sign_in_;  // only at the very first start
  bool announced_ = false;
};

}  // namespace

int Run(const RunOptions& options, std::ostream& out, std::ostream& err) {
  runtime::HoldSignals();
  Session session(options, out, err);
  if (const absl::Status configured = session.Configure(); !configured.ok()) {
    err << "gannet: " << configured.message() << "\n";
    return runtime::kExitBadUsage;
  }
  if (session.only_checked()) {
    out << "the configuration is in order\n";
    return runtime::kExitClean;
  }
  if (const absl::Status opened = session.Open(); !opened.ok()) {
    if (absl::IsCancelled(opened)) return runtime::kExitClean;  // asked to stop: nothing ran yet
    err << "gannet: " << opened.message() << "\n";
    return runtime::kExitNotStarted;
  }
  const int code = session.Run();
  if (const absl::Status exported = session.Export(); !exported.ok()) {
    err << "gannet: " << exported.message() << "\n";
    return runtime::kExitNotClean;
  }
  return code;
}

}  // namespace gannet::app
