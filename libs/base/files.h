// The one door to the file system. Real files: posix_files.h. Files in memory
// whose faults a seed decides: sim_files.h. One conformance suite runs on both.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace gannet::base {

// An open file that grows at its end. Not thread-safe. Destroying it closes it
// and promises nothing about what was not synced.
class AppendFile {
 public:
  virtual ~AppendFile() = default;
  // All of `bytes` or an error; after an error an unknown prefix may be there.
  virtual absl::Status Append(std::string_view bytes) = 0;
  // Returns once everything appended is on stable storage (fdatasync). After an
  // error the file's fate is unknown: do not retry, reopen and verify.
  virtual absl::Status Sync() = 0;
  virtual uint64_t size() const = 0;
};

class Files {
 public:
  virtual ~Files() = default;
  // Creates the file if absent. RESOURCE_EXHAUSTED: disk full.
  // PERMISSION_DENIED: read-only or not ours.
  virtual absl::StatusOr<std::unique_ptr<AppendFile>> OpenAppend(const std::string& path) = 0;
  virtual absl::StatusOr<std::string> Read(const std::string& path) = 0;
  virtual absl::StatusOr<std::string> ReadRange(const std::string& path, uint64_t offset, size_t length) = 0;
  virtual absl::StatusOr<uint64_t> Size(const std::string& path) = 0;
  virtual bool Exists(const std::string& path) = 0;
  // Replaces the file's content as one step that survives a crash: temporary
  // file, fsync, rename, fsync of the folder. `mode` as in chmod.
  virtual absl::Status WriteAtomically(const std::string& path, std::string_view bytes, int mode = 0644) = 0;
  virtual absl::Status Truncate(const std::string& path, uint64_t size) = 0;
  virtual absl::Status Rename(const std::string& from, const std::string& to) = 0;
  virtual absl::Status Remove(const std::string& path) = 0;
  virtual absl::Status MakeDirs(const std::string& path) = 0;
  // Names (not paths) in a folder, sorted.
  virtual absl::StatusOr<std::vector<std::string>> List(const std::string& path) = 0;
  // Makes created, renamed and removed names in the folder durable.
  virtual absl::Status SyncDir(const std::string& path) = 0;
  virtual absl::StatusOr<uint64_t> FreeBytes(const std::string& path) = 0;
};

}  // namespace gannet::base
