#include "libs/base/files.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "libs/base/posix_files.h"
#include "libs/base/sim_files.h"
#include "libs/base/temp_dir_for_test.h"

namespace gannet::base {
namespace {

using Names = std::vector<std::string>;

// What the conformance suite runs on: the files, and a folder that exists.
struct OnDisk {
  TempDirForTest temp;
  PosixFiles files;
  std::string dir = temp / "data";
  OnDisk() { REQUIRE(files.MakeDirs(dir).ok()); }
};
struct InMemory {
  SimFiles files{7};
  std::string dir = "/data";
  InMemory() { REQUIRE(files.MakeDirs(dir).ok()); }
};

absl::Status Write(Files& files, const std::string& path, std::string_view bytes) {
  auto file = files.OpenAppend(path);
  if (!file.ok()) return file.status();
  if (absl::Status status = (*file)->Append(bytes); !status.ok()) return status;
  return (*file)->Sync();
}

bool Mentions(const absl::Status& status, const std::string& text) {
  return std::string(status.message()).find(text) != std::string::npos;
}

}  // namespace

TEMPLATE_TEST_CASE("files_conformance: an append file grows at its end and is read back", "",
                   OnDisk, InMemory) {
  TestType env;
  const std::string path = env.dir + "/a";
  {
    auto file = env.files.OpenAppend(path);
    REQUIRE(file.ok());
    CHECK((*file)->size() == 0);
    REQUIRE((*file)->Append("hello ").ok());
    REQUIRE((*file)->Append("").ok());
    REQUIRE((*file)->Append(std::string("wor\0ld", 6)).ok());
    CHECK((*file)->size() == 12);
    REQUIRE((*file)->Sync().ok());
    CHECK(*env.files.Read(path) == std::string("hello wor\0ld", 12));
  }
  auto again = env.files.OpenAppend(path);
  REQUIRE(again.ok());
  CHECK((*again)->size() == 12);
  REQUIRE((*again)->Append("!").ok());
  CHECK(*env.files.Size(path) == 13);
  CHECK(*env.files.ReadRange(path, 6, 3) == "wor");
  CHECK(*env.files.ReadRange(path, 10, 100) == "ld!");
  CHECK(env.files.ReadRange(path, 13, 5)->empty());
  CHECK(env.files.ReadRange(path, 1000, 5)->empty());
  CHECK(env.files.ReadRange(path, 0, 0)->empty());
}

TEMPLATE_TEST_CASE("files_conformance: large content survives unchanged", "", OnDisk, InMemory) {
  TestType env;
  std::string bytes;
  for (int i = 0; i < 300'000; ++i) bytes += static_cast<char>(i * 31);
  REQUIRE(Write(env.files, env.dir + "/a", bytes).ok());
  CHECK(*env.files.Read(env.dir + "/a") == bytes);
  CHECK(*env.files.ReadRange(env.dir + "/a", 123'457, 70'001) == bytes.substr(123'457, 70'001));
}

TEMPLATE_TEST_CASE("files_conformance: what is not there is NOT_FOUND and named", "", OnDisk,
                   InMemory) {
  TestType env;
  const std::string path = env.dir + "/none";
  for (const absl::Status& status :
       {env.files.Read(path).status(), env.files.ReadRange(path, 0, 1).status(),
        env.files.Size(path).status(), env.files.Truncate(path, 0), env.files.Remove(path),
        env.files.Rename(path, env.dir + "/x"), env.files.List(path).status(),
        env.files.SyncDir(path), env.files.LockDir(path).status(),
        env.files.OpenAppend(path + "/deeper").status(),
        env.files.WriteAtomically(path + "/deeper", "x"), env.files.Reserve(path + "/deeper", 1)}) {
    CHECK(absl::IsNotFound(status));
    CHECK(Mentions(status, path));
    CHECK(Mentions(status, "check the path"));
  }
  CHECK_FALSE(env.files.Exists(path));
}

TEMPLATE_TEST_CASE("files_conformance: WriteAtomically replaces and leaves no other name", "",
                   OnDisk, InMemory) {
  TestType env;
  const std::string path = env.dir + "/config";
  REQUIRE(env.files.WriteAtomically(path, "one").ok());
  CHECK(*env.files.Read(path) == "one");
  REQUIRE(env.files.WriteAtomically(path, "two, longer").ok());
  CHECK(*env.files.Read(path) == "two, longer");
  REQUIRE(env.files.WriteAtomically(path, "").ok());
  CHECK(env.files.Read(path)->empty());
  CHECK(*env.files.List(env.dir) == Names{"config"});
  // A temporary file left by a crash is no obstacle.
  REQUIRE(Write(env.files, path + ".tmp", "left over").ok());
  REQUIRE(env.files.WriteAtomically(path, "three").ok());
  CHECK(*env.files.Read(path) == "three");
  CHECK(*env.files.List(env.dir) == Names{"config"});
}

TEMPLATE_TEST_CASE("files_conformance: Truncate cuts and never grows", "", OnDisk, InMemory) {
  TestType env;
  const std::string path = env.dir + "/a";
  REQUIRE(Write(env.files, path, "0123456789").ok());
  REQUIRE(env.files.Truncate(path, 4).ok());
  CHECK(*env.files.Read(path) == "0123");
  REQUIRE(env.files.Truncate(path, 9).ok());
  CHECK(*env.files.Size(path) == 4);
  auto file = env.files.OpenAppend(path);
  REQUIRE(file.ok());
  REQUIRE((*file)->Append("x").ok());
  CHECK(*env.files.Read(path) == "0123x");
}

TEMPLATE_TEST_CASE("files_conformance: names are created, renamed, removed and listed in order", "",
                   OnDisk, InMemory) {
  TestType env;
  for (const char* name : {"b", "a", "c"})
    REQUIRE(Write(env.files, env.dir + "/" + name, name).ok());
  REQUIRE(env.files.MakeDirs(env.dir + "/sub/deep").ok());
  REQUIRE(env.files.MakeDirs(env.dir + "/sub/deep").ok());
  REQUIRE(Write(env.files, env.dir + "/sub/deep/x", "x").ok());
  CHECK(*env.files.List(env.dir) == Names{"a", "b", "c", "sub"});
  CHECK(*env.files.List(env.dir + "/sub") == Names{"deep"});
  REQUIRE(env.files.Rename(env.dir + "/a", env.dir + "/c").ok());  // replaces
  REQUIRE(env.files.Remove(env.dir + "/b").ok());
  REQUIRE(env.files.SyncDir(env.dir).ok());
  CHECK(*env.files.List(env.dir) == Names{"c", "sub"});
  CHECK(*env.files.Read(env.dir + "/c") == "a");
  CHECK(env.files.Exists(env.dir + "/c"));
  CHECK(env.files.Exists(env.dir + "/sub"));
  CHECK_FALSE(env.files.Exists(env.dir + "/a"));
}

TEMPLATE_TEST_CASE("files_conformance: a folder takes what it holds along to a new name", "",
                   OnDisk, InMemory) {
  TestType env;
  const std::string before = env.dir + "/before", after = env.dir + "/after";
  REQUIRE(env.files.MakeDirs(before + "/sub").ok());
  REQUIRE(Write(env.files, before + "/a", "a").ok());
  REQUIRE(Write(env.files, before + "/sub/b", "b").ok());
  REQUIRE(Write(env.files, before + "-not", "c").ok());
  auto lock = env.files.LockDir(before);
  REQUIRE(lock.ok());
  REQUIRE(env.files.Rename(before, after).ok());
  lock->reset();
  CHECK_FALSE(env.files.Exists(before));
  CHECK(*env.files.Read(after + "/a") == "a");
  CHECK(*env.files.Read(after + "/sub/b") == "b");
  CHECK(*env.files.Read(before + "-not") == "c");
  CHECK(*env.files.List(after + "/sub") == Names{"b"});
  REQUIRE(env.files.MakeDirs(before).ok());
  CHECK(env.files.LockDir(before).ok());
  CHECK_FALSE(env.files.Rename(before, env.dir + "/before-not").ok());
}

TEMPLATE_TEST_CASE("files_conformance: a folder is not a file, a file is not a folder", "", OnDisk,
                   InMemory) {
  TestType env;
  REQUIRE(Write(env.files, env.dir + "/file", "x").ok());
  CHECK(absl::IsAlreadyExists(env.files.MakeDirs(env.dir + "/file")));
  CHECK_FALSE(env.files.MakeDirs(env.dir + "/file/below").ok());
  CHECK_FALSE(env.files.OpenAppend(env.dir).ok());
  CHECK_FALSE(env.files.Read(env.dir).ok());
  CHECK_FALSE(env.files.MakeDirs("").ok());
}

TEMPLATE_TEST_CASE("files_conformance: an open file follows its new name", "", OnDisk, InMemory) {
  TestType env;
  auto file = env.files.OpenAppend(env.dir + "/old");
  REQUIRE(file.ok());
  REQUIRE((*file)->Append("1").ok());
  REQUIRE(env.files.Rename(env.dir + "/old", env.dir + "/new").ok());
  REQUIRE((*file)->Append("2").ok());
  REQUIRE((*file)->Sync().ok());
  CHECK(*env.files.Read(env.dir + "/new") == "12");
}

TEMPLATE_TEST_CASE("files_conformance: a reserved file is empty and takes appends", "", OnDisk,
                   InMemory) {
  TestType env;
  const std::string path = env.dir + "/reserve";
  REQUIRE(Write(env.files, path, "something old").ok());
  const absl::Status reserved = env.files.Reserve(path, 1 << 20);
  if (absl::IsUnimplemented(reserved))
    SKIP("SKIPPED: the file system of the temporary folder cannot set space aside");
  REQUIRE(reserved.ok());
  CHECK(*env.files.Size(path) == 0);
  REQUIRE(env.files.Rename(path, env.dir + "/used").ok());
  REQUIRE(Write(env.files, env.dir + "/used", "kept").ok());
  CHECK(*env.files.Read(env.dir + "/used") == "kept");
}

TEMPLATE_TEST_CASE("files_conformance: what is appended goes over the room made for it", "", OnDisk,
                   InMemory) {
  TestType env;
  const std::string path = env.dir + "/a";
  auto file = env.files.OpenAppend(path);
  REQUIRE(file.ok());
  REQUIRE((*file)->Append("one").ok());
  CHECK((*file)->prepared() == 0);
  REQUIRE((*file)->Prepare(1000).ok());
  REQUIRE((*file)->Prepare(900).ok());  // there already
  CHECK((*file)->prepared() == 1000);
  CHECK((*file)->size() == 3);
  CHECK(*env.files.Read(path) == "one" + std::string(1000, '\0'));
  REQUIRE((*file)->Append("two").ok());
  REQUIRE((*file)->Sync().ok());
  CHECK((*file)->prepared() == 997);
  CHECK((*file)->size() == 6);
  CHECK(*env.files.Read(path) == "onetwo" + std::string(997, '\0'));
  REQUIRE((*file)->Prepare(1000).ok());
  CHECK(*env.files.Size(path) == 1006);
  const std::string more(1500, 'x');  // beyond the room
  REQUIRE((*file)->Append(more).ok());
  CHECK((*file)->prepared() == 0);
  CHECK((*file)->size() == 1506);
  REQUIRE((*file)->Append("end").ok());
  CHECK(*env.files.Read(path) == "onetwo" + more + "end");
  REQUIRE((*file)->Prepare(10).ok());
  REQUIRE(env.files.Truncate(path, (*file)->size()).ok());
  CHECK(*env.files.Read(path) == "onetwo" + more + "end");
}

TEMPLATE_TEST_CASE("files_conformance: a folder has one holder at a time", "", OnDisk, InMemory) {
  TestType env;
  {
    auto lock = env.files.LockDir(env.dir);
    REQUIRE(lock.ok());
    const absl::Status second = env.files.LockDir(env.dir).status();
    CHECK(absl::IsAborted(second));
    CHECK(Mentions(second, env.dir));
    REQUIRE(env.files.MakeDirs(env.dir + "/sub").ok());
    CHECK(env.files.LockDir(env.dir + "/sub").ok());
  }
  CHECK(env.files.LockDir(env.dir).ok());
}

TEMPLATE_TEST_CASE("files_conformance: free space is told", "", OnDisk, InMemory) {
  TestType env;
  auto free = env.files.FreeBytes(env.dir);
  REQUIRE(free.ok());
  CHECK(*free > 0);
}

TEST_CASE("DirName gives the folder of a path") {
  CHECK(DirName("a/b") == "a");
  CHECK(DirName("a/b/") == "a");
  CHECK(DirName("a") == ".");
  CHECK(DirName("/a") == "/");
  CHECK(DirName("/") == "/");
  CHECK(DirName("/a/b/c") == "/a/b");
}

// --- what only the real thing can show ----------------------------------------

TEMPLATE_TEST_CASE("Files tell the mode that a file was written with", "", OnDisk, InMemory) {
  TestType env;
  REQUIRE(env.files.WriteAtomically(env.dir + "/secret", "key", 0600).ok());
  REQUIRE(env.files.WriteAtomically(env.dir + "/open", "text").ok());
  CHECK(env.files.Mode(env.dir + "/secret").value() == 0600);
  CHECK(env.files.Mode(env.dir + "/open").value() == 0644);
  CHECK(env.files.Mode(env.dir + "/absent").status().code() == absl::StatusCode::kNotFound);
}

TEST_CASE("PosixFiles does not take a group that root lets read a secret for others") {
  if (geteuid() != 0) SKIP("SKIPPED: only root can give a file to somebody else");
  constexpr uid_t kSomebody = 65532;
  OnDisk env;
  for (const std::string& folder : {DirName(env.dir), env.dir})
    REQUIRE(chmod(folder.c_str(), 0755) == 0);
  const std::string secret = env.dir + "/secret";
  REQUIRE(env.files.WriteAtomically(secret, "key", 0440).ok());
  REQUIRE(chown(secret.c_str(), 0, kSomebody) == 0);
  const auto as_somebody = [&](int mode) {
    REQUIRE(chmod(secret.c_str(), static_cast<mode_t>(mode)) == 0);
    REQUIRE(seteuid(kSomebody) == 0);
    const auto seen = env.files.Mode(secret);
    REQUIRE(seteuid(0) == 0);
    return seen.value();
  };
  CHECK(env.files.Mode(secret).value() == 0440);  // root itself: its group is others
  CHECK(as_somebody(0440) == 0400);
  CHECK(as_somebody(0640) == 0600);
  CHECK(as_somebody(0660) == 0660);  // who may write it could put another secret there
  CHECK(as_somebody(0444) == 0444);
  REQUIRE(chown(secret.c_str(), kSomebody, kSomebody) == 0);
  CHECK(as_somebody(0440) == 0440);  // our own file: the group is others
}

TEST_CASE("PosixFiles gives a file exactly the mode asked for") {
  OnDisk env;
  REQUIRE(env.files.WriteAtomically(env.dir + "/secret", "key", 0600).ok());
  struct stat info;
  REQUIRE(stat((env.dir + "/secret").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  REQUIRE(env.files.WriteAtomically(env.dir + "/open", "text").ok());
  REQUIRE(stat((env.dir + "/open").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0644);
}

TEST_CASE("PosixFiles maps a full disk to RESOURCE_EXHAUSTED") {
  if (access("/dev/full", W_OK) != 0) SKIP("SKIPPED: /dev/full not present");
  PosixFiles files;
  auto file = files.OpenAppend("/dev/full");
  REQUIRE(file.ok());
  const absl::Status status = (*file)->Append("x");
  CHECK(absl::IsResourceExhausted(status));
  CHECK(Mentions(status, "/dev/full"));
  CHECK(Mentions(status, "free disk space"));
}

TEST_CASE("PosixFiles takes zeros back that a size limit cuts short") {
  OnDisk env;
  const std::string path = env.dir + "/a";
  auto file = env.files.OpenAppend(path);
  REQUIRE(file.ok());
  REQUIRE((*file)->Append("kept").ok());
  struct rlimit before;
  REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
  struct rlimit small = before;
  small.rlim_cur = 4096;
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
  const absl::Status prepared = (*file)->Prepare(100'000);
  const absl::Status appended = (*file)->Append("!");
  REQUIRE(setrlimit(RLIMIT_FSIZE, &before) == 0);
  std::signal(SIGXFSZ, old_handler);
  CHECK(absl::IsResourceExhausted(prepared));
  CHECK(appended.ok());
  CHECK((*file)->prepared() == 0);
  CHECK(*env.files.Read(path) == "kept!");
}

TEST_CASE("PosixFiles says that a part of a path is a file") {
  OnDisk env;
  REQUIRE(env.files.WriteAtomically(env.dir + "/file", "x").ok());
  const absl::Status status = env.files.MakeDirs(env.dir + "/file/folder");
  CHECK(Mentions(status, "/file"));
  CHECK(Mentions(status, "choose another"));
}

TEST_CASE("PosixFiles maps a read-only place to PERMISSION_DENIED") {
  PosixFiles files;
  if (geteuid() == 0) {
    // Root passes every mode check; a file system mounted read-only stops it too.
    if (access("/sys/kernel", F_OK) != 0) SKIP("SKIPPED: /sys not present");
    const absl::Status status = files.OpenAppend("/sys/kernel/gannet-test").status();
    CHECK((absl::IsPermissionDenied(status) || absl::IsNotFound(status)));
    return;
  }
  OnDisk env;
  REQUIRE(chmod(env.dir.c_str(), 0500) == 0);
  const absl::Status status = files.OpenAppend(env.dir + "/a").status();
  CHECK(absl::IsPermissionDenied(status));
  CHECK(Mentions(status, "check owner and mode"));
  REQUIRE(chmod(env.dir.c_str(), 0700) == 0);
}

TEST_CASE("PosixFiles reports running out of file descriptors as such, not as a full disk") {
  OnDisk env;
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
  rlimit none = before;
  none.rlim_cur = 0;
  REQUIRE(setrlimit(RLIMIT_NOFILE, &none) == 0);
  const absl::Status status = env.files.OpenAppend(env.dir + "/a").status();
  REQUIRE(setrlimit(RLIMIT_NOFILE, &before) == 0);
  CHECK(absl::IsUnavailable(status));
  CHECK(Mentions(status, "ulimit"));
}

TEST_CASE("PosixFiles writes what fits under a size limit of the process, then says so") {
  OnDisk env;
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
  rlimit small = before;
  small.rlim_cur = 4096;
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
  const absl::Status status = Write(env.files, env.dir + "/a", std::string(10'000, 'x'));
  REQUIRE(setrlimit(RLIMIT_FSIZE, &before) == 0);
  std::signal(SIGXFSZ, handler);
  CHECK(absl::IsResourceExhausted(status));
  CHECK(Mentions(status, "ulimit -f"));
  CHECK(*env.files.Size(env.dir + "/a") == 4096);
}

TEST_CASE("PosixFiles does not hand its descriptors to children") {
  OnDisk env;
  auto file = env.files.OpenAppend(env.dir + "/a");
  auto lock = env.files.LockDir(env.dir);
  REQUIRE(file.ok());
  REQUIRE(lock.ok());
  int open_files = 0;
  for (int fd = 3; fd < 64; ++fd) {
    char target[256] = {};
    const std::string link = "/proc/self/fd/" + std::to_string(fd);
    if (readlink(link.c_str(), target, sizeof target - 1) < 0) continue;
    if (std::string(target).find(env.dir) == std::string::npos) continue;
    ++open_files;
    CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
  }
  CHECK(open_files == 2);
}

TEST_CASE("PosixFiles does not take a pipe for an empty file") {
  OnDisk disk;
  const std::string pipe = disk.dir + "/pipe";
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  CHECK(disk.files.Size(pipe).status().message() ==
        pipe + " is a pipe, not a file; write what comes out of it into a file first");
}

TEST_CASE("PosixFiles names the process that holds a folder") {
  OnDisk env;
  auto lock = env.files.LockDir(env.dir);
  REQUIRE(lock.ok());
  CHECK(Mentions(env.files.LockDir(env.dir).status(), std::to_string(getpid())));
}

TEST_CASE("PosixFiles keeps the space it set aside") {
  OnDisk env;
  constexpr uint64_t kBytes = 1 << 20;
  const absl::Status reserved = env.files.Reserve(env.dir + "/reserve", kBytes);
  if (absl::IsUnimplemented(reserved))
    SKIP("SKIPPED: the file system of the temporary folder cannot set space aside");
  REQUIRE(reserved.ok());
  struct stat info;
  REQUIRE(stat((env.dir + "/reserve").c_str(), &info) == 0);
  CHECK(static_cast<uint64_t>(info.st_blocks) * 512 >= kBytes);
  CHECK(info.st_size == 0);
}

}  // namespace gannet::base
