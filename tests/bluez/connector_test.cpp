#include "adapters/bluez/connector.hpp"

#include <doctest/doctest.h>

#include <asio/post.hpp>

#include "tests/support/virtual_clock.hpp"

using namespace vitalgate;
using namespace vitalgate::bluez;
using namespace std::chrono_literals;
using vitalgate::testing::VirtualClock;

namespace {

const auto kCuff = *BluetoothAddress::parse("C4:7C:8D:6A:12:34");
const auto kScale = *BluetoothAddress::parse("E8:9E:B4:0A:0B:0C");

/// BlueZ as the test wants it; replies are given by hand.
struct Script final : ConnectorActions {
    asio::io_context loop;
    VirtualClock clock{loop};
    bool pauses = true;  ///< StopDiscovery is answered
    bool discovering = true;
    int attempts = 0;
    int disconnects = 0;
    BluetoothAddress last;
    bool connected = false;
    std::function<void(dbus::Reply)> reply;
    std::vector<Error> failures;
    Connector connector{*this, 20s, clock, Log()};

    void pauseDiscovery(std::function<void()> done) override {
        if (!pauses) return;
        discovering = false;
        asio::post(loop, std::move(done));
    }
    void resumeDiscovery() override { discovering = true; }
    void connect(BluetoothAddress address, Duration,
                 std::function<void(dbus::Reply)> done) override {
        CHECK_FALSE(reply);  // one at a time
        ++attempts;
        last = address;
        reply = std::move(done);
    }
    void disconnect(BluetoothAddress) override { ++disconnects; }
    bool isConnected(BluetoothAddress) const override { return connected; }
    void onFailed(BluetoothAddress, const Error& error) override { failures.push_back(error); }

    void want(BluetoothAddress address) { connector.want(address, clock.steady()); }
    /// Time passes, and the device is heard while discovery runs, the last time at the end.
    void hear(BluetoothAddress address, Duration time) {
        const auto until = clock.steady() + time;
        while (clock.steady() < until) {
            if (discovering) want(address);
            clock.advance(std::min<Duration>(500ms, until - clock.steady()));
        }
        if (discovering) want(address);
        clock.run();
    }
    void answer(dbus::Reply what) { std::exchange(reply, nullptr)(std::move(what)); }
    void abort() {
        dbus::CallError error;
        error.kind = ErrorKind::refused;
        error.name = "org.bluez.Error.Failed";
        error.message = "le-connection-abort-by-local";
        answer(std::unexpected(error));
    }
    void vanish() {
        dbus::CallError error;
        error.kind = ErrorKind::notFound;
        error.message = "BlueZ no longer knows the device";
        answer(std::unexpected(error));
    }
};

}  // namespace

TEST_CASE("an attempt comes 1 s after discovery, with discovery paused") {
    Script script;
    script.want(kCuff);
    script.clock.advance(999ms);
    CHECK(script.attempts == 0);
    CHECK(script.discovering);
    script.clock.advance(1ms);
    CHECK(script.attempts == 1);
    CHECK_FALSE(script.discovering);
    script.connector.onConnected(kCuff);
    CHECK(script.discovering);
}

TEST_CASE("a device that has advertised for long is called at once") {
    Script script;
    script.connector.want(kCuff, script.clock.steady() - 10s);
    script.clock.run();
    CHECK(script.attempts == 1);
}

TEST_CASE("BlueZ's success without a link is no connection, and is not waited for long") {
    Script script;
    script.want(kCuff);
    script.clock.advance(1s);
    script.answer(dbus::Reply{});
    script.clock.advance(1999ms);
    CHECK(script.failures.empty());
    script.clock.advance(1ms);
    REQUIRE(script.failures.size() == 1);
    CHECK(script.failures[0].kind == ErrorKind::disconnected);
    CHECK(script.disconnects == 1);
    CHECK(script.discovering);
}

TEST_CASE("the first attempt is short, because nobody else is heard meanwhile; later ones longer") {
    Script script;
    script.hear(kCuff, 1s);
    for (const auto limit : {6s, 12s, 20s, 20s}) {
        const auto failures = script.failures.size();
        REQUIRE(script.reply);
        script.clock.advance(limit - 1ms);
        CHECK(script.failures.size() == failures);
        script.clock.advance(1ms);
        CHECK(script.failures.size() == failures + 1);
        CHECK(script.failures.back().kind == ErrorKind::timedOut);
        script.reply = nullptr;
        script.hear(kCuff, 1s * (1 << failures));
    }
    CHECK(script.disconnects == 4);
}

