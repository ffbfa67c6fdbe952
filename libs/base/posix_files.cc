#include "libs/base/posix_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"

namespace gannet::base {
namespace {

// What the person who reads the message can do about it.
std::string Advice(int error, const std::string& path) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return "free disk space, or choose another --data folder";
    case EFBIG:
      return "raise the limit of file sizes (ulimit -f)";
    case ENOTDIR:
      return "a part of the path is a file: choose another";
    case EROFS:
      return "the file system is read-only: remount it, or choose another --data folder";
    case EACCES:
    case EPERM:
      return absl::StrCat("check owner and mode of ", DirName(path));
    case ENOENT:
      return "check the path";
    case EMFILE:
    case ENFILE:
      return "raise the limit of open files (ulimit -n)";
    case EIO:
      return "the device reported an error: check it (dmesg) before going on";
    default:
      return "check the file system";
  }
}

absl::StatusCode CodeOf(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return absl::StatusCode::kResourceExhausted;
    case EROFS:
    case EACCES:
    case EPERM:
      return absl::StatusCode::kPermissionDenied;
    case ENOENT:
      return absl::StatusCode::kNotFound;
    case EEXIST:
      return absl::StatusCode::kAlreadyExists;
    default:
      return absl::StatusCode::kUnavailable;
  }
}

absl::Status Failed(const char* what, const std::string& path, int error) {
  return absl::Status(CodeOf(error), absl::StrCat("cannot ", what, " ", path, ": ",
                                                  std::generic_category().message(error), "; ",
                                                  Advice(error, path)));
}

// A file descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }

 private:
  int fd_;
};

Descriptor Open(const std::string& path, int flags, mode_t mode = 0644) {
  for (;;) {
    const int fd = open(path.c_str(), flags | O_CLOEXEC, mode);
    if (fd >= 0 || errno != EINTR) return Descriptor(fd);
  }
}

// 0, or the error that stopped it.
int WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = write(fd, bytes.data(), bytes.size());
    if (count < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return 0;
}

// From the descriptor's place on.
int WriteZeros(int fd, uint64_t count) {
  static constexpr std::array<char, 64u << 10> kZeros{};
  for (size_t part = 0; count > 0; count -= part) {
    part = static_cast<size_t>(std::min<uint64_t>(count, kZeros.size()));
    if (const int error = WriteAll(fd, std::string_view(kZeros.data(), part)); error != 0)
      return error;
  }
  return 0;
}

class PosixAppendFile : public AppendFile {
 public:
  PosixAppendFile(std::string path, Descriptor fd, uint64_t size)
      : path_(std::move(path)), fd_(std::move(fd)), size_(size) {}

  absl::Status Append(std::string_view bytes) override {
    if (const int error = WriteAll(fd_.get(), bytes); error != 0)
      return Failed("write", path_, error);
    size_ += bytes.size();
    end_ = std::max(end_, size_);
    return absl::OkStatus();
  }

  absl::Status Sync() override {
    if (fdatasync(fd_.get()) != 0) return Failed("sync", path_, errno);
    return absl::OkStatus();
  }

  absl::Status Prepare(uint64_t bytes) override {
    if (prepared() >= bytes) return absl::OkStatus();
    const uint64_t end = size_ + bytes;
    const int flags = fcntl(fd_.get(), F_GETFL);
    // With O_APPEND a write goes behind the zeros, not over them.
    if (flags < 0 || fcntl(fd_.get(), F_SETFL, flags & ~O_APPEND) != 0 || !Seek(end_))
      return Failed("prepare", path_, errno);
    if (const int error = WriteZeros(fd_.get(), end - end_); error != 0) {
      const bool back = ftruncate(fd_.get(), static_cast<off_t>(end_)) == 0 && Seek(size_);
      return Failed("prepare", path_, back ? error : errno);
    }
    if (!Seek(size_)) return Failed("prepare", path_, errno);
    end_ = end;
    return Sync();
  }

  uint64_t prepared() const override { return end_ - size_; }
  uint64_t size() const override { return size_; }

 private:
  bool Seek(uint64_t at) { return lseek(fd_.get(), static_cast<off_t>(at), SEEK_SET) >= 0; }

  const std::string path_;
  const Descriptor fd_;
  uint64_t size_;
  uint64_t end_ = size_;  // of the file, zeros included
};

class PosixFolderLock : public FolderLock {
 public:
  explicit PosixFolderLock(Descriptor fd) : fd_(std::move(fd)) {}

 private:
  const Descriptor fd_;  // closing it releases the lock
};

absl::Status SyncParent(const std::string& path) { return PosixFiles().SyncDir(DirName(path)); }

}  // namespace

