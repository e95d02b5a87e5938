#include "gateway/app/hub_status.hpp"

#include "tests/store/store_fixture.hpp"

using namespace vitalgate;
using namespace vitalgate::app;
using namespace std::chrono_literals;

namespace {

/// Says what the test wants it to say.
class Devices final : public Adapter {
  public:
    void start() override {}
    void stop(std::function<void()> done) override { done(); }
    asio::awaitable<v1::CommandResult> execute(v1::Command) override {
        co_return v1::CommandResult{};
    }
    std::vector<v1::DeviceDescriptor> devices() const override { return all; }
    std::vector<v1::Adapter> adapters() const override { return {radio}; }
    std::vector<v1::Problem> problems() const override { return troubles; }

    void add(v1::Availability availability) { all.emplace_back().set_availability(availability); }
    void trouble(const std::string& code) { troubles.emplace_back().set_code(code); }

    std::vector<v1::DeviceDescriptor> all;
    v1::Adapter radio;
    std::vector<v1::Problem> troubles;
};

struct Office {
    explicit Office(std::uint64_t maximumBytes = 512 * 1024 * 1024) {
        hub.options.maximumBytes = maximumBytes;
        hub.open();
        HubFacts facts;
        facts.hub = "hub-7f3a";
        facts.version = "1.2.3";
        facts.labels = {{"region", "north"}};
        facts.commandTrust = v1::TRUST_SIGNED;
        facts.maximumBytes = maximumBytes;
        composer.emplace(facts, *hub.store, devices, hub.clock);
    }
    ~Office() { hub.close(); }
    Office(const Office&) = delete;
    Office& operator=(const Office&) = delete;

    store::testing::Hub hub;
    Devices devices;
    std::optional<HubStatusComposer> composer;
};

}  // namespace

TEST_CASE("the status says who the hub is, what it holds and how its devices are") {
    Office office;
    office.devices.add(v1::AVAILABILITY_ASLEEP);
    office.devices.add(v1::AVAILABILITY_ASLEEP);
    office.devices.add(v1::AVAILABILITY_NEVER_SEEN);
    office.devices.radio.set_name("hci0");
    const auto status = office.composer->compose();
    CHECK(status.hub() == "hub-7f3a");
    CHECK(status.state() == v1::HUB_ONLINE);
    CHECK(status.version() == "1.2.3");
    CHECK(status.labels().at("region") == "north");
    CHECK(status.command_trust() == v1::TRUST_SIGNED);
    CHECK(status.stream().size() == 13);
    CHECK(status.newest() == 1);
    CHECK(status.stored_rows() == 1);
    CHECK(status.intake() == v1::INTAKE_OPEN);
    CHECK(status.devices().at("asleep") == 2);
    CHECK(status.devices().at("never-seen") == 1);
    REQUIRE(status.adapters_size() == 1);
    CHECK(status.adapters(0).name() == "hci0");
    CHECK(status.problems().empty());
    CHECK(status.days_left() == 400);
}

TEST_CASE("a problem keeps the moment it began, and begins anew when it comes back") {
    Office office;
    const auto begin = office.hub.clock.wall();
    office.devices.trouble("adapter-missing");
    CHECK(fromTimestamp(office.composer->compose().problems(0).since()) == begin);
    office.hub.clock.advance(1h);
    office.devices.trouble("bluez-away");
    const auto status = office.composer->compose();
    CHECK(fromTimestamp(status.problems(0).since()) == begin);
    CHECK(fromTimestamp(status.problems(1).since()) == begin + 1h);
    office.devices.troubles.clear();
    CHECK(office.composer->compose().problems().empty());
    office.devices.trouble("adapter-missing");
    CHECK(fromTimestamp(office.composer->compose().problems(0).since()) == begin + 1h);
}

TEST_CASE("a clock that is not synchronised is a problem") {
    Office office;
    office.hub.clock.setTrust(ClockTrust::unsynchronised);
    const auto status = office.composer->compose();
    REQUIRE(status.problems_size() == 1);
    CHECK(status.problems(0).code() == "clock-unsynchronised");
    CHECK_FALSE(status.problems(0).text().empty());
}

TEST_CASE("a store that is nine tenths full, or too small for its time, is a problem") {
    Office office(512 * 1024);
    auto row = store::testing::reading("cuff");
    row.record.mutable_reading()->set_device_time(std::string(3'000, 'x'));
    REQUIRE(office.hub.append(std::vector(60, row)));
    auto status = office.composer->compose();
    REQUIRE(status.problems_size() == 1);
    CHECK(status.problems(0).code() == "store-too-small");
    CHECK(status.days_left() > 0);
    CHECK(status.days_left() < 0.1);
    while (office.hub.store->status().bytes < 480 * 1024) REQUIRE(office.hub.append({row}));
    status = office.composer->compose();
    REQUIRE(status.problems_size() == 2);
    CHECK(status.problems(0).code() == "store-nearly-full");
}

TEST_CASE("what changes with every reading does not make the status another one") {
    Office office;
    const auto before = office.composer->compose();
    REQUIRE(office.hub.append({store::testing::reading("cuff")}));
    office.hub.clock.advance(1min);
    office.devices.radio.set_advertisements_per_min(7);
    CHECK(office.composer->compose().newest() == before.newest() + 1);
    CHECK(essenceOf(office.composer->compose()) == essenceOf(before));
    office.devices.add(v1::AVAILABILITY_ONLINE);
    CHECK(essenceOf(office.composer->compose()) != essenceOf(before));
}
