#include "libs/journal/layout.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"

namespace gannet::journal {
namespace {

constexpr std::string_view kSegmentStart = "journal-", kSegmentEnd = ".gnj";
constexpr std::string_view kSnapshotStart = "snapshot-", kSnapshotEnd = ".gns";
constexpr std::string_view kReserveStart = "reserve-", kReserveEnd = ".gnr";
constexpr std::string_view kTemporaryEnd = ".tmp";
constexpr size_t kDigits = 20;

std::string Path(std::string_view dir, std::string_view start, uint64_t number,
                 std::string_view end) {
  char digits[kDigits + 1];
  std::snprintf(digits, sizeof digits, "%020llu", static_cast<unsigned long long>(number));
  std::string path(dir);
  return path.append("/").append(start).append(digits).append(end);
}

std::optional<uint64_t> Number(std::string_view name, std::string_view start,
                               std::string_view end) {
  if (name.size() != start.size() + kDigits + end.size() || !name.starts_with(start) ||
      !name.ends_with(end)) {
    return std::nullopt;
  }
  const std::string_view digits = name.substr(start.size(), kDigits);
  uint64_t number = 0;
  const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || stop != digits.data() + digits.size()) return std::nullopt;
  return number;
}

}  // namespace

std::optional<uint64_t> SegmentNumber(std::string_view name) {
  return Number(name, kSegmentStart, kSegmentEnd);
}
std::string SegmentPath(std::string_view dir, uint64_t first_sequence) {
  return Path(dir, kSegmentStart, first_sequence, kSegmentEnd);
}
std::string SnapshotPath(std::string_view dir, uint64_t sequence) {
  return Path(dir, kSnapshotStart, sequence, kSnapshotEnd);
}
std::string ReservePath(std::string_view dir, uint64_t bytes) {
  return Path(dir, kReserveStart, bytes, kReserveEnd);
}

absl::StatusOr<Layout> ListJournal(base::Files& files, const std::string& dir) {
  GANNET_ASSIGN_OR_RETURN(const std::vector<std::string> names, files.List(dir));
  Layout layout;
  for (const std::string& name : names) {
    const std::string path = dir + "/" + name;
    std::string_view whole = name;
    if (const auto segment = Number(name, kSegmentStart, kSegmentEnd)) {
      layout.segments.push_back({*segment, path});
    } else if (const auto snapshot = Number(name, kSnapshotStart, kSnapshotEnd)) {
      layout.snapshots.push_back({*snapshot, path});
    } else if (Number(name, kReserveStart, kReserveEnd)) {
      layout.reserves.push_back(path);
    } else if (whole.ends_with(kTemporaryEnd)) {
      whole.remove_suffix(kTemporaryEnd.size());
      if (Number(whole, kSegmentStart, kSegmentEnd) ||
          Number(whole, kSnapshotStart, kSnapshotEnd)) {
        layout.unfinished.push_back(path);
      }
    }
  }
  return layout;  // names are sorted, and equally long numbers sort as text
}

absl::StatusOr<Snapshot> LoadSnapshot(base::Files& files, const NumberedFile& file, uint64_t run) {
  GANNET_ASSIGN_OR_RETURN(const std::string bytes, files.Read(file.path));
  absl::StatusOr<DecodedSnapshot> decoded = DecodeSnapshot(bytes);
  if (!decoded.ok()) return base::Annotate(decoded.status(), file.path);
  if (decoded->run != run)
    return absl::DataLossError(absl::StrCat(file.path, ": the snapshot is of another journal"));
  if (decoded->snapshot.sequence != file.number) {
    return absl::DataLossError(
        absl::StrCat(file.path, ": the snapshot is of another sequence than its name says"));
  }
  return std::move(decoded->snapshot);
}

}  // namespace gannet::journal
