#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <random>
#include <set>

#include "tests/store/store_fixture.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/poll_until.hpp"

using namespace vitalgate;
using namespace vitalgate::store;
using namespace vitalgate::store::testing;

namespace {

constexpr const char* kStore = "VITALGATE_TEST_STORE";
constexpr const char* kLedger = "VITALGATE_TEST_LEDGER";

std::set<std::string> ledgerOf(const std::string& path) {
    std::set<std::string> lines;
    std::ifstream in(path);
    std::string line;
    while (std::getline(in, line)) lines.insert(line);
    return lines;
}

}  // namespace

// Runs in a process of its own until it is killed: appends, and writes down what was acknowledged.
TEST_CASE("(child) appends until killed" * doctest::skip()) {
    const std::string path = std::getenv(kStore) != nullptr ? std::getenv(kStore) : "";
    REQUIRE_FALSE(path.empty());
    const int ledger =
        ::open(std::getenv(kLedger), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    REQUIRE(ledger >= 0);
    asio::io_context io;
    SystemClock clock(io);
    StoreOptions options;
    options.path = path;
    options.key = testKey();
    auto opened = Store::open(options, clock, {});
    REQUIRE(opened);
    Store& store = **opened;
    std::function<void(std::uint64_t)> append = [&](std::uint64_t number) {
        const auto name = fmt::format("{}-{}", ::getpid(), number);
        store.append({reading(name, name)}, {{"cuff", "last", name}},
                     [&, name, number](Result<Appended> result) {
                         const auto line = name + "\n";
                         if (!result || ::write(ledger, line.data(), line.size()) < 0) std::abort();
                         append(number + 8);
                     });
    };
    // Eight on their way at all times, so that kills also hit groups.
    for (std::uint64_t i = 0; i < 8; ++i) append(i);
    io.run();
}

TEST_CASE("killed at any moment, the store has everything that it acknowledged") {
    Hub hub;
    const auto ledger = hub.dir / "ledger";
    ::setenv(kStore, hub.path().c_str(), 1);
    ::setenv(kLedger, ledger.c_str(), 1);
    std::mt19937 random(1);
    for (int round = 0; round < 20; ++round) {
        CAPTURE(round);
        const auto before = ledgerOf(ledger).size();
        {
            vitalgate::testing::ChildProcess child(
                {"/proc/self/exe", "--no-skip", "--test-case=(child) appends until killed"},
                hub.dir / "child.log");
            const auto enough = [&] { return ledgerOf(ledger).size() >= before + 20; };
            REQUIRE(vitalgate::testing::pollUntil(enough, 60s));
            const auto never = [] { return false; };
            vitalgate::testing::pollUntil(never, std::chrono::milliseconds{random() % 20});
        }
        hub.options.bootId = "parent";
        hub.open();
        std::set<std::string> stored;
        const auto rows = hub.fetch({1, UINT64_MAX}, {}, 1 << 30).value();
        std::uint64_t expected = 0;
        for (const auto& row : rows) {
            CHECK(row.sequence == ++expected);
            v1::Record record;
            REQUIRE(record.ParseFromString(row.bytes));
            if (record.has_reading()) CHECK(stored.insert(record.reading().device()).second);
        }
        for (const auto& name : ledgerOf(ledger)) CHECK(stored.contains(name));
        CHECK_FALSE(hub.bookmark("cuff", "last").empty());
        hub.close();
    }
    ::unsetenv(kStore);
    ::unsetenv(kLedger);
}
