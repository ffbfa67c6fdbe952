#include "libs/runtime/lease.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <vector>

#include "libs/base/concat.h"
#include "libs/base/digest.h"
#include "libs/base/status.h"

namespace gannet::runtime {
namespace {

constexpr size_t kSlotBytes = 512;  // one sector: written whole or not at all on most disks
constexpr std::string_view kMagic = "gannet-lease-1";

absl::Status SystemError(const std::string& path, const char* step) {
  return absl::UnavailableError(base::Concat({path, ": ", step, ": ", std::strerror(errno),
                                              "; check the data folder's disk and permissions"}));
}

std::optional<uint64_t> ParseNumber(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value)
                                                                  : std::nullopt;
}

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find(separator, at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

// Names go into a line of their own fields.
std::string Cleaned(std::string text) {
  if (text.size() > 100) text.resize(100);
  for (char& c : text) {
    if (c == '\t' || c == '\n' || c == '\0') c = '_';
  }
  return text;
}

}  // namespace

// The file for the time of one step.
class FileLease::LockedFile {
 public:
  LockedFile() = default;
  ~LockedFile() {
    if (fd_ >= 0) ::close(fd_);  // and with it the flock
  }
  LockedFile(const LockedFile&) = delete;
  LockedFile& operator=(const LockedFile&) = delete;

  absl::Status Open(const std::string& path) {
    path_ = path;
    fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd_ < 0) return SystemError(path, "opening the lease");
    if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK)
        return absl::UnavailableError(path + ": another process is changing the lease; try again");
      return SystemError(path, "locking the lease");
    }
    return Read();
  }

  // The newest row; nothing in a new file.
  const std::optional<Row>& row() const { return row_; }

  absl::Status Write(Row row) {
    row.beat = row_ ? row_->beat + 1 : 1;
    const std::string slot = Encode(row);
    const auto offset = static_cast<off_t>(row.beat % 2 * kSlotBytes);
    if (::pwrite(fd_, slot.data(), slot.size(), offset) != static_cast<ssize_t>(slot.size()))
      return SystemError(path_, "writing the lease");
    if (::fdatasync(fd_) != 0) return SystemError(path_, "syncing the lease");
    row_ = std::move(row);
    return absl::OkStatus();
  }

 private:
  absl::Status Read() {
    std::array<char, 2 * kSlotBytes> bytes{};
    const ssize_t got = ::pread(fd_, bytes.data(), bytes.size(), 0);
    if (got < 0) return SystemError(path_, "reading the lease");
    for (const size_t slot : {size_t{0}, size_t{1}}) {
      std::optional<Row> row =
          Decode(std::string_view(bytes.data() + slot * kSlotBytes, kSlotBytes));
      if (row && (!row_ || row->beat > row_->beat)) row_ = std::move(row);
    }
    if (got > 0 && !row_)
      return absl::DataLossError(
          path_ +
          ": no valid lease in it; if no other process uses this data folder, remove the file");
    return absl::OkStatus();
  }

  std::string path_;
  int fd_ = -1;
  std::optional<Row> row_;
};

std::string FileLease::Encode(const Row& row) {
  std::string text =
      base::Concat({kMagic, "\t", row.shard, "\t", row.holder, "\t", std::to_string(row.epoch),
                    "\t", std::to_string(row.length.count()), "\t", std::to_string(row.beat), "\t",
                    row.held ? "held" : "free"});
  text += "\t" + std::to_string(base::Crc32c(text)) + "\n";
  text.resize(kSlotBytes, '\0');
  return text;
}

std::optional<FileLease::Row> FileLease::Decode(std::string_view slot) {
  const size_t end = slot.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = slot.substr(0, end);
  const std::vector<std::string_view> parts = Split(line, '\t');
  if (parts.size() != 8 || parts[0] != kMagic) return std::nullopt;
  const auto epoch = ParseNumber(parts[3]), length = ParseNumber(parts[4]),
             beat = ParseNumber(parts[5]), crc = ParseNumber(parts[7]);
  if (!epoch || !length || !beat || !crc || *crc != base::Crc32c(line.substr(0, line.rfind('\t'))))
    return std::nullopt;
  return Row{std::string(parts[1]),
             std::string(parts[2]),
             *epoch,
             base::Duration(static_cast<int64_t>(*length)),
             *beat,
             parts[6] == "held"};
}

FileLease::FileLease(std::string path, std::string shard, std::string holder, LeaseOptions options,
                     const base::Clock& clock)
    : path_(std::move(path)),
      shard_(Cleaned(std::move(shard))),
      holder_(Cleaned(std::move(holder))),
      options_(options),
      clock_(clock) {}

FileLease::~FileLease() {
  if (held_) (void)Release();
}

absl::Status FileLease::TryAcquire() {
  if (epoch_ != 0) return held_ ? absl::OkStatus() : Lost();
  const base::Duration now = clock_.Monotonic();
  LockedFile file;
  GANNET_RETURN_IF_ERROR(file.Open(path_));
  const std::optional<Row>& row = file.row();
  if (row && row->shard != shard_) {
    return absl::FailedPreconditionError(
        base::Concat({path_, ": is the lease of shard ", row->shard, ", not of ", shard_,
                      "; use the data folder of this shard"}));
  }
  if (row && row->held && !options_.earlier_holders_are_gone) {
    if (watched_ != row) {
      watched_ = row;
      watched_since_ = clock_.Monotonic();  // after it was read: nothing earlier was seen of it
    }
    const base::Duration wait = row->length + options_.margin + options_.receive_window;
    if (now - watched_since_ < wait) {
      const auto left = std::chrono::ceil<std::chrono::seconds>(wait - (now - watched_since_));
      return absl::UnavailableError(base::Concat(
          {path_, ": held by ", row->holder, " (epoch ", std::to_string(row->epoch),
           "); stop it, or wait ", std::to_string(left.count()), "s after it has died"}));
    }
  }
  const uint64_t epoch = std::max(row ? row->epoch + 1 : 1, options_.lowest_epoch);
  GANNET_RETURN_IF_ERROR(file.Write(Row{shard_, holder_, epoch, options_.length, 0, true}));
  renewed_at_ns_ = now.count();
  epoch_ = epoch;
  held_ = true;
  return absl::OkStatus();
}

absl::Status FileLease::Renew() {
  if (!held_) return Lost();
  const base::Duration now =
      clock_.Monotonic();  // before the write: what it promises counts from here
  LockedFile file;
  GANNET_RETURN_IF_ERROR(file.Open(path_));
  if (!file.row() || !IsOurs(*file.row())) {
    held_ = false;
    return Lost();
  }
  GANNET_RETURN_IF_ERROR(file.Write(*file.row()));
  renewed_at_ns_ = now.count();
  return absl::OkStatus();
}

absl::Status FileLease::Release() {
  if (!held_) return absl::OkStatus();
  held_ = false;
  LockedFile file;
  GANNET_RETURN_IF_ERROR(file.Open(path_));
  if (!file.row() || !IsOurs(*file.row())) return absl::OkStatus();
  Row row = *file.row();
  row.held = false;
  return file.Write(std::move(row));
}

absl::Status FileLease::Lost() {
  return absl::AbortedError(
      base::Concat({path_, ": the lease of shard ", shard_, " (epoch ", std::to_string(epoch_),
                    ") is not ours any more; restart to reconcile and take a new one"}));
}

bool FileLease::MayStillSend() const {
  return held_ &&
         clock_.Monotonic() - base::Duration(renewed_at_ns_) < options_.length - options_.margin;
}

}  // namespace gannet::runtime
