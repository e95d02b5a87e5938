#include <doctest/doctest.h>

#include "gateway/runtime/random.hpp"
#include "tests/bluez/house.hpp"
#include "tests/support/soak.hpp"

using namespace vitalgate;
using namespace std::chrono_literals;
using vitalgate::testing::cuff;
using vitalgate::testing::House;
using vitalgate::testing::kCuffAddress;
using vitalgate::testing::soak;

namespace {

constexpr int kShort = 6;
constexpr int kFull = 100;

/// A house whose cuff delivers a measurement every 2 s, and what is expected of each recovery.
struct Recovering : House {
    SeededRandom random{20261123};

    explicit Recovering(std::string more = "") : adapter_(std::move(more)) {
        configure("cuff", kCuffAddress);
        restartBluez();
        start();
        REQUIRE(passUntil([this] { return sink.count("cuff") > 1; }, 15s));
    }

    void restartBluez() {
        auto text = cuff();
        if (!adapter_.empty()) {
            const std::string plain = "address: \"00:11:22:33:44:55\"";
            text.replace(text.find(plain), plain.size(), plain + ", " + adapter_);
        }
        simulate(text);
    }
    /// Trouble comes at any moment of a conversation.
    void liveOn() { pass(random.below(std::chrono::seconds{5})); }

    /// True if the next measurement comes within the time; a measurement is never kept twice.
    bool recovers(Duration limit) {
        const auto before = sink.count("cuff");
        const bool came = passUntil([&] { return sink.count("cuff") > before; }, limit);
        std::size_t offered = 0;
        const auto written = ledger.str();
        for (auto at = written.find("\"offered\""); at != std::string::npos;
             at = written.find("\"offered\"", at + 1))
            ++offered;
        CHECK(sink.count("cuff") <= offered);
        return came;
    }

  private:
    std::string adapter_;
};

}  // namespace

TEST_CASE("after BlueZ is back the next measurement comes within 10 s, every time") {
    Recovering house;
    for (int i = 0; i < soak(kShort, kFull); ++i) {
        CAPTURE(i);
        house.liveOn();
        house.simulator.reset();
        house.pass(house.random.below(std::chrono::seconds{20}));
        house.restartBluez();
        CHECK(house.recovers(10s));
    }
    int lost = 0;
    for (const auto& event : house.supervision()) lost += event.supervision().recovered() ? -1 : 1;
    CHECK(lost == 0);
}

TEST_CASE("after the bus is back the next measurement comes within 15 s, every time") {
    Recovering house;
    for (int i = 0; i < soak(kShort, kFull); ++i) {
        CAPTURE(i);
        house.liveOn();
        house.bus.stop();
        house.pass(house.random.below(std::chrono::seconds{40}));
        house.simulator.reset();
        house.bus.start();
        house.restartBluez();
        CHECK(house.recovers(15s));
    }
}

TEST_CASE("after an adapter is back, also as another, the next measurement comes within 15 s") {
    std::string times;
    const int count = soak(kShort, kFull);
    for (int i = 0; i < count; ++i)
        times += fmt::format("{{at: {}s, for: {}s, as: hci{}}}, ", 30 + 60 * i, 1 + i % 20, i % 3);
    Recovering house("gone: [" + times + "]");
    const auto begin = SteadyTime{1h};
    for (int i = 0; i < count; ++i) {
        CAPTURE(i);
        house.pass(begin + 30s + 60s * i + 1s * (1 + i % 20) - house.clock.steady());
        CHECK(house.recovers(15s));
    }
    CHECK(house.sink.endings("cuff").size() == static_cast<std::size_t>(count));
}
