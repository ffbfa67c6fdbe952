// The right to send for a shard, held by one process at a time.
//
// A lease is a row (shard, holder, epoch, length). Its holder renews it, and stops
// sending on its own monotonic clock at length minus margin after the last
// renewal began, whatever has become of the row. Another takes a row over only
// after it has watched it unchanged for length + margin + the longest receive
// window of a request; by then nothing of the old holder can still reach a venue.
// Each new holder has a higher epoch, which travels in verdicts and journal.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/clock.h"

namespace gannet::runtime {

// What those who send see of it. Any thread.
class Lease {
 public:
  virtual ~Lease() = default;
  // To be asked immediately before each write to a venue's socket.
  virtual bool MayStillSend() const = 0;
  // Of this holder; 0 before the lease was ever held.
  virtual uint64_t epoch() const = 0;
};

// What its holder does with it; one thread at a time, which may have to wait for the
// place where the row is kept. FileLease here, PostgresLease (postgres_lease.h);
// lease_suite.h says what each must do.
class ShardLease : public Lease {
 public:
  // Takes the row if it is free or has been watched long enough. UNAVAILABLE:
  // another holds it, or the row cannot be reached; try again. ABORTED: held once and
  // lost; make a new lease.
  virtual absl::Status TryAcquire() = 0;
  // Extends it. ABORTED: another has taken it over, nothing may be sent for good.
  // Any other error: the row was not reached; what was held before still runs out.
  virtual absl::Status Renew() = 0;
  // Frees the row for the next holder at once. Nothing may be sent any more.
  virtual absl::Status Release() = 0;
};

struct LeaseOptions {
  base::Duration length = std::chrono::seconds(10);
  base::Duration margin = std::chrono::seconds(2);  // for clocks that drift and writes under way
  base::Duration receive_window =
      std::chrono::seconds(5);  // a request may rest this long before the venue refuses it
  // The caller has proof that no earlier holder runs any more (it holds the data
  // folder's lock, which dies with its process): a row left behind is taken at once.
  bool earlier_holders_are_gone = false;
  // No epoch below this is given: epochs go on rising although the row was lost.
  uint64_t lowest_epoch = 1;
};

// A row in a file, changed under flock. The file has two slots, written in turn
// and checked by CRC-32C, so that a torn write leaves the row before it.
class FileLease : public ShardLease {
 public:
  FileLease(std::string path, std::string shard, std::string holder, LeaseOptions options,
            const base::Clock& clock);
  // Releases the row if it is held.
  ~FileLease() override;
  FileLease(const FileLease&) = delete;
  FileLease& operator=(const FileLease&) = delete;

  // DATA_LOSS, of all three: the file is no lease file. Never waits.
  absl::Status TryAcquire() override;
  absl::Status Renew() override;
  absl::Status Release() override;

  bool MayStillSend() const override;
  uint64_t epoch() const override { return epoch_; }

 private:
  struct Row {
    std::string shard, holder;
    uint64_t epoch = 0;
    base::Duration length{0};
    uint64_t beat = 0;  // counts writes; higher is newer
    bool held = false;
    bool operator==(const Row&) const = default;
  };
  class LockedFile;

  static std::string Encode(const Row& row);
  static std::optional<Row> Decode(std::string_view slot);
  bool IsOurs(const Row& row) const {
    return row.held && row.epoch == epoch_ && row.holder == holder_;
  }
  absl::Status Lost();

  const std::string path_, shard_, holder_;
  const LeaseOptions options_;
  const base::Clock& clock_;
  std::atomic<uint64_t> epoch_ = 0;
  std::atomic<bool> held_ = false;
  std::atomic<int64_t> renewed_at_ns_ = 0;  // on clock_
  std::optional<Row> watched_;              // another's row, unchanged since watched_since_
  base::Duration watched_since_{0};
};

}  // namespace gannet::runtime
