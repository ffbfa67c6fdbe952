#include "libs/base/sim_files.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/check.h"
#include "libs/base/status.h"

namespace gannet::base {
namespace {

constexpr uint64_t kSector = 512;

bool InDir(const std::string& dir, const std::string& path) { return DirName(path) == dir; }

std::string Clean(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  return std::string(path);
}

// Copies one sector of `from` into `to`, as far as both reach.
void CopySector(const std::string& from, std::string& to, uint64_t sector) {
  const uint64_t begin = sector * kSector;
  const uint64_t end = std::min<uint64_t>({begin + kSector, from.size(), to.size()});
  if (begin < end) to.replace(begin, end - begin, from, begin, end - begin);
}

}  // namespace

struct SimFiles::Inode {
  std::string content;       // what a read sees
  std::string durable;       // what is on stable storage
  std::set<uint64_t> dirty;  // sectors that the next sync writes
  uint64_t reserved = 0;     // bytes of the disk set aside for this file
  int mode = 0644;
  uint64_t taken() const { return std::max<uint64_t>(content.size(), reserved); }
};

class SimAppendFile : public AppendFile {
 public:
  SimAppendFile(SimFiles& files, std::string path, SimFiles::InodePtr inode)
      : files_(files),
        path_(std::move(path)),
        inode_(std::move(inode)),
        generation_(files.generation_),
        size_(inode_->content.size()) {}

  absl::Status Append(std::string_view bytes) override {
    std::lock_guard lock(files_.mutex_);
    if (generation_ != files_.generation_) return files_.PowerIsOff(path_);
    const absl::Status status = files_.WriteAt(path_, *inode_, size_, bytes);
    if (status.ok()) size_ += bytes.size();
    return status;
  }
  absl::Status Sync() override {
    std::lock_guard lock(files_.mutex_);
    if (generation_ != files_.generation_) return files_.PowerIsOff(path_);
    return files_.SyncInode(path_, *inode_);
  }
  absl::Status Prepare(uint64_t bytes) override {
    std::lock_guard lock(files_.mutex_);
    if (generation_ != files_.generation_) return files_.PowerIsOff(path_);
    const uint64_t end = inode_->content.size();
    if (end >= size_ + bytes) return absl::OkStatus();
    const absl::Status status =
        files_.WriteAt(path_, *inode_, end, std::string(size_ + bytes - end, '\0'));
    if (absl::IsResourceExhausted(status)) inode_->content.resize(end);
    return status.ok() ? files_.SyncInode(path_, *inode_) : status;
  }
  uint64_t prepared() const override {
    std::lock_guard lock(files_.mutex_);
    return inode_->content.size() - size_;
  }
  uint64_t size() const override { return size_; }

 private:
  SimFiles& files_;
  const std::string path_;
  const SimFiles::InodePtr inode_;
  const uint64_t generation_;
  uint64_t size_;  // without zeros behind the end
};

class SimFolderLock : public FolderLock {
 public:
  SimFolderLock(SimFiles& files, std::string path)
      : files_(files), path_(std::move(path)), generation_(files.generation_) {}
  ~SimFolderLock() override {
    std::lock_guard lock(files_.mutex_);
    if (generation_ == files_.generation_) files_.locked_.erase(path_);
  }

