#include "apps/gannet/journal_command.h"

#include <array>
#include <memory>
#include <ostream>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "apps/gannet/message_json.h"
#include "apps/gannet/recording_json.h"
#include "libs/base/digest.h"
#include "libs/base/status.h"
#include "libs/bus/topics.h"
#include "libs/journal/read_mark.h"
#include "libs/journal/recording.h"
#include "libs/journal/skip.h"

namespace gannet::app {
namespace {

using journal::RecordType;

constexpr std::array<std::pair<RecordType, const char*>, 4> kTypeNames = {
    {{RecordType::kInput, "input"},
     {RecordType::kFact, "fact"},
     {RecordType::kVersions, "versions"},
     {RecordType::kGap, "gap"}}};

const char* TypeName(RecordType type) {
  for (const auto& [known, name] : kTypeNames) {
    if (known == type) return name;
  }
  return "unknown";
}

std::string JournalFolder(base::Files& files, const std::string& dir) {
  const std::string below = dir + "/journal";
  return files.Exists(below) ? below : dir;
}

std::string SizeText(uint64_t bytes) {
  if (bytes < 10'000) return absl::StrCat(bytes, " bytes");
  if (bytes < 10'000'000) return absl::StrFormat("%.1f kB", static_cast<double>(bytes) / 1e3);
  return absl::StrFormat("%.1f MB", static_cast<double>(bytes) / 1e6);
}

std::string PayloadMember(const journal::Record& record) {
  switch (record.type) {
    case RecordType::kGap:
      return "\"dropped\":" + record.payload;
    case RecordType::kFact:
      if (const auto event = JsonOfEvent(record.channel, record.payload))
        return "\"event\":" + *event;
      return absl::StrCat("\"hex\":\"", base::Hex(record.payload), "\"");
    case RecordType::kInput:
    case RecordType::kVersions:
      break;
  }
  return JsonMemberOfInput(record.payload);
}

std::string RecordLine(const journal::Record& record, const journal::SegmentInfo& info) {
  return absl::StrCat(
      "{\"sequence\":", record.sequence, ",\"type\":\"", TypeName(record.type), "\",\"time\":\"",
      base::FormatTime(record.time), "\",\"channel\":", JsonText(record.channel), ",",
      journal::IsRecording(info) ? JsonMembersOfRecorded(record) : PayloadMember(record), "}\n");
}

std::string SegmentLine(const journal::SegmentInfo& info, uint64_t first_sequence) {
  std::string versions;
  for (const auto& [name, version] : info.versions) {
    absl::StrAppend(&versions, versions.empty() ? "" : ",", JsonText(name), ":", JsonText(version));
  }
  return absl::StrFormat(
      "{\"sequence\":%d,\"type\":\"segment\",\"run\":\"%016x\",\"build_id\":%s,\"config_hash\":%s,"
      "\"seed\":%d,\"versions\":{%s}}\n",
      first_sequence, info.run, JsonText(info.build_id), JsonText(info.config_hash), info.seed,
      versions);
}

}  // namespace

std::optional<RecordType> ParseRecordType(std::string_view name) {
  for (const auto& [type, known] : kTypeNames) {
    if (name == known) return type;
  }
  return std::nullopt;
}

absl::Status VerifyJournal(base::Files& files, const std::string& dir, std::ostream& out) {
  const std::string folder = JournalFolder(files, dir);
  GANNET_ASSIGN_OR_RETURN(const std::unique_ptr<journal::Reader> reader,
                          journal::Reader::Open(files, folder));
  const journal::Verification found = reader->Verify();
  out << "journal   " << folder << "\n";
  out << "records   " << found.records;
  if (found.records > 0) out << ", from " << found.first_sequence << " to " << found.valid_prefix;
  if (found.dropped > 0)
    out << "; " << found.dropped
        << " more were dropped while the disk was full or slow, or given up for lost";
  out << "\nsegments  " << found.segments << ", " << SizeText(found.bytes) << "\n";
  out << "snapshots " << found.snapshots << "\n";
  out << "chain     " << found.chain << "\n";
  if (found.ok()) {
    out << "valid\n";
    return absl::OkStatus();
  }
  out << (found.tail_only ? "unfinished tail: " : "FIRST DAMAGE: ") << *found.bad_file
      << " at byte " << found.bad_offset << ": " << found.bad_reason << "\n";
  if (found.bad_file->ends_with(".gnj"))  // not a snapshot
    out << "first bad record: " << found.valid_prefix + 1 << "\n";
  out << "longest valid prefix: up to record " << found.valid_prefix << "\n";
  if (found.tail_only) {
    out << "valid but for the tail, which is normal while a process writes and after a crash; the "
           "next start cuts it\n";
    return absl::OkStatus();
  }
  return absl::DataLossError(absl::StrCat(
      *found.bad_file, " at byte ", found.bad_offset, " is damaged (", found.bad_reason,
      "); restore it from a copy, or start with --fresh, which keeps this folder"));
}

absl::Status DumpJournal(base::Files& files, const std::string& dir,
                         const JournalDumpOptions& options, std::ostream& out) {
  GANNET_ASSIGN_OR_RETURN(const std::unique_ptr<journal::Reader> reader,
                          journal::Reader::Open(files, JournalFolder(files, dir)));
  if (options.after > 0) GANNET_RETURN_IF_ERROR(reader->SeekAfter(options.after));
  std::optional<journal::SegmentInfo> shown;
  std::set<std::string> others;  // channels that were not asked for
  bool known = false;            // the one that was is there
  for (uint64_t printed = 0; options.limit == 0 || printed < options.limit;) {
    GANNET_ASSIGN_OR_RETURN(const std::optional<journal::Record> record, reader->Next());
    if (!record) break;
    if (options.segments && shown != reader->info()) {
      shown = reader->info();
      out << SegmentLine(*shown, record->sequence);
    }
    if (!options.channel.empty() && record->channel != options.channel) {
      others.insert(record->channel);
      continue;
    }
    known = true;
    if (options.type && record->type != *options.type) continue;
    out << RecordLine(*record, reader->info());
    if (!out.good())
      return absl::UnavailableError(
          "the output was closed; nothing is lost, run the command again");
    ++printed;
  }
  const bool topic = bus::FindTopic(options.channel) != nullptr;  // nothing was said there yet
  if (known || topic || options.channel.empty() || others.empty()) return absl::OkStatus();
  others.erase("");
  return absl::NotFoundError(absl::StrCat("--channel: no record is of '", options.channel,
                                          "'; there are ", absl::StrJoin(others, ", ")));
}

absl::Status PruneJournal(base::Files& files, const std::string& dir, base::Time now,
                          base::Duration keep, uint64_t max_bytes, std::ostream& out) {
  const std::string folder = JournalFolder(files, dir);
  GANNET_RETURN_IF_ERROR(journal::Reader::Open(files, folder).status());  // is there one?
  GANNET_ASSIGN_OR_RETURN(const journal::Pruned pruned,
                          journal::Prune(files, folder, now, {keep, max_bytes}));
  const size_t removed = pruned.segments;
  out << "removed " << removed << (removed == 1 ? " segment" : " segments") << " of " << folder
      << "\n";
  if (pruned.held) {
    out << "more would go, and is not in the rows of reporting yet: start the program so that it "
           "stores them, or remove "
        << journal::ReadMarkPath(folder) << " to give them up\n";
  } else if (removed == 0) {
    out << "a segment goes once two verified snapshots cover it and it is older or beyond the "
           "bytes kept\n";
  }
  return absl::OkStatus();
}

absl::Status SkipLostRecords(base::Files& files, const std::string& dir, base::Time now,
                             uint64_t sequence, std::ostream& out) {
  const std::string folder = JournalFolder(files, dir);
  GANNET_ASSIGN_OR_RETURN(const uint64_t last, journal::SkipTo(files, folder, sequence, now));
  out << "records " << last + 1 << " to " << sequence << " are lost; " << folder
      << " says so, and goes on behind them\n";
  return absl::OkStatus();
}

}  // namespace gannet::app
