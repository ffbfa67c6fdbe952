// Files that are written again and again beside trading, and may lag behind it.
#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "libs/base/executor.h"
#include "libs/base/files.h"

namespace gannet::runtime {

// Where such a file is written: an fsync may take tens of milliseconds, which the thread
// of the decisions must not wait for. All three outlive what was asked of it.
struct WriteBehind {
  base::Files& files;
  base::Executor& executor;  // of the caller
  base::Executor& disk;      // another thread; in tests the same one

  // Replaces the file; `done` runs on `executor`, as long as `disk` is served.
  void Write(std::string path, std::string bytes, std::function<void(absl::Status)> done) const {
    disk.Post([files = &files, executor = &executor, path = std::move(path),
               bytes = std::move(bytes), done = std::move(done)]() mutable {
      absl::Status written = files->WriteAtomically(path, bytes);
      executor->Post(
          [done = std::move(done), written = std::move(written)] { done(std::move(written)); });
    });
  }
};

}  // namespace gannet::runtime