 private:
  SimFiles& files_;
  const std::string path_;
  const uint64_t generation_;
};

SimFiles::SimFiles(uint64_t seed) : rng_(seed) {}
SimFiles::~SimFiles() = default;

// --- helpers, called with the lock held --------------------------------------

bool SimFiles::Begin() {
  if (!powered_) return false;
  ++operations_;
  if (cut_at_ == operations_) {
    powered_ = false;
    ++counters_.power_cuts;
  }
  return powered_;
}

absl::Status SimFiles::PowerIsOff(const std::string& path) const {
  return absl::UnavailableError(
      absl::StrCat(path, ": the simulated computer has no power; restart it"));
}

uint64_t SimFiles::UsedBytes() const {
  uint64_t used = 0;
  for (const auto& [name, inode] : names_) used += inode->taken();
  return used;
}

absl::StatusOr<SimFiles::InodePtr> SimFiles::Find(const std::string& path) const {
  if (!powered_) return PowerIsOff(path);
  const auto found = names_.find(path);
  if (found == names_.end()) {
    return absl::NotFoundError(
        absl::StrCat("cannot open ", path, ": no such file; check the path"));
  }
  return found->second;
}

void SimFiles::ChangeName(std::map<std::string, InodePtr>& names, const NameChange& change) const {
  if (!change.removed_name.empty()) names.erase(change.removed_name);
  if (change.inode == nullptr) {
    names.erase(change.name);
  } else {
    names[change.name] = change.inode;
  }
}

absl::StatusOr<SimFiles::InodePtr> SimFiles::FindOrCreate(const std::string& path) {
  if (!powered_) return PowerIsOff(path);
  if (dirs_.contains(path)) {
    return absl::UnavailableError(
        absl::StrCat("cannot open ", path, ": it is a folder; check the path"));
  }
  if (const auto found = names_.find(path); found != names_.end()) return found->second;
  if (!dirs_.contains(DirName(path))) {
    return absl::NotFoundError(
        absl::StrCat("cannot open ", path, ": no such folder; check the path"));
  }
  const bool done = Begin();
  const NameChange change{path, std::make_shared<Inode>(), ""};
  ChangeName(names_, change);
  unsynced_names_.push_back(change);
  if (!done) return PowerIsOff(path);
  return change.inode;
}

absl::Status SimFiles::WriteAt(const std::string& path, Inode& inode, uint64_t at,
                               std::string_view bytes) {
  if (!powered_) return PowerIsOff(path);
  absl::Status status;
  if (!Begin()) {
    bytes = bytes.substr(0, rng_.Below(bytes.size() + 1));
    status = PowerIsOff(path);
  } else if (faults_.short_write > 0 && rng_.Chance(faults_.short_write)) {
    ++counters_.short_writes;
    bytes = bytes.substr(0, rng_.Below(bytes.size() + 1));
    status = absl::UnavailableError(
        absl::StrCat("cannot write ", path, ": simulated I/O error; check the device"));
  }
  if (faults_.capacity_bytes) {
    const uint64_t others = UsedBytes() - inode.taken();
    const uint64_t limit = std::max(
        *faults_.capacity_bytes - std::min(*faults_.capacity_bytes, others), inode.reserved);
    // What lies there already takes no more of the disk.
    const uint64_t room = std::max<uint64_t>(limit, inode.content.size()) - at;
    if (bytes.size() > room) {
      ++counters_.disk_full;
      bytes = bytes.substr(0, room);
      if (status.ok()) {
        status = absl::ResourceExhaustedError(
            absl::StrCat("cannot write ", path, ": the simulated disk is full; free disk space"));
      }
    }
  }
  if (!bytes.empty()) {
    const uint64_t end = at + bytes.size();
    inode.content.resize(std::max<uint64_t>(inode.content.size(), end));
    inode.content.replace(at, bytes.size(), bytes);
    for (uint64_t sector = at / kSector; sector <= (end - 1) / kSector; ++sector)
      inode.dirty.insert(inode.dirty.end(), sector);
  }
  return status;
}

// The sector lands on another place of the same file; its own place keeps what
// it had.
void SimFiles::Misdirect(Inode& inode, uint64_t sector) {
  const uint64_t sectors = (inode.durable.size() + kSector - 1) / kSector;
  const uint64_t wrong = rng_.Below(sectors);
  if (wrong == sector) {
    CopySector(inode.content, inode.durable, sector);
    return;
  }
  ++counters_.misdirected_writes;
  const std::string moved = inode.content.substr(sector * kSector, kSector);
  const uint64_t begin = wrong * kSector;
  const uint64_t count = std::min<uint64_t>(moved.size(), inode.durable.size() - begin);
  inode.durable.replace(begin, count, moved, 0, count);
}

absl::Status SimFiles::SyncInode(const std::string& path, Inode& inode) {
  if (!powered_ || !Begin()) return PowerIsOff(path);
  if (faults_.sync_failure > 0 && rng_.Chance(faults_.sync_failure)) {
    ++counters_.sync_failures;
    inode.durable.resize(inode.content.size());
    for (const uint64_t sector : inode.dirty) {
      if (rng_.Chance(0.5)) CopySector(inode.content, inode.durable, sector);
    }
    inode.dirty.clear();
    return absl::UnavailableError(
        absl::StrCat("cannot sync ", path, ": simulated I/O error; check the device"));
  }
  inode.durable.resize(inode.content.size());
  const bool misdirect = !inode.dirty.empty() && faults_.misdirected_write > 0 &&
                         rng_.Chance(faults_.misdirected_write);
  const uint64_t misdirected = misdirect ? rng_.Below(inode.dirty.size()) : 0;
  uint64_t index = 0;
  for (const uint64_t sector : inode.dirty) {
    if (misdirect && index == misdirected) {
      Misdirect(inode, sector);
    } else {
      CopySector(inode.content, inode.durable, sector);
    }
    ++index;
  }
  inode.dirty.clear();
  return absl::OkStatus();
}

absl::Status SimFiles::RenameDir(const std::string& from, const std::string& to) {
  if (!powered_) return PowerIsOff(from);
  if (dirs_.contains(to) || names_.contains(to)) {
    return absl::UnavailableError(
        absl::StrCat("cannot rename ", from, " to ", to, ": the name is taken; choose another"));
  }
  if (!Begin() && rng_.Chance(0.5)) return PowerIsOff(from);
  const auto moved = [&](const std::string& path) {
    const bool inside = path == from || (path.starts_with(from) && path[from.size()] == '/');
    return inside ? to + path.substr(from.size()) : path;
  };
  const auto move_names = [&](std::map<std::string, InodePtr>& names) {
    std::map<std::string, InodePtr> renamed;
    for (const auto& [path, inode] : names) renamed[moved(path)] = inode;
    names = std::move(renamed);
  };
  move_names(names_);
  move_names(durable_names_);
  for (NameChange& change : unsynced_names_) {
    change.name = moved(change.name);
    if (!change.removed_name.empty()) change.removed_name = moved(change.removed_name);
  }
  std::set<std::string> dirs;
  for (const std::string& dir : dirs_) dirs.insert(moved(dir));
  dirs_ = std::move(dirs);
  return powered_ ? absl::OkStatus() : PowerIsOff(from);
}

absl::Status SimFiles::RenameLocked(const std::string& from, const std::string& to) {
  if (dirs_.contains(from)) return RenameDir(from, to);
  GANNET_ASSIGN_OR_RETURN(const InodePtr inode, Find(from));
  if (dirs_.contains(to) || !dirs_.contains(DirName(to))) {
    return absl::NotFoundError(
        absl::StrCat("cannot rename ", from, " to ", to, ": no such folder; check the path"));
  }
  const bool done = Begin();
  const NameChange change{to, inode, from};
  ChangeName(names_, change);
  unsynced_names_.push_back(change);
  return done ? absl::OkStatus() : PowerIsOff(from);
}

absl::Status SimFiles::SyncDirLocked(const std::string& path) {
  if (!powered_ || !Begin()) return PowerIsOff(path);
  if (!dirs_.contains(path))
    return absl::NotFoundError(
        absl::StrCat("cannot sync ", path, ": no such folder; check the path"));
  std::vector<NameChange> others;
  for (const NameChange& change : unsynced_names_) {
    if (InDir(path, change.name) ||
        (!change.removed_name.empty() && InDir(path, change.removed_name))) {
      ChangeName(durable_names_, change);
    } else {
      others.push_back(change);
    }
  }
  unsynced_names_ = std::move(others);
  return absl::OkStatus();
}

absl::StatusOr<std::string> SimFiles::ReadLocked(const std::string& path, uint64_t offset,
                                                 size_t length) {
  GANNET_ASSIGN_OR_RETURN(const InodePtr inode, Find(path));
  if (offset >= inode->content.size()) return std::string();
  std::string bytes = inode->content.substr(offset, length);
  if (faults_.read_flip > 0 && rng_.Chance(faults_.read_flip)) {
    ++counters_.read_flips;
    char& victim = bytes[rng_.Below(bytes.size())];
    victim = static_cast<char>(static_cast<uint8_t>(victim) ^ (1u << rng_.Below(8)));
  }
  return bytes;
}

void SimFiles::LosePower(Inode& inode, Rng& rng) {
  // Everything, nothing, or a sector here and there.
  const uint64_t mood = rng.Below(4);
  const double survives = mood == 0 ? 0.0 : mood == 1 ? 1.0 : 0.5;
  uint64_t size = inode.durable.size();
  if (inode.content.size() > size && rng.Chance(survives)) {
    size =
        rng.Chance(0.5) ? inode.content.size() : size + rng.Below(inode.content.size() - size + 1);
  }
  std::string after = inode.durable;
  after.resize(size);
  for (const uint64_t sector : inode.dirty) {
    if (sector * kSector < size && rng.Chance(survives)) {
      CopySector(inode.content, after, sector);
    } else {
      ++counters_.sectors_lost;
    }
  }
  inode.dirty.clear();
  inode.content = after;
  inode.durable = std::move(after);
}

// --- Files --------------------------------------------------------------------

absl::StatusOr<std::unique_ptr<AppendFile>> SimFiles::OpenAppend(const std::string& path) {
  std::lock_guard lock(mutex_);
  GANNET_ASSIGN_OR_RETURN(InodePtr inode, FindOrCreate(path));
  return std::make_unique<SimAppendFile>(*this, path, std::move(inode));
}

absl::StatusOr<std::string> SimFiles::Read(const std::string& path) {
  std::lock_guard lock(mutex_);
  return ReadLocked(path, 0, std::string::npos);
}

absl::StatusOr<std::string> SimFiles::ReadRange(const std::string& path, uint64_t offset,
                                                size_t length) {
  std::lock_guard lock(mutex_);
  if (length == 0) return std::string();
  return ReadLocked(path, offset, length);
}

absl::StatusOr<uint64_t> SimFiles::Size(const std::string& path) {
  std::lock_guard lock(mutex_);
  GANNET_ASSIGN_OR_RETURN(const InodePtr inode, Find(path));
  return inode->content.size();
}

bool SimFiles::Exists(const std::string& path) {
  std::lock_guard lock(mutex_);
  return powered_ && (names_.contains(path) || dirs_.contains(Clean(path)));
}

absl::StatusOr<int> SimFiles::Mode(const std::string& path) {
  std::lock_guard lock(mutex_);
  GANNET_ASSIGN_OR_RETURN(const InodePtr inode, Find(path));
  return inode->mode;
}

absl::Status SimFiles::WriteAtomically(const std::string& path, std::string_view bytes, int mode) {
  std::lock_guard lock(mutex_);
  const std::string temporary = path + ".tmp";
  GANNET_ASSIGN_OR_RETURN(const InodePtr inode, FindOrCreate(temporary));
  inode->mode = mode;
  inode->content.clear();
  inode->dirty.clear();
  absl::Status status = WriteAt(temporary, *inode, 0, bytes);
  if (status.ok()) status = SyncInode(temporary, *inode);
  if (!status.ok()) {
    if (powered_) {
      const NameChange removal{temporary, nullptr, ""};
      ChangeName(names_, removal);
      unsynced_names_.push_back(removal);
    }
    return status;
  }
  GANNET_RETURN_IF_ERROR(RenameLocked(temporary, path));
  return SyncDirLocked(DirName(path));
}

absl::Status SimFiles::Truncate(const std::string& path, uint64_t size) {
  std::lock_guard lock(mutex_);
  GANNET_ASSIGN_OR_RETURN(const InodePtr inode, Find(path));
  if (size >= inode->content.size()) return absl::OkStatus();
  if (!Begin() && rng_.Chance(0.5)) return PowerIsOff(path);
  inode->content.resize(size);
  inode->reserved = std::min(inode->reserved, size);
  // The file is synced along with its new size.
  inode->durable.resize(size);
  for (const uint64_t sector : inode->dirty) CopySector(inode->content, inode->durable, sector);
  inode->dirty.clear();
  return powered_ ? absl::OkStatus() : PowerIsOff(path);
}

absl::Status SimFiles::Rename(const std::string& from, const std::string& to) {
  std::lock_guard lock(mutex_);
  return RenameLocked(Clean(from), Clean(to));
}

absl::Status SimFiles::Remove(const std::string& path) {
  std::lock_guard lock(mutex_);
  GANNET_RETURN_IF_ERROR(Find(path).status());
  const bool done = Begin();
  const NameChange change{path, nullptr, ""};
  ChangeName(names_, change);
  unsynced_names_.push_back(change);
  return done ? absl::OkStatus() : PowerIsOff(path);
}

absl::Status SimFiles::MakeDirs(const std::string& path) {
  std::lock_guard lock(mutex_);
  std::string dir = Clean(path);
  if (dir.empty()) return absl::InvalidArgumentError("a folder needs a name; check the path");
  std::vector<std::string> missing;
  for (; !dirs_.contains(dir); dir = DirName(dir)) {
    if (names_.contains(dir)) {
      return absl::AlreadyExistsError(
          absl::StrCat(dir, " is a file, not a folder; choose another name"));
    }
    missing.push_back(dir);
  }
  if (!powered_) return PowerIsOff(path);
  if (missing.empty()) return absl::OkStatus();
  const bool done = Begin();
  if (done || rng_.Chance(0.5)) dirs_.insert(missing.begin(), missing.end());
  return done ? absl::OkStatus() : PowerIsOff(path);
}

absl::StatusOr<std::vector<std::string>> SimFiles::List(const std::string& path) {
  std::lock_guard lock(mutex_);
  if (!powered_) return PowerIsOff(path);
  const std::string dir = Clean(path);
  if (!dirs_.contains(dir))
    return absl::NotFoundError(
        absl::StrCat("cannot list ", path, ": no such folder; check the path"));
  std::vector<std::string> names;
  const auto add = [&](const std::string& full) {
    if (full != dir && InDir(dir, full)) names.push_back(full.substr(full.rfind('/') + 1));
  };
  for (const auto& [name, inode] : names_) add(name);
  for (const std::string& name : dirs_) {
    if (name != "." && name != "/") add(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

absl::Status SimFiles::SyncDir(const std::string& path) {
  std::lock_guard lock(mutex_);
  return SyncDirLocked(Clean(path));
}

absl::StatusOr<uint64_t> SimFiles::FreeBytes(const std::string& path) {
  std::lock_guard lock(mutex_);
  if (!powered_) return PowerIsOff(path);
  constexpr uint64_t kUnlimited = uint64_t{1} << 40;
  if (!faults_.capacity_bytes) return kUnlimited;
  return *faults_.capacity_bytes - std::min(*faults_.capacity_bytes, UsedBytes());
}

absl::Status SimFiles::Reserve(const std::string& path, uint64_t bytes) {
  std::lock_guard lock(mutex_);
  GANNET_ASSIGN_OR_RETURN(const InodePtr inode, FindOrCreate(path));
  if (!Begin()) return PowerIsOff(path);
  *inode = Inode();
  if (faults_.capacity_bytes && UsedBytes() + bytes > *faults_.capacity_bytes) {
    ++counters_.disk_full;
    const NameChange removal{path, nullptr, ""};
    ChangeName(names_, removal);
    unsynced_names_.push_back(removal);
    return absl::ResourceExhaustedError(absl::StrCat(
        "cannot set space aside in ", path, ": the simulated disk is full; free disk space"));
  }
  inode->reserved = bytes;
  return SyncDirLocked(DirName(path));
}

absl::StatusOr<std::unique_ptr<FolderLock>> SimFiles::LockDir(const std::string& path) {
  std::lock_guard lock(mutex_);
  if (!powered_) return PowerIsOff(path);
  const std::string dir = Clean(path);
  if (!dirs_.contains(dir))
    return absl::NotFoundError(
        absl::StrCat("cannot lock ", path, ": no such folder; check the path"));
  if (!locked_.insert(dir).second) {
    return absl::AbortedError(
        absl::StrCat(path, " is in use by another process; stop it, or choose another folder"));
  }
  return std::make_unique<SimFolderLock>(*this, dir);
}

// --- the hand of fate ---------------------------------------------------------

void SimFiles::set_faults(const SimFileFaults& faults) {
  std::lock_guard lock(mutex_);
  faults_ = faults;
}

SimFileCounters SimFiles::counters() const {
  std::lock_guard lock(mutex_);
  return counters_;
}

uint64_t SimFiles::operations() const {
  std::lock_guard lock(mutex_);
  return operations_;
}

void SimFiles::CutPowerAt(uint64_t operation) {
  std::lock_guard lock(mutex_);
  cut_at_ = operation;
}

bool SimFiles::powered() const {
  std::lock_guard lock(mutex_);
  return powered_;
}

void SimFiles::Restart(Rng& rng) {
  std::lock_guard lock(mutex_);
  const uint64_t kept = rng.Below(unsynced_names_.size() + 1);
  for (uint64_t i = 0; i < kept; ++i) ChangeName(durable_names_, unsynced_names_[i]);
  counters_.names_lost += unsynced_names_.size() - kept;
  unsynced_names_.clear();
  names_ = durable_names_;
  std::set<Inode*> seen;  // only to do each once: the order of work is that of the names
  for (const auto& [name, inode] : names_) {
    if (seen.insert(inode.get()).second) LosePower(*inode, rng);
  }
  locked_.clear();
  ++generation_;
  cut_at_.reset();
  powered_ = true;
}

void SimFiles::Restart() {
  Rng rng = rng_.Fork();
  Restart(rng);
}

std::map<std::string, std::string> SimFiles::Contents() const {
  std::lock_guard lock(mutex_);
  std::map<std::string, std::string> contents;
  for (const auto& [name, inode] : names_) contents[name] = inode->content;
  return contents;
}

void SimFiles::SetContents(const std::map<std::string, std::string>& contents) {
  std::lock_guard lock(mutex_);
  names_.clear();
  unsynced_names_.clear();
  for (const auto& [name, content] : contents) {
    auto inode = std::make_shared<Inode>();
    inode->content = inode->durable = content;
    names_[name] = std::move(inode);
    for (std::string dir = DirName(name); dirs_.insert(dir).second;) dir = DirName(dir);
  }
  durable_names_ = names_;
}

void SimFiles::FlipBit(const std::string& path, uint64_t offset, int bit) {
  std::lock_guard lock(mutex_);
  const auto found = names_.find(path);
  GANNET_CHECK(found != names_.end() && offset < found->second->content.size(),
               "FlipBit needs a byte that is there");
  Inode& inode = *found->second;
  const auto flip = [&](std::string& bytes) {
    if (offset < bytes.size())
      bytes[offset] = static_cast<char>(static_cast<uint8_t>(bytes[offset]) ^ (1u << bit));
  };
  flip(inode.content);
  flip(inode.durable);
}

}  // namespace gannet::base
