#include "apps/gannet/journal_replay_command.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "apps/gannet/journal_replay.h"
#include "apps/gannet/message_json.h"
#include "apps/gannet/run_record.h"
#include "libs/base/digest.h"
#include "libs/base/status.h"
#include "libs/bus/topics.h"
#include "libs/journal/recording.h"
#include "libs/runtime/stated.h"
#include "services/execution/notes.h"
#include "services/ingest/app.h"

namespace gannet::app {
namespace {

constexpr size_t kMostPathsShown = 8;

ServiceFactory FactoryOf(OverlayFiles& files) {
  return [&files](const journal::SegmentInfo& info,
                  runtime::Deps& deps) -> absl::StatusOr<ReplayedServices> {
    GANNET_ASSIGN_OR_RETURN(RecordedRun run, ReadRunRecord(info, files));
    PipelineParts parts;
    parts.services = run.services;
    parts.watchers = false;
    auto pipeline = std::make_shared<Pipeline>();
    GANNET_ASSIGN_OR_RETURN(*pipeline, BuildPipeline(run.config.pipeline, deps, std::move(parts)));
    if (run.services.contains("ingest"))
      pipeline->services.push_back(ingest::BuildIngest(run.config.ingest, deps));
    return pipeline;
  };
}

// Without the signature, of a query or of a frame: replay has no key.
void Unsign(std::string& text) {
  for (const std::string_view before : {"signature=", "\"signature\":\""}) {
    const size_t at = text.find(before);
    if (at == std::string::npos) continue;
    const size_t from = at + before.size();
    text.erase(from, text.find_first_of("&\"", from) - from);
  }
}

std::string Comparable(std::string_view topic, std::string_view payload) {
  std::string whole(payload);
  if (topic != bus::kJournals.info.name) return whole;
  absl::StatusOr<market::Event<wire::EngineNote>> note = wire::Decode<wire::EngineNote>(payload);
  if (!note.ok() || note->value.engine != execution::kEngineName ||
      note->value.kind != execution::kRequestNote)
    return whole;
  absl::StatusOr<execution::RequestNote> request = execution::ReadRequestNote(note->value.body);
  if (!request.ok()) return whole;
  Unsign(request->target_path);
  Unsign(request->body);
  note->value.body = execution::ToNote(*request).body;
  return wire::Encode(*note);
}

std::string SideText(const FactDifference::Side& side) {
  if (side.topic.empty()) return "nothing";
  const std::optional<std::string> json = JsonOfEvent(side.topic, side.payload);
  return absl::StrCat(side.topic, " ", json ? *json : "hex " + base::Hex(side.payload));
}

// "/value/price, /header/id": where two facts of one topic differ.
std::string PathsOf(const FactDifference& difference) {
  if (difference.recorded.topic != difference.decided.topic) return "";
  const auto recorded = JsonOfEvent(difference.recorded.topic, difference.recorded.payload);
  const auto decided = JsonOfEvent(difference.decided.topic, difference.decided.payload);
  if (!recorded || !decided) return "";
  using nlohmann::json;
  const json left = json::parse(*recorded, nullptr, false);
  const json right = json::parse(*decided, nullptr, false);
  if (left.is_discarded() || right.is_discarded()) return "";
  std::vector<std::string> paths;
  for (const json& step : json::diff(left, right)) paths.push_back(step.at("path"));
  if (paths.size() > kMostPathsShown) {
    paths.resize(kMostPathsShown);
    paths.emplace_back("…");
  }
  return absl::StrJoin(paths, ", ");
}

void PrintStart(const journal::Record& resume, const journal::SegmentInfo& info,
                const std::string& build_id, std::ostream& out) {
  const auto said = [&info](const char* name) {
    const auto found = info.versions.find(name);
    return found == info.versions.end() ? std::string() : found->second;
  };
  const std::string program = said(runtime::stated::kProgram), services = said("services");
  out << "start at record " << resume.sequence << ", " << base::FormatTime(resume.time)
      << ", build " << info.build_id << ", configuration " << info.config_hash.substr(0, 16) << ", "
      << program << (services.empty() ? "" : ", services " + services) << "\n";
  // Programs of services have build ids of their own.
  if (program == kRunProgram && info.build_id != build_id)
    out << "  written by another build than this one (" << build_id
        << "): a difference may come from that\n";
}

void PrintDifference(const JournalComparison& comparison, std::ostream& out) {
  if (comparison.first_difference.empty()) return;
  out << "FIRST DIFFERENCE: " << comparison.first_difference << "\n";
  if (!comparison.difference) return;
  out << "  recorded  " << SideText(comparison.difference->recorded) << "\n";
  out << "  decided   " << SideText(comparison.difference->decided) << "\n";
  if (const std::string paths = PathsOf(*comparison.difference); !paths.empty())
    out << "  in        " << paths << "\n";
}

void PrintCounts(const JournalComparison& comparison, std::ostream& out) {
  out << absl::StrFormat("%-22s %10s %10s\n", "facts", "recorded", "equal");
  for (const auto& [name, topic] : comparison.topics)
    out << absl::StrFormat("  %-20s %10d %10d\n", name, topic.recorded, topic.equal);
  out << absl::StrFormat("  %-20s %10d %10d\n", "all", comparison.facts, comparison.equal);
  out << comparison.runs << (comparison.runs == 1 ? " start, " : " starts, ") << comparison.inputs
      << " inputs decided again\n";
  if (comparison.missing > 0) out << comparison.missing << " recorded facts not decided again\n";
  if (comparison.extra > 0) out << comparison.extra << " facts decided that are not recorded\n";
  if (comparison.unfinished > 0)
    out << comparison.unfinished
        << " facts of turns that a crash cut short: never seen by anyone, not compared\n";
  if (comparison.gaps > 0)
    out << comparison.undecided << " facts behind " << comparison.gaps
        << (comparison.gaps == 1 ? " gap" : " gaps")
        << " of a full or slow disk, or given up for lost, where inputs are missing: not "
           "compared\n";
  if (comparison.snapshots > 0) out << "state compared with the newest snapshot\n";
  out << "decisions sha256=" << comparison.decided_decisions;
  if (comparison.decided_decisions != comparison.recorded_decisions)
    out << "\nrecorded  sha256=" << comparison.recorded_decisions;
  out << "\n";
}

// What the recorder wrote holds no decisions.
absl::Status RefuseRecording(base::Files& files, const std::string& dir) {
  GANNET_ASSIGN_OR_RETURN(const auto reader, journal::Reader::Open(files, dir));
  GANNET_RETURN_IF_ERROR(reader->Next().status());
  if (!journal::IsRecording(reader->info())) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(dir, " is a recording of topics; run gannet replay --recorded ", dir));
}

}  // namespace

