// Files in memory, with the manners of a real disk: what was not synced may be
// lost in part when the power fails, and whatever a disk can do wrong it does
// here when a seed says so.
//
// The model, a sector being 512 bytes:
//   content    Each file has what a read sees and what is on stable storage. Sync
//              copies the sectors written since. At a power cut every such sector
//              is there or not, by chance, and so is the growth of the file;
//              sectors that are not there are zeros (or their older content).
//   names      Created, renamed and removed names reach stable storage at SyncDir
//              of their folder; at a power cut a random number of them, in order.
//              Folders come, and take another name, at once.
//   failed sync  Some of the sectors reach the disk, the others never will, however
//              often Sync is called again (what Linux does).
//
// Example, one crash at each boundary:
//   for (uint64_t n = 1;; ++n) {
//     SimFiles files(seed);
//     files.CutPowerAt(n);
//     const bool finished = Work(files);
//     if (finished) break;
//     files.Restart(rng);
//     CheckWhatWasPromised(files);
//   }
//
// Safe from any thread (one lock around everything).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/base/files.h"
#include "libs/base/rng.h"

namespace gannet::base {

// Chances are per operation, from 0 (never) to 1.
struct SimFileFaults {
  std::optional<uint64_t> capacity_bytes;  // RESOURCE_EXHAUSTED beyond it
  double sync_failure = 0;
  double short_write = 0;        // Append stops after a part and fails
  double read_flip = 0;          // a read returns one bit changed; the file is intact
  double misdirected_write = 0;  // Sync puts one sector where another belongs
};

struct SimFileCounters {
  uint64_t disk_full = 0, sync_failures = 0, short_writes = 0, read_flips = 0,
           misdirected_writes = 0;
  uint64_t power_cuts = 0, sectors_lost = 0, names_lost = 0;
};

class SimFiles : public Files {
 public:
  explicit SimFiles(uint64_t seed = 1);
  ~SimFiles() override;

  absl::StatusOr<std::unique_ptr<AppendFile>> OpenAppend(const std::string& path) override;
  absl::StatusOr<std::string> Read(const std::string& path) override;
  absl::StatusOr<std::string> ReadRange(const std::string& path, uint64_t offset,
                                        size_t length) override;
  absl::StatusOr<uint64_t> Size(const std::string& path) override;
  bool Exists(const std::string& path) override;
  absl::StatusOr<int> Mode(const std::string& path) override;
  absl::Status WriteAtomically(const std::string& path, std::string_view bytes,
                               int mode = 0644) override;
  absl::Status Truncate(const std::string& path, uint64_t size) override;
  absl::Status Rename(const std::string& from, const std::string& to) override;
  absl::Status Remove(const std::string& path) override;
  absl::Status MakeDirs(const std::string& path) override;
  absl::StatusOr<std::vector<std::string>> List(const std::string& path) override;
  absl::Status SyncDir(const std::string& path) override;
  absl::StatusOr<uint64_t> FreeBytes(const std::string& path) override;
  absl::Status Reserve(const std::string& path, uint64_t bytes) override;
  absl::StatusOr<std::unique_ptr<FolderLock>> LockDir(const std::string& path) override;

  void set_faults(const SimFileFaults& faults);
  SimFileCounters counters() const;
  // Operations that change something, since the beginning.
  uint64_t operations() const;

  // The power fails in the middle of the operation of this number: it and all
  // later ones answer UNAVAILABLE until Restart.
  void CutPowerAt(uint64_t operation);
  bool powered() const;
  // Loses what was not on stable storage, as chance has it, frees all locks and
  // makes all open files useless. Also without a power cut before: a crash now.
  void Restart(Rng& rng);
  // The same, with a generator of the SimFiles itself.
  void Restart();

  // Every file as a read sees it; and back, all of it on stable storage.
  std::map<std::string, std::string> Contents() const;
  void SetContents(const std::map<std::string, std::string>& contents);
  // Damages the file for good. `offset` must lie in it.
  void FlipBit(const std::string& path, uint64_t offset, int bit);

 private:
  friend class SimAppendFile;
  friend class SimFolderLock;
  struct Inode;
  using InodePtr = std::shared_ptr<Inode>;
  struct NameChange {
    std::string name;
    InodePtr inode;            // null: removed
    std::string removed_name;  // of a rename
  };

  // Counts a change; false when the power is off or fails with this one.
  bool Begin();
  absl::Status PowerIsOff(const std::string& path) const;
  uint64_t UsedBytes() const;
  absl::StatusOr<InodePtr> Find(const std::string& path) const;
  absl::StatusOr<InodePtr> FindOrCreate(const std::string& path);
  absl::Status WriteAt(const std::string& path, Inode& inode, uint64_t at, std::string_view bytes);
  absl::Status SyncInode(const std::string& path, Inode& inode);
  absl::Status RenameLocked(const std::string& from, const std::string& to);
  absl::Status RenameDir(const std::string& from, const std::string& to);
  absl::Status SyncDirLocked(const std::string& path);
  absl::StatusOr<std::string> ReadLocked(const std::string& path, uint64_t offset, size_t length);
  void Misdirect(Inode& inode, uint64_t sector);
  void LosePower(Inode& inode, Rng& rng);
  void ChangeName(std::map<std::string, InodePtr>& names, const NameChange& change) const;

  mutable std::mutex mutex_;
  Rng rng_;
  SimFileFaults faults_;
  SimFileCounters counters_;
  uint64_t operations_ = 0;
  std::optional<uint64_t> cut_at_;
  bool powered_ = true;
  uint64_t generation_ = 0;  // of open files and locks: a restart makes the old ones useless

  std::set<std::string> dirs_{".", "/"};
  std::map<std::string, InodePtr> names_;  // what a program sees
  std::map<std::string, InodePtr> durable_names_;
  std::vector<NameChange> unsynced_names_;  // in order
  std::set<std::string> locked_;
};

}  // namespace gannet::base
