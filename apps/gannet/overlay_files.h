// Real files, some of them replaced for whoever reads: the configuration that a
// journal states instead of what the disk holds today.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/files.h"

namespace gannet::app {

class OverlayFiles : public base::Files {
 public:
  explicit OverlayFiles(base::Files& below) : below_(below) {}

  // From now on `path` reads as this, for its owner only.
  void Put(const std::string& path, std::string text) { texts_[path] = std::move(text); }

  absl::StatusOr<std::string> Read(const std::string& path) override {
    const auto found = texts_.find(path);
    return found != texts_.end() ? found->second : below_.Read(path);
  }
  absl::StatusOr<std::string> ReadRange(const std::string& path, uint64_t offset,
                                        size_t length) override {
    const auto found = texts_.find(path);
    if (found == texts_.end()) return below_.ReadRange(path, offset, length);
    return offset < found->second.size() ? found->second.substr(offset, length) : std::string();
  }
  absl::StatusOr<uint64_t> Size(const std::string& path) override {
    const auto found = texts_.find(path);
    return found != texts_.end() ? found->second.size() : below_.Size(path);
  }
  bool Exists(const std::string& path) override {
    return texts_.contains(path) || below_.Exists(path);
  }
  absl::StatusOr<int> Mode(const std::string& path) override {
    return texts_.contains(path) ? 0600 : below_.Mode(path);
  }

  absl::StatusOr<std::unique_ptr<base::AppendFile>> OpenAppend(const std::string& path) override {
    return below_.OpenAppend(path);
  }
  absl::Status WriteAtomically(const std::string& path, std::string_view bytes, int mode) override {
    return below_.WriteAtomically(path, bytes, mode);
  }
  absl::Status Truncate(const std::string& path, uint64_t size) override {
    return below_.Truncate(path, size);
  }
  absl::Status Rename(const std::string& from, const std::string& to) override {
    return below_.Rename(from, to);
  }
  absl::Status Remove(const std::string& path) override { return below_.Remove(path); }
  absl::Status MakeDirs(const std::string& path) override { return below_.MakeDirs(path); }
  absl::StatusOr<std::vector<std::string>> List(const std::string& path) override {
    return below_.List(path);
  }
  absl::Status SyncDir(const std::string& path) override { return below_.SyncDir(path); }
  absl::StatusOr<uint64_t> FreeBytes(const std::string& path) override {
    return below_.FreeBytes(path);
  }
  absl::Status Reserve(const std::string& path, uint64_t bytes) override {
    return below_.Reserve(path, bytes);
  }
  absl::StatusOr<std::unique_ptr<base::FolderLock>> LockDir(const std::string& path) override {
    return below_.LockDir(path);
  }

 private:
  base::Files& below_;
  std::map<std::string, std::string> texts_;
};

}  // namespace gannet::app
