#include "gateway/base/file_system.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>

#include "tests/support/temp_dir.hpp"

using namespace vitalgate;

namespace {

/// A regular file whose first octets no process can read: EIO.
constexpr const char* kFailingFile = "/proc/self/mem";

ErrorKind kindOfReading(const std::string& path) {
    std::array<std::byte, 1> room{};
    const auto size = readFile(path, room);
    REQUIRE_FALSE(size);
    return size.error().kind;
}

}  // namespace

TEST_CASE("a file is read up to the room there is") {
    const testing::TempDir dir;
    const auto path = (dir.path() / "file").string();
    std::ofstream(path) << "abcdef";
    std::string room(4, '-');
    const auto octets = std::as_writable_bytes(std::span(room));
    CHECK(readFile(path, octets) == 4);
    CHECK(room == "abcd");
    room.assign(8, '-');
    CHECK(readFile(path, std::as_writable_bytes(std::span(room))) == 6);
    CHECK(room == "abcdef--");
}

TEST_CASE("what passes by itself is told apart from what a person must change") {
    const testing::TempDir dir;
    CHECK(kindOfReading(kFailingFile) == ErrorKind::unavailable);
    CHECK(kindOfReading(dir.path().string()) == ErrorKind::refused);
    CHECK(kindOfReading((dir.path() / "none").string()) == ErrorKind::notFound);
    for (const int number : {EIO, EMFILE, ENFILE, ENOMEM, EINTR, EAGAIN, ESTALE, ETIMEDOUT}) {
        CAPTURE(number);
        CHECK(kindOfReadErrno(number) == ErrorKind::unavailable);
    }
    for (const int number : {EACCES, EPERM, ELOOP, ENAMETOOLONG, EISDIR}) {
        CAPTURE(number);
        CHECK(kindOfReadErrno(number) == ErrorKind::refused);
    }
    CHECK(kindOfReadErrno(ENOTDIR) == ErrorKind::notFound);
}

TEST_CASE("what cannot be looked up is neither there nor missing") {
    const testing::TempDir dir;
    const auto at = [&](const char* name) { return (dir.path() / name).string(); };
    CHECK(isThere(dir.path().string()) == true);
    CHECK(isThere(at("none")) == false);
    std::filesystem::create_symlink(at("none"), at("dangling"));
    CHECK(isThere(at("dangling")) == true);
    std::filesystem::create_symlink(at("loop"), at("loop"));
    const auto unknown = isThere(at("loop/file"));
    REQUIRE_FALSE(unknown);
    CHECK(unknown.error().kind == ErrorKind::unavailable);
}

TEST_CASE("a path without a folder lies where the process is") {
    CHECK(folderOf("/a/b/c") == "/a/b");
    CHECK(folderOf("/a") == "/");
    CHECK(folderOf("a") == ".");
}

TEST_CASE("a folder is synced, and one that is none is told") {
    const testing::TempDir dir;
    CHECK(syncFolder(dir.path().string()));
    const auto none = (dir.path() / "none").string();
    const auto failed = syncFolder(none);
    REQUIRE_FALSE(failed);
    CHECK(failed.error() == Error{ErrorKind::unavailable,
                                  none + " cannot be written to disk: No such file or directory"});
}