TEST_CASE("a device that has stopped advertising is not called until it is heard again") {
    Script script;
    script.want(kCuff);
    script.clock.advance(100ms);
    script.want(kScale);
    script.clock.advance(1s);
    REQUIRE(script.last == kCuff);
    script.clock.advance(6s);  // the scale's few seconds are over
    script.reply = nullptr;
    script.clock.advance(10s);
    CHECK(script.attempts == 1);
    CHECK(script.discovering);
    script.want(kScale);
    script.clock.run();
    CHECK(script.attempts == 2);
    CHECK(script.last == kScale);
}

TEST_CASE("a device that another adapter serves is not called") {
    Script script;
    script.want(kCuff);
    script.connector.forget(kCuff);
    script.clock.advance(10s);
    CHECK(script.attempts == 0);
    script.want(kCuff);
    script.clock.advance(1s);
    CHECK(script.connector.isTrying(kCuff));
    script.connector.forget(kCuff);
    CHECK(script.connector.isTrying(kCuff));
}

TEST_CASE("a Connect that is never answered ends by the timer too") {
    Script script;
    script.want(kCuff);
    script.clock.advance(7s);
    REQUIRE(script.failures.size() == 1);
    CHECK(script.connector.failures(kCuff) == 1);
    script.abort();  // a late reply of an ended attempt changes nothing
    script.clock.run();
    CHECK(script.failures.size() == 1);
}

TEST_CASE("after an abort the next attempt waits for the disconnect event, and pauses grow") {
    Script script;
    script.want(kCuff);
    script.clock.advance(1s);
    script.abort();
    CHECK(script.failures.empty());
    script.connector.onDisconnected(kCuff);
    REQUIRE(script.failures.size() == 1);
    script.hear(kCuff, 999ms);
    CHECK(script.attempts == 1);
    script.hear(kCuff, 1ms);
    CHECK(script.attempts == 2);
    script.abort();
    script.clock.advance(2s);  // no event comes
    CHECK(script.failures.size() == 2);
    script.hear(kCuff, 1999ms);
    CHECK(script.attempts == 2);
    script.hear(kCuff, 1ms);
    CHECK(script.attempts == 3);
    script.connector.onConnected(kCuff);
    CHECK(script.connector.failures(kCuff) == 0);
}

TEST_CASE("a link that comes up after all counts, whatever was answered") {
    Script script;
    script.want(kCuff);
    script.clock.advance(1s);
    script.abort();
    script.connector.onConnected(kCuff);
    script.clock.advance(10s);
    CHECK(script.failures.empty());
    CHECK(script.discovering);
}

TEST_CASE("a device that BlueZ has forgotten is called again when it is seen again") {
    Script script;
    script.want(kCuff);
    script.clock.advance(1s);
    script.vanish();
    REQUIRE(script.failures.size() == 1);
    script.clock.advance(10s);
    CHECK(script.attempts == 1);
    script.want(kCuff);
    script.clock.advance(1s);
    CHECK(script.attempts == 2);
}

TEST_CASE("a device that is silent after a failed attempt is called once more at most") {
    Script script;
    script.want(kCuff);
    script.clock.advance(1s);
    script.abort();
    script.connector.onDisconnected(kCuff);
    script.clock.advance(5min);
    CHECK(script.attempts == 2);
    CHECK(script.clock.pendingTimers() == 0);
}

TEST_CASE("two devices are called one after the other") {
    Script script;
    script.want(kCuff);
    script.clock.advance(100ms);
    script.want(kScale);
    script.clock.advance(1s);
    CHECK(script.attempts == 1);
    CHECK(script.last == kCuff);
    script.reply = nullptr;
    script.connector.onConnected(kCuff);
    script.clock.run();
    CHECK(script.attempts == 2);
    CHECK(script.last == kScale);
}

TEST_CASE("a StopDiscovery that is never answered does not stop connecting") {
    Script script;
    script.pauses = false;
    script.want(kCuff);
    script.clock.advance(4s);
    CHECK(script.attempts == 1);
}

TEST_CASE("a device that is already connected is not called") {
    Script script;
    script.connected = true;
    script.want(kCuff);
    script.clock.advance(30s);
    CHECK(script.attempts == 0);
    CHECK(script.discovering);
}

TEST_CASE("no address of a device stands in the log") {
    std::string all;
    Script script;
    Connector connector(
        script, 20s, script.clock,
        Log::toFunction(LogLevel::debug, [&all](LogLevel, std::string_view line) { all += line; }));
    connector.want(kCuff, script.clock.steady());
    script.clock.advance(7s);
    CHECK_FALSE(all.empty());
    CHECK(all.find("C4:7C") == std::string::npos);
}