absl::StatusOr<std::unique_ptr<AppendFile>> PosixFiles::OpenAppend(const std::string& path) {
  Descriptor fd = Open(path, O_WRONLY | O_APPEND | O_CREAT);
  if (!fd.valid()) return Failed("open", path, errno);
  struct stat info;
  if (fstat(fd.get(), &info) != 0) return Failed("examine", path, errno);
  return std::make_unique<PosixAppendFile>(path, std::move(fd),
                                           static_cast<uint64_t>(info.st_size));
}

absl::StatusOr<std::string> PosixFiles::Read(const std::string& path) {
  GANNET_ASSIGN_OR_RETURN(const uint64_t size, Size(path));
  if (size > kMaxReadBytes) {
    return absl::ResourceExhaustedError(absl::StrCat(path, " has ", size, " bytes, more than the ",
                                                     kMaxReadBytes,
                                                     " that are read at once; use a smaller file"));
  }
  // Files that state no size (in /proc) are read to their end as well.
  std::string all;
  for (;;) {
    const size_t more = std::max<size_t>(size > all.size() ? size - all.size() : 0, 4096);
    GANNET_ASSIGN_OR_RETURN(std::string part, ReadRange(path, all.size(), more));
    const bool end = part.size() < more;
    all += part;
    if (end) return all;
  }
}

absl::StatusOr<std::string> PosixFiles::ReadRange(const std::string& path, uint64_t offset,
                                                  size_t length) {
  const Descriptor fd = Open(path, O_RDONLY);
  if (!fd.valid()) return Failed("open", path, errno);
  struct stat info;
  if (fstat(fd.get(), &info) != 0) return Failed("examine", path, errno);
  if (S_ISREG(info.st_mode) && info.st_size > 0) {
    const auto size = static_cast<uint64_t>(info.st_size);
    length = static_cast<size_t>(std::min<uint64_t>(length, size > offset ? size - offset : 0));
  }
  std::string bytes(length, '\0');
  size_t have = 0;
  while (have < length) {
    const ssize_t count =
        pread(fd.get(), bytes.data() + have, length - have, static_cast<off_t>(offset + have));
    if (count < 0) {
      if (errno == EINTR) continue;
      return Failed("read", path, errno);
    }
    if (count == 0) break;
    have += static_cast<size_t>(count);
  }
  bytes.resize(have);
  return bytes;
}

absl::StatusOr<uint64_t> PosixFiles::Size(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return Failed("examine", path, errno);
  if (S_ISDIR(info.st_mode)) {
    return absl::UnavailableError(absl::StrCat(path, " is a folder, not a file; check the path"));
  }
  if (S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " is a pipe, not a file; write what comes out of it into a file first"));
  }
  return static_cast<uint64_t>(info.st_size);
}

bool PosixFiles::Exists(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0;
}

absl::StatusOr<int> PosixFiles::Mode(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return Failed("examine", path, errno);
  int mode = static_cast<int>(info.st_mode & 07777);
  // A file of root's that its group may only read is how a secret reaches a process that
  // is not root: Kubernetes mounts it so, and nothing else would let the process read it.
  // That group is then no stranger. PostgreSQL takes such keys for the same reason.
  if (info.st_uid == 0 && geteuid() != 0 && (mode & 037) == 0) mode &= ~040;
  return mode;
}

absl::Status PosixFiles::WriteAtomically(const std::string& path, std::string_view bytes,
                                         int mode) {
  const std::string temporary = path + ".tmp";
  const auto write_temporary = [&]() -> absl::Status {
    // Created with no more than `mode`, so that a secret is never readable by
    // others, not even for a moment.
    if (unlink(temporary.c_str()) != 0 && errno != ENOENT)
      return Failed("replace", temporary, errno);
    const Descriptor fd = Open(temporary, O_WRONLY | O_CREAT | O_EXCL, static_cast<mode_t>(mode));
    if (!fd.valid()) return Failed("create", temporary, errno);
    if (fchmod(fd.get(), static_cast<mode_t>(mode)) != 0)
      return Failed("set the mode of", temporary, errno);
    if (const int error = WriteAll(fd.get(), bytes); error != 0)
      return Failed("write", temporary, error);
    if (fsync(fd.get()) != 0) return Failed("sync", temporary, errno);
    return absl::OkStatus();
  };
  if (absl::Status status = write_temporary(); !status.ok()) {
    unlink(temporary.c_str());
    return status;
  }
  GANNET_RETURN_IF_ERROR(Rename(temporary, path));
  return SyncParent(path);
}

absl::Status PosixFiles::Truncate(const std::string& path, uint64_t size) {
  const Descriptor fd = Open(path, O_WRONLY);
  if (!fd.valid()) return Failed("open", path, errno);
  struct stat info;
  if (fstat(fd.get(), &info) != 0) return Failed("examine", path, errno);
  if (size >= static_cast<uint64_t>(info.st_size)) return absl::OkStatus();
  if (ftruncate(fd.get(), static_cast<off_t>(size)) != 0) return Failed("truncate", path, errno);
  if (fsync(fd.get()) != 0) return Failed("sync", path, errno);
  return absl::OkStatus();
}

