// libFuzzer entry: any bytes where a journal or a snapshot should be, with checksums and
// chains made right where the input asks for it, so that what lies behind them is reached.
// Reader and recovery read or refuse them: no crash, no hang, no record out of order, and
// a journal that recovery accepts can be gone on with.
//   cmake --preset clang && ninja -C build/clang gannet_journal_fuzz
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "libs/base/check.h"
#include "libs/base/digest.h"
#include "libs/base/sim_files.h"
#include "libs/base/virtual_executor.h"
#include "libs/journal/format.h"
#include "libs/journal/journal.h"
#include "libs/journal/journal_for_test.h"
#include "libs/journal/layout.h"

using namespace gannet;
using namespace gannet::journal;

namespace {

using Contents = std::map<std::string, std::string>;

struct Case {
  Contents contents;
  bool genuine = false;  // each record that can be read must be RecordForTest
};

// What the input says, in order; zeros at its end.
class Input {
 public:
  explicit Input(std::string_view bytes) : bytes_(bytes) {}
  bool empty() const { return bytes_.empty(); }
  uint8_t Byte() {
    const std::string_view byte = Text(1);
    return byte.empty() ? 0 : static_cast<uint8_t>(byte.front());
  }
  uint16_t Word() { return static_cast<uint16_t>(Byte() | Byte() << 8); }
  std::string_view Text(size_t most) {
    const std::string_view text = bytes_.substr(0, most);
    bytes_.remove_prefix(text.size());
    return text;
  }
  std::string_view Rest() { return Text(bytes_.size()); }

 private:
  std::string_view bytes_;
};

// Three segments, a snapshot, batches of three records, killed.
Contents MakeJournal() {
  base::SimFiles files;
  base::VirtualExecutor executor(base::Time{});
  auto writer = Writer::Open(files, executor, kDirForTest, InfoForTest(), OptionsForTest());
  GANNET_CHECK(writer.ok(), "a journal in memory opens");
  for (uint64_t sequence = 1; sequence <= 15; ++sequence) {
    AppendForTest(**writer, sequence);
    if (sequence % 3 == 0) (*writer)->Commit();
    executor.RunFor(std::chrono::seconds(1));
    if (sequence == 9)
      GANNET_CHECK((*writer)->WriteSnapshot("state").ok(), "a snapshot is written");
  }
  return files.Contents();
}

// A segment whose frames are as the input says, most of them with what they must state.
std::string SegmentOf(Input input) {
  const SegmentHeader header{InfoForTest()};
  std::string bytes = EncodeHeader(header);
  base::Sha256Digest chain = NextChain(header.previous_chain, bytes);
  uint64_t next = 1, first = 1;
  uint32_t records = 0;
  for (std::string frames; !input.empty();) {
    const uint8_t kind = input.Byte();
    const std::string_view text = kind < 0xf0 ? input.Text(input.Byte()) : std::string_view();
    if (kind < 0x80) {  // a record
      AppendRecord(frames, next++, RecordType(1 + kind % 3), base::Time{}, text.substr(0, kind % 8),
                   text);
      ++records;
    } else if (kind < 0xa0) {  // a gap
      next += kind % 16;
      AppendRecord(frames, next++, RecordType::kGap, base::Time{}, "", text);
      ++records;
    } else if (kind < 0xd0) {  // anything, its checksum right
      const auto length = static_cast<uint32_t>(text.size());
      std::string frame(reinterpret_cast<const char*>(&length), sizeof length);
      const uint32_t sum = base::Crc32c(frame + std::string(text));
      frame.append(reinterpret_cast<const char*>(&sum), sizeof sum).append(text);
      frames += frame;
    } else if (kind < 0xf0) {  // anything
      frames += text;
    } else if (kind < 0xfc) {  // the end of a batch
      chain = NextChain(chain, frames);
      AppendTrailer(frames, {records, first, next - 1, header.info.run, chain});
      bytes += std::exchange(frames, "");
      first = next;
      records = 0;
    } else {
      AppendClose(frames, {next - 1, header.info.run, chain});
    }
    if (input.empty()) bytes += frames;  // ends before its batch
  }
  return bytes;
}

Case JournalOf(std::string_view bytes) {
  static const Contents sound = MakeJournal();
  const std::string segment = SegmentPath(kDirForTest, 1);
  Input input(bytes);
  switch (input.Byte() % 4) {
    case 0:
      return {.contents = {{segment, std::string(input.Rest())}}};
    case 1:
      return {.contents = {{segment, SegmentOf(input)}}};
    case 2: {
      Contents contents = sound;
      contents[SnapshotPath(kDirForTest, 12)] = input.Rest();
      return {std::move(contents), true};
    }
    default: {
      // A file of the sound one, bytes changed, then perhaps cut.
      Contents contents = sound;
      auto file = contents.begin();
      std::advance(file, input.Byte() % contents.size());
      std::string& content = file->second;
      if (const size_t cut = input.Word(); cut < content.size()) content.resize(cut);
      while (!input.empty() && !content.empty()) {
        const size_t at = input.Word() % content.size();
        content[at] = static_cast<char>(input.Byte());
      }
      return {std::move(contents), true};
    }
  }
}

bool Refusal(const absl::Status& status) {
  return absl::IsDataLoss(status) || absl::IsFailedPrecondition(status);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  base::SimFiles files;
  const Case given = JournalOf({reinterpret_cast<const char*>(data), size});
  files.SetContents(given.contents);

  const auto reader = Reader::Open(files, kDirForTest);
  GANNET_CHECK(reader.ok(), "there is a segment to open");
  uint64_t last = 0;
  absl::StatusOr<std::optional<Record>> record;
  for (record = (*reader)->Next(); record.ok() && *record; record = (*reader)->Next()) {
    GANNET_CHECK((*record)->sequence > last, "records come in order");
    last = (*record)->sequence;
    GANNET_CHECK(!given.genuine || **record == RecordForTest(last), "records are as written");
  }
  GANNET_CHECK(record.ok() || Refusal(record.status()), "what cannot be read is refused");
  const Verification found = (*reader)->Verify();
  GANNET_CHECK(found.valid_prefix == last, "what is valid is what is given out");
  GANNET_CHECK(record.ok() || !found.ok(), "what is refused is no sound journal");
  (void)(*reader)->NewestSnapshot();

  base::VirtualExecutor executor(base::Time{});
  auto writer = Writer::Open(files, executor, kDirForTest, InfoForTest(), OptionsForTest());
  GANNET_CHECK(writer.ok() || Refusal(writer.status()), "recovery takes a journal or refuses it");
  if (!writer.ok()) return 0;
  const uint64_t next = AppendForTest(**writer, (*writer)->last_sequence() + 1);
  GANNET_CHECK((*writer)->Close().ok(), "a journal that was taken goes on");
  const ReadBack behind = ReadAll(files, kDirForTest, next - 1);
  GANNET_CHECK(behind.status.ok() && behind.records == std::vector{RecordForTest(next)},
               "what was written behind it is there");
  return 0;
}
