// The one door to the file system. Real files: posix_files.h. Files in memory
// whose faults a seed decides: sim_files.h. One conformance suite runs on both
// (files_test.cc).
//
// A Files may be used from several threads; one AppendFile from one at a time.
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
  // Writes zeros behind the end, so many that `bytes` of them lie there, and syncs them. What
  // is appended goes over them, and its Sync does not wait for the file system to note a new
  // size and new blocks. A reader sees zeros that size() does not count; Truncate takes them
  // away. RESOURCE_EXHAUSTED: no room was made, and the file is as it was.
  virtual absl::Status Prepare(uint64_t bytes) = 0;
  // Zeros behind the end.
  virtual uint64_t prepared() const = 0;
  virtual uint64_t size() const = 0;
};

// Holds a folder for one owner; destroying it, or the end of the process, lets
// the folder go.
class FolderLock {
 public:
  virtual ~FolderLock() = default;
};

class Files {
 public:
  virtual ~Files() = default;
  // Creates the file if absent. RESOURCE_EXHAUSTED: disk full.
  // PERMISSION_DENIED: read-only or not ours.
  virtual absl::StatusOr<std::unique_ptr<AppendFile>> OpenAppend(const std::string& path) = 0;
  // Whole files up to kMaxReadBytes; larger ones by ReadRange.
  static constexpr uint64_t kMaxReadBytes = uint64_t{1} << 30;
  virtual absl::StatusOr<std::string> Read(const std::string& path) = 0;
  // Fewer than `length` bytes only where the file ends.
  virtual absl::StatusOr<std::string> ReadRange(const std::string& path, uint64_t offset,
                                                size_t length) = 0;
  virtual absl::StatusOr<uint64_t> Size(const std::string& path) = 0;
  virtual bool Exists(const std::string& path) = 0;
  // As in chmod; for secrets: a group that root lets read its file is none of the others.
  virtual absl::StatusOr<int> Mode(const std::string& path) = 0;
  // Replaces the file's content as one step that survives a crash: temporary
  // file (`path` + ".tmp"), fsync, rename, fsync of the folder. `mode` as in
  // chmod.
  virtual absl::Status WriteAtomically(const std::string& path, std::string_view bytes,
                                       int mode = 0644) = 0;
  // Cuts the file to `size` (never grows it); durable on return.
  virtual absl::Status Truncate(const std::string& path, uint64_t size) = 0;
  // A file, replacing one of the new name; or a folder with all it holds, to a name
  // that is free.
  virtual absl::Status Rename(const std::string& from, const std::string& to) = 0;
  virtual absl::Status Remove(const std::string& path) = 0;
  // The folder and those above it; durable on return. Present already: OK.
  virtual absl::Status MakeDirs(const std::string& path) = 0;
  // Names (not paths) in a folder, sorted.
  virtual absl::StatusOr<std::vector<std::string>> List(const std::string& path) = 0;
  // Makes created, renamed and removed names in the folder durable.
  virtual absl::Status SyncDir(const std::string& path) = 0;
  virtual absl::StatusOr<uint64_t> FreeBytes(const std::string& path) = 0;
  // Replaces `path` by an empty file that has `bytes` of the disk set aside for
  // what will be appended to it. UNIMPLEMENTED: this file system cannot.
  virtual absl::Status Reserve(const std::string& path, uint64_t bytes) = 0;
  // Takes the folder. ABORTED: somebody else has it.
  virtual absl::StatusOr<std::unique_ptr<FolderLock>> LockDir(const std::string& path) = 0;
};

// The folder part of a path: "a/b" -> "a", "a" -> ".", "/a" -> "/".
std::string DirName(std::string_view path);

}  // namespace gannet::base