absl::Status CompareJournal(base::Files& files, const std::string& dir, const std::string& build_id,
                            std::ostream& out) {
  const std::string below = dir + "/journal";
  const std::string folder = files.Exists(below) ? below : dir;
  GANNET_RETURN_IF_ERROR(RefuseRecording(files, folder));
  OverlayFiles overlay(files);
  ReplayHooks hooks;
  hooks.comparable = Comparable;
  hooks.on_start = [&](const journal::Record& resume, const journal::SegmentInfo& info) {
    PrintStart(resume, info, build_id, out);
    out.flush();
  };
  GANNET_ASSIGN_OR_RETURN(const JournalComparison comparison,
                          ReplayJournal(overlay, folder, {}, FactoryOf(overlay), hooks));
  PrintCounts(comparison, out);
  PrintDifference(comparison, out);
  if (!comparison.stopped.empty()) {
    return absl::AbortedError(absl::StrCat("not decided again to the end: ", comparison.stopped));
  }
  if (!comparison.ok())
    return absl::AbortedError("the journal and what is decided from its inputs are not the same");
  if (comparison.gaps > 0)
    return absl::AbortedError("inputs are missing from the journal; what was compared is equal");
  out << "all facts are equal; the signatures of requests are not compared, they need the key\n";
  return absl::OkStatus();
}

}  // namespace gannet::app
