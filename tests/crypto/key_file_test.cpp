#include "gateway/crypto/key_file.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/crypto/crypto.hpp"
#include "tests/support/temp_dir.hpp"

using namespace vitalgate;
using namespace vitalgate::crypto;

namespace {

struct Folder {
    Folder() { REQUIRE(initialise()); }

    std::string write(std::string_view name, std::string_view content, mode_t mode) const {
        const auto path = dir / name;
        testing::writeFile(path, content);
        REQUIRE(::chmod(path.c_str(), mode) == 0);
        return path;
    }
    [[nodiscard]] std::size_t files() const {
        return static_cast<std::size_t>(
            std::distance(std::filesystem::directory_iterator(dir.path()), {}));
    }

    testing::TempDir dir;
};

const std::string kOctets(32, 'k');

}  // namespace

TEST_CASE("a key file of 32 octets that only its owner can read is a key") {
    const Folder folder;
    for (const mode_t mode : {0400U, 0600U}) {
        const auto path = folder.write(fmt::format("{:o}", mode), kOctets, mode);
        CHECK(asText(readKeyFile(path).value().octets()) == kOctets);
    }
}

TEST_CASE("a key file that others could use is refused, with what to do") {
    const Folder folder;
    for (const mode_t mode : {0640U, 0604U, 0460U, 0777U, 0700U, 04400U}) {
        const auto path = folder.write("key", kOctets, mode);
        const auto key = readKeyFile(path);
        REQUIRE_FALSE(key);
        CHECK(key.error().kind == ErrorKind::authentication);
        CHECK(key.error().message ==
              fmt::format("{}: mode {:04o} could let others use the key; set it to 0400", path,
                          mode));
    }
}

TEST_CASE("a credential of root that systemd lends to the service is a key") {
    const Folder folder;
    if (::geteuid() != 0) return;  // only root can make one
    const auto path = folder.write("key", kOctets, 0440);
    CHECK(readKeyFile(path));
    REQUIRE(::chown(path.c_str(), 0, 65534) == 0);
    CHECK(readKeyFile(path).error().kind == ErrorKind::authentication);
    REQUIRE(::chown(path.c_str(), 65534, 0) == 0);
    REQUIRE(::chmod(path.c_str(), 0400) == 0);
    CHECK(readKeyFile(path).error().message.ends_with(
        "belongs to another user; it must belong to the user that runs this"));
}

TEST_CASE("a key file of any other length is refused") {
    const Folder folder;
    for (const std::size_t size : {0U, 1U, 31U, 33U, 64U, 100000U}) {
        const auto path = folder.write("key", std::string(size, 'k'), 0600);
        CHECK(readKeyFile(path).error().kind == ErrorKind::invalid);
    }
    const auto zeros = folder.write("zeros", std::string(32, '\0'), 0400);
    CHECK(readKeyFile(zeros).error().message == zeros + ": a key of zeros only is no key");
}

TEST_CASE("only a regular file is a key file") {
    const Folder folder;
    CHECK(readKeyFile(folder.dir / "none").error().kind == ErrorKind::notFound);
    CHECK(readKeyFile(folder.dir.path().string()).error().kind == ErrorKind::authentication);

    const auto target = folder.write("target", kOctets, 0400);
    REQUIRE(::symlink(target.c_str(), (folder.dir / "link").c_str()) == 0);
    CHECK(
        readKeyFile(folder.dir / "link").error().message.ends_with("must not be a symbolic link"));

    REQUIRE(::mkfifo((folder.dir / "pipe").c_str(), 0600) == 0);
    CHECK(readKeyFile(folder.dir / "pipe").error().message.ends_with("must be a regular file"));
}

TEST_CASE("a missing key file is made once, for its owner alone, and nothing else is left") {
    const Folder folder;
    const auto path = folder.dir / "store.key";
    const auto made = readOrCreateKeyFile(path);
    REQUIRE(made);
    CHECK(asText(readOrCreateKeyFile(path).value().octets()) == asText(made->octets()));
    CHECK(asText(readKeyFile(path).value().octets()) == testing::readFile(path));
    struct stat state{};
    REQUIRE(::stat(path.c_str(), &state) == 0);
    CHECK((state.st_mode & 07777U) == 0400);
    CHECK(folder.files() == 1);
    CHECK(asText(readOrCreateKeyFile(folder.dir / "other").value().octets()) !=
          asText(made->octets()));
}

TEST_CASE("a key file that is there but bad is never replaced") {
    const Folder folder;
    const auto path = folder.write("key", "short", 0600);
    CHECK(readOrCreateKeyFile(path).error().kind == ErrorKind::invalid);
    CHECK(testing::readFile(path) == "short");
}

TEST_CASE("where no key file can be made the reason is given") {
    const Folder folder;
    const auto made = readOrCreateKeyFile(folder.dir / "no-such-folder/key");
    REQUIRE_FALSE(made);
    CHECK(made.error().kind == ErrorKind::unavailable);
    CHECK(made.error().message.ends_with("cannot be created: No such file or directory"));
}
