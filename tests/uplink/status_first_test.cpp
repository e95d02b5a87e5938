// What tells of a connection goes before what is sent on it, however small the window.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/uplink/hub_fixture.hpp"

namespace vitalgate::uplink {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::size_t kDevices = 6;

UplinkOptions withWindow(std::size_t window) {
    auto options = careOptions();
    options.window = window;
    options.batchBytes = 4 * 1024;
    return options;
}

/// A hub whose rows and descriptors are more than its window takes.
struct SmallWindow : Hub {
    explicit SmallWindow(std::size_t window) : Hub(withWindow(window)) {
        uplink->setStatus(v1::HubStatus{});
        for (std::size_t i = 0; i < kDevices; ++i) {
            v1::DeviceDescriptor descriptor;
            descriptor.set_device("device-" + std::to_string(i));
            uplink->setDescriptor(descriptor);
        }
        append(20);
    }
    /// The topics of a connection, in order.
    [[nodiscard]] std::vector<std::string> topicsOf(std::size_t attempt) const {
        std::vector<std::string> list;
        for (const auto& entry : broker.published) {
            if (entry.attempt == attempt) list.push_back(entry.message.topic);
        }
        return list;
    }
    void acknowledgeAll() {
        for (int round = 0; round < 200 && !broker.unacknowledged().empty(); ++round) {
            broker.acknowledge(*broker.unacknowledged().begin());
            clock.run();
        }
    }
};

}  // namespace

TEST_CASE("the status of a connection precedes all else that is sent on it") {
    for (std::size_t window = 1; window <= 4; ++window) {
        CAPTURE(window);
        SmallWindow hub(window);
        hub.broker.acknowledges = false;
        hub.start();
        for (std::size_t attempt = 0; attempt < 2; ++attempt) {
            CAPTURE(attempt);
            hub.acknowledgeAll();
            const auto topics = hub.topicsOf(attempt);
            REQUIRE(topics.size() > kDevices + 1);
            CHECK(topics.front() == "vitalgate/v1/hub-1/status");
            CHECK(hub.broker.mostInFlight <= window);
            CHECK(hub.statuses().back().connection() == attempt + 1);
            hub.broker.cut();
            hub.append(20);
            hub.clock.advance(minutes{10});
        }
    }
}

TEST_CASE("a status that changes does not wait until a backlog is through") {
    for (std::size_t window = 1; window <= 4; ++window) {
        CAPTURE(window);
        SmallWindow hub(window);
        hub.append(4000);
        hub.broker.acknowledges = false;
        hub.start();
        const auto countStatuses = [&] { return hub.broker.below("/status").size(); };
        while (hub.broker.below("/batches").empty()) {
            REQUIRE_FALSE(hub.broker.unacknowledged().empty());
            hub.broker.acknowledge(*hub.broker.unacknowledged().begin());
            hub.clock.run();
        }
        REQUIRE(countStatuses() == 1);
        hub.clock.advance(seconds{2});
        v1::HubStatus changed;
        changed.set_version("2");
        hub.uplink->setStatus(changed);
        hub.clock.run();
        for (std::size_t i = 0; i < window && countStatuses() == 1; ++i) {
            hub.broker.acknowledge(*hub.broker.unacknowledged().begin());
            hub.clock.run();
        }
        CHECK(countStatuses() == 2);
        CHECK(hub.uplink->state().waiting > 1000);
    }
}

TEST_CASE("descriptors and a status that change all the time leave rows their turn") {
    for (std::size_t window = 1; window <= 4; ++window) {
        CAPTURE(window);
        SmallWindow hub(window);
        hub.append(200);
        hub.broker.acknowledges = false;
        hub.start();
        for (int second = 0; second < 600 && hub.uplink->state().waiting > 0; ++second) {
            v1::HubStatus changed;
            changed.set_version(std::to_string(second));
            hub.uplink->setStatus(changed);
            for (std::size_t i = 0; i < kDevices; ++i) {
                v1::DeviceDescriptor descriptor;
                descriptor.set_device("device-" + std::to_string(i));
                descriptor.set_model(std::to_string(second));
                hub.uplink->setDescriptor(descriptor);
            }
            hub.clock.advance(seconds{1});
            const auto underWay = hub.broker.unacknowledged();
            for (const auto number : underWay) hub.broker.acknowledge(number);
            hub.clock.run();
        }
        CHECK(hub.uplink->state().waiting == 0);
        CHECK(hub.broker.below("/status").size() > 2);
        CHECK(hub.broker.mostInFlight <= window);
    }
}

}  // namespace vitalgate::uplink
