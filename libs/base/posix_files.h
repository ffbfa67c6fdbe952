// Files on a POSIX file system (Linux: fallocate, flock). Stateless, so safe
// from any thread. Made in main() and handed down.
//
// Failures carry the path, the system's reason and what helps:
//   ENOSPC EDQUOT -> RESOURCE_EXHAUSTED   EROFS EACCES EPERM -> PERMISSION_DENIED
//   ENOENT -> NOT_FOUND   EEXIST -> ALREADY_EXISTS   the rest -> UNAVAILABLE
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/files.h"

namespace gannet::base {

class PosixFiles : public Files {
 public:
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
  // flock on `path`/.lock, which names the holder's process id.
  absl::StatusOr<std::unique_ptr<FolderLock>> LockDir(const std::string& path) override;
};

// `path` as it is named from any folder.
std::string AbsolutePath(const std::string& path);

}  // namespace gannet::base
