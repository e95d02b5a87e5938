// A file that cannot be read at the moment is no mistake of a person: another start may help.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/config/load_fixture.hpp"
#include "tests/support/temp_dir.hpp"

using namespace vitalgate;
using namespace vitalgate::config;
using namespace vitalgate::testing;

namespace {

/// A regular file of mode 0600 whose first octets no process can read: EIO.
constexpr const char* kFailingFile = "/proc/self/mem";

/// While it lives no file can be opened.
class NoDescriptors {
  public:
    NoDescriptors() {
        ::getrlimit(RLIMIT_NOFILE, &usual_);
        const int next = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
        ::close(next);
        const rlimit none{static_cast<rlim_t>(next), usual_.rlim_max};
        ::setrlimit(RLIMIT_NOFILE, &none);
    }
    NoDescriptors(const NoDescriptors&) = delete;
    NoDescriptors& operator=(const NoDescriptors&) = delete;
    ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &usual_); }

  private:
    rlimit usual_{};
};

struct Fixture {
    Fixture() { write(main, with("")); }
    [[nodiscard]] std::string at(const char* name) const { return (dir.path() / name).string(); }

    const vitalgate::testing::TempDir dir;
    const std::string main = at("v.yaml");
};

}  // namespace

TEST_CASE("a configuration that cannot be read at the moment may be readable later") {
    const Fixture files;
    REQUIRE(load(files.main, unchecked()));
    {
        const NoDescriptors gone;
        const auto refused = load(files.main, unchecked());
        REQUIRE_FALSE(refused);
        CHECK(refused.error().mayPass());
        CHECK(refused.error().lines().front() ==
              files.main + ": cannot be read: Too many open files");
    }
    std::filesystem::create_directory(files.at("conf.d"));
    std::filesystem::create_symlink(kFailingFile, files.at("conf.d/10.yaml"));
    const auto refused = load(files.main, unchecked());
    REQUIRE_FALSE(refused);
    CHECK(refused.error().mayPass());
    CHECK(refused.error().lines() ==
          std::vector{files.at("conf.d/10.yaml") + ": cannot be read: Input/output error"});
}

TEST_CASE("what a person must change does not pass") {
    const Fixture files;
    const auto missing = load(files.at("none.yaml"), unchecked());
    REQUIRE_FALSE(missing);
    CHECK_FALSE(missing.error().mayPass());
    const auto mistake = loadText("hub: {id: 7 7}\n", "v.yaml", unchecked());
    REQUIRE_FALSE(mistake);
    CHECK_FALSE(mistake.error().mayPass());
    // It is not passed over either.
    std::filesystem::create_symlink(files.at("conf.d"), files.at("conf.d"));
    const auto loop = load(files.main, unchecked());
    REQUIRE_FALSE(loop);
    CHECK_FALSE(loop.error().mayPass());
    CHECK(loop.error().lines() ==
          std::vector{files.at("conf.d") + ": cannot be read: Too many levels of symbolic links"});
}

TEST_CASE("likewise with each file that the configuration names") {
    const Fixture files;
    auto options = unchecked();
    options.checkSecrets = true;
    const std::string file = kFailingFile;
    for (const auto& line :
         {"store: {key: {file: " + file + "}}",
          "uplinks: {a: {broker: mqtt://localhost, user: u, password: {file: " + file + "}}}",
          "uplinks: {a: {broker: mqtts://b.example, tls: {ca: " + file + "}}}",
          "devices: {cuff: {address: C4:7C:8D:6A:12:34, passkey: {file: " + file + "}}}"}) {
        CAPTURE(line);
        const auto refused = loadText(with(line), "v.yaml", options);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().mayPass());
        const auto lines = refused.error().lines();
        REQUIRE(lines.size() == 1);
        CHECK(lines.front().ends_with("cannot be read: Input/output error"));
    }
    options.machineIdFile = file;
    const auto refused = loadText("commands: {accept: none}\n", "v.yaml", options);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().mayPass());
    CHECK(refused.error().lines() ==
          std::vector{"v.yaml:1:1: hub.id: " + file + ": cannot be read: Input/output error"});
}
