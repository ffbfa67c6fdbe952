#include "apps/gannet/journal_fetch.h"

#include <map>
#include <memory>
#include <ostream>

#include "absl/strings/str_format.h"
#include "libs/base/status.h"
#include "libs/bus/kafka_admin.h"
#include "libs/bus/topics.h"
#include "libs/journal/recording.h"
#include "libs/runtime/bus_config.h"
#include "libs/runtime/journal_copy.h"

namespace gannet::app {
namespace {

using runtime::JournalPiece;
using OnEvent = std::function<absl::Status(std::string_view event)>;
using OnPiece = std::function<absl::Status(const JournalPiece& piece)>;

absl::Status EachOfRecording(base::Files& files, const std::string& folder,
                             const OnEvent& on_event) {
  const std::string below = folder + "/journal";
  GANNET_ASSIGN_OR_RETURN(const auto reader,
                          journal::Reader::Open(files, files.Exists(below) ? below : folder));
  for (;;) {
    GANNET_ASSIGN_OR_RETURN(const std::optional<journal::Record> record, reader->Next());
    if (!record) return absl::OkStatus();
    if (!journal::IsRecording(reader->info()))
      return absl::FailedPreconditionError(absl::StrFormat("%s is no recording", folder));
    if (record->channel != bus::kJournals.info.name) continue;
    GANNET_ASSIGN_OR_RETURN(const journal::RecordedMessage message,
                            journal::DecodeRecorded(record->payload));
    if (message.payload) GANNET_RETURN_IF_ERROR(on_event(*message.payload));
  }
}

absl::Status EachOnKafka(base::Files& files, const std::string& bus_file, const OnEvent& on_event) {
  GANNET_ASSIGN_OR_RETURN(const runtime::BusConfig config, runtime::LoadBusConfig(files, bus_file));
  GANNET_ASSIGN_OR_RETURN(const auto admin,
                          bus::KafkaAdmin::Connect(config.kafka, "gannet-journal-fetch"));
  const std::string topic = config.prefix + std::string(bus::kJournals.info.name);
  for (uint32_t partition = 0; partition < bus::kJournals.info.partitions; ++partition)
    GANNET_RETURN_IF_ERROR(admin->ReadAll(topic, partition, on_event));
  return absl::OkStatus();
}

absl::Status EachPiece(const std::string& program, const JournalSource& source,
                       const OnPiece& on_piece) {
  return source([&](std::string_view bytes) -> absl::Status {
    const auto event = bus::kJournals.info.decode(bytes);
    if (!event.ok()) return absl::OkStatus();  // of nobody that writes journals
    const auto& note =
        std::static_pointer_cast<const market::Event<wire::EngineNote>>(*event)->value;
    if (note.engine != program || note.kind != runtime::kJournalPieceKind) return absl::OkStatus();
    GANNET_ASSIGN_OR_RETURN(const JournalPiece piece, runtime::DecodePiece(note.body));
    return on_piece(piece);
  });
}

class Assembly {
 public:
  Assembly(base::Files& files, std::string folder) : files_(files), folder_(std::move(folder)) {}

  absl::Status Take(const JournalPiece& piece) {
    uint64_t& size = sizes_[piece.file];
    const std::string path = folder_ + "/" + piece.file;
    if (piece.offset > size) {
      return absl::DataLossError(
          absl::StrFormat("%s: bytes %d to %d are not there: the topic no longer keeps them, fetch "
                          "from a recording "
                          "(--recorded)",
                          piece.file, size, piece.offset));
    }
    if (piece.offset < size) {
      open_.reset();
      GANNET_RETURN_IF_ERROR(files_.Truncate(path, piece.offset));
    }
    if (open_name_ != piece.file || open_ == nullptr) {
      GANNET_ASSIGN_OR_RETURN(open_, files_.OpenAppend(path));
      open_name_ = piece.file;
    }
    size = piece.offset + piece.bytes.size();
    ++pieces_;
    return open_->Append(piece.bytes);
  }

  void Print(std::ostream& out) const {
    uint64_t bytes = 0;
    for (const auto& [file, size] : sizes_) bytes += size;
    out << absl::StrFormat("%d segments, %d bytes, from %d pieces; now: gannet journal verify %s\n",
                           sizes_.size(), bytes, pieces_, folder_);
  }

 private:
  base::Files& files_;
  const std::string folder_;
  std::map<std::string, uint64_t> sizes_;
  std::unique_ptr<base::AppendFile> open_;
  std::string open_name_;
  uint64_t pieces_ = 0;
};

}  // namespace

absl::Status AssembleJournal(base::Files& files, const JournalFetchOptions& options,
                             const JournalSource& source, std::ostream& out) {
  std::optional<uint64_t> run = options.run;
  uint64_t runs = 0;
  GANNET_RETURN_IF_ERROR(
      EachPiece(options.program, source, [&](const JournalPiece& piece) -> absl::Status {
        if (options.run) return absl::OkStatus();
        runs += !run || *run != piece.run;
        run = piece.run;
        return absl::OkStatus();
      }));
  if (!run) {
    return absl::NotFoundError(absl::StrFormat(
        "there is no journal of '%s'; news-signal and ml-inference copy theirs", options.program));
  }
  GANNET_RETURN_IF_ERROR(files.MakeDirs(options.out_folder));
  GANNET_ASSIGN_OR_RETURN(const std::vector<std::string> names, files.List(options.out_folder));
  if (!names.empty()) {
    return absl::FailedPreconditionError(
        absl::StrFormat("%s is not empty; name another folder with --out", options.out_folder));
  }
  Assembly assembly(files, options.out_folder);
  GANNET_RETURN_IF_ERROR(EachPiece(options.program, source, [&](const JournalPiece& piece) {
    return piece.run == *run ? assembly.Take(piece) : absl::OkStatus();
  }));
  out << absl::StrFormat("journal of %s, run %016x%s\n", options.program, *run,
                         runs > 1 ? ", the newest (another: --run)" : "");
  assembly.Print(out);
  return absl::OkStatus();
}

absl::Status FetchJournal(base::Files& files, const JournalFetchOptions& options,
                          std::ostream& out) {
  return AssembleJournal(
      files, options,
      [&](const OnEvent& on_event) {
        return options.recorded.empty() ? EachOnKafka(files, options.bus_file, on_event)
                                        : EachOfRecording(files, options.recorded, on_event);
      },
      out);
}

}  // namespace gannet::app
