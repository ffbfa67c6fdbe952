// How far something has come, in a file that may lag behind: losing its newest state only
// means that work is done again.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "libs/base/executor.h"
#include "libs/base/files.h"

namespace gannet::runtime {

// On the thread of `disk.executor`.
class MarkFile {
 public:
  // An fsync may take tens of milliseconds, which the thread of the decisions must not wait
  // for. All three outlive the file.
  struct Disk {
    base::Files& files;
    base::Executor& executor;  // of the caller
    base::Executor& thread;    // another one, where files are written; in tests the same
  };

  // `written`: what the file holds already.
  MarkFile(Disk disk, std::string path, std::string written)
      : disk_(disk), path_(std::move(path)), written_(std::move(written)) {}
  MarkFile(const MarkFile&) = delete;
  MarkFile& operator=(const MarkFile&) = delete;

  // Writes it behind the caller. Nothing happens when the file holds it, or while an
  // earlier one is being written: call again, now and then.
  void Keep(std::string mark) {
    if (mark == written_ || writing_) return;
    writing_ = true;
    disk_.thread.Post([this, alive = std::weak_ptr<bool>(alive_), files = &disk_.files,
                       executor = &disk_.executor, path = path_, mark = std::move(mark)]() mutable {
      const bool ok = files->WriteAtomically(path, mark).ok();
      executor->Post([this, alive, ok, mark = std::move(mark)]() mutable {
        if (alive.expired()) return;
        writing_ = false;
        if (ok) written_ = std::move(mark);
      });
    });
  }
  // What the file holds.
  const std::string& written() const { return written_; }
  // Returns when it is on disk. Once `disk.thread` has ended.
  absl::Status KeepNow(const std::string& mark) {
    return mark == written_ ? absl::OkStatus() : disk_.files.WriteAtomically(path_, mark);
  }

 private:
  const Disk disk_;
  const std::string path_;
  std::string written_;
  bool writing_ = false;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // gone with this
};

}  // namespace gannet::runtime