absl::Status PosixFiles::Rename(const std::string& from, const std::string& to) {
  if (rename(from.c_str(), to.c_str()) != 0) {
    const int error = errno;
    return Failed("rename", absl::StrCat(from, " to ", to), error);
  }
  return absl::OkStatus();
}

absl::Status PosixFiles::Remove(const std::string& path) {
  if (unlink(path.c_str()) != 0) return Failed("remove", path, errno);
  return absl::OkStatus();
}

absl::Status PosixFiles::MakeDirs(const std::string& path) {
  if (path.empty()) return absl::InvalidArgumentError("a folder needs a name; check the path");
  if (mkdir(path.c_str(), 0755) == 0) return SyncParent(path);
  if (errno == EEXIST) {
    struct stat info;
    if (stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) return absl::OkStatus();
    return absl::AlreadyExistsError(
        absl::StrCat(path, " is a file, not a folder; choose another name"));
  }
  if (errno != ENOENT) return Failed("create the folder", path, errno);
  const std::string parent = DirName(path);
  if (parent == path) return Failed("create the folder", path, ENOENT);
  GANNET_RETURN_IF_ERROR(MakeDirs(parent));
  if (mkdir(path.c_str(), 0755) != 0 && errno != EEXIST)
    return Failed("create the folder", path, errno);
  return SyncParent(path);
}

absl::StatusOr<std::vector<std::string>> PosixFiles::List(const std::string& path) {
  DIR* dir = opendir(path.c_str());
  if (dir == nullptr) return Failed("list", path, errno);
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = readdir(dir)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
    errno = 0;
  }
  const int error = errno;
  closedir(dir);
  if (error != 0) return Failed("list", path, error);
  std::sort(names.begin(), names.end());
  return names;
}

absl::Status PosixFiles::SyncDir(const std::string& path) {
  const Descriptor fd = Open(path, O_RDONLY | O_DIRECTORY);
  if (!fd.valid()) return Failed("open", path, errno);
  if (fsync(fd.get()) != 0) return Failed("sync", path, errno);
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> PosixFiles::FreeBytes(const std::string& path) {
  struct statvfs info;
  if (statvfs(path.c_str(), &info) != 0) return Failed("examine the file system of", path, errno);
  return static_cast<uint64_t>(info.f_bavail) * info.f_frsize;
}

absl::Status PosixFiles::Reserve(const std::string& path, uint64_t bytes) {
  const auto reserve = [&]() -> absl::Status {
    const Descriptor fd = Open(path, O_WRONLY | O_CREAT | O_TRUNC);
    if (!fd.valid()) return Failed("create", path, errno);
    // The size stays 0: what is appended later goes into the blocks kept here.
    if (bytes > 0 && fallocate(fd.get(), FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(bytes)) != 0) {
      if (errno == EOPNOTSUPP || errno == ENOSYS) {
        return absl::UnimplementedError(
            absl::StrCat("the file system of ", path, " cannot set space aside"));
      }
      return Failed("set space aside in", path, errno);
    }
    if (fsync(fd.get()) != 0) return Failed("sync", path, errno);
    return absl::OkStatus();
  };
  if (absl::Status status = reserve(); !status.ok()) {
    unlink(path.c_str());
    return status;
  }
  return SyncParent(path);
}

absl::StatusOr<std::unique_ptr<FolderLock>> PosixFiles::LockDir(const std::string& path) {
  const std::string name = path + "/.lock";
  Descriptor fd = Open(name, O_RDWR | O_CREAT);
  if (!fd.valid()) return Failed("open", name, errno);
  if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return Failed("lock", name, errno);
    char holder[32] = {};
    const ssize_t count = pread(fd.get(), holder, sizeof holder - 1, 0);
    const std::string_view pid(holder, static_cast<size_t>(std::max<ssize_t>(count, 0)));
    return absl::AbortedError(
        absl::StrCat(path, " is in use by another process (pid ",
                     pid.empty() ? "unknown" : absl::string_view(pid.data(), pid.size()),
                     "); stop it, or choose another folder"));
  }
  // The id is for the message above only; a failure to note it harms nobody.
  const std::string pid = std::to_string(getpid());
  if (ftruncate(fd.get(), 0) == 0) (void)!pwrite(fd.get(), pid.data(), pid.size(), 0);
  return std::make_unique<PosixFolderLock>(std::move(fd));
}

std::string AbsolutePath(const std::string& path) {
  std::error_code error;
  const std::filesystem::path whole = std::filesystem::absolute(path, error);
  return error ? path : whole.string();
}

}  // namespace gannet::base
