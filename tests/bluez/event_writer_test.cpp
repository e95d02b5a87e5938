#include "adapters/bluez/event_writer.hpp"

#include <doctest/doctest.h>

#include "tests/bluez/rig.hpp"
#include "tests/support/virtual_clock.hpp"

using namespace vitalgate;
using namespace vitalgate::bluez;
using namespace std::chrono_literals;
using vitalgate::testing::KeepingSink;
using vitalgate::testing::VirtualClock;

namespace {

struct Written {
    asio::io_context loop;
    VirtualClock clock{loop};
    KeepingSink sink;
    std::shared_ptr<EventWriter> writer = std::make_shared<EventWriter>(sink, clock, Log());

    void lose(const std::string& device, v1::LossReason reason, std::uint64_t count) {
        v1::Event event;
        event.mutable_loss()->set_reason(reason);
        event.mutable_loss()->set_count(count);
        writer->write(std::move(event), device, v1::SEVERITY_ALARM, "values are lost");
    }
    void connect(const std::string& device, std::uint32_t values) {
        v1::Event event;
        event.mutable_connection()->set_values(values);
        writer->write(std::move(event), device, v1::SEVERITY_INFO, "disconnected");
    }
};

}  // namespace

TEST_CASE("what happens while nothing can be kept is told when it can, with its own time") {
    Written events;
    events.sink.closed = true;
    events.connect("cuff", 1);
    events.clock.advance(2s);
    events.connect("cuff", 2);
    events.lose("cuff", v1::LOSS_INTAKE_CLOSED, 3);
    events.clock.advance(25s);
    CHECK(events.sink.events.empty());
    CHECK(events.writer->waiting() == 3);
    events.sink.closed = false;
    events.clock.advance(10s);
    REQUIRE(events.sink.events.size() == 3);
    CHECK(events.sink.events[0].connection().values() == 1);
    CHECK(events.sink.events[1].connection().values() == 2);
    CHECK(events.sink.events[1].occurred().time().seconds() -
              events.sink.events[0].occurred().time().seconds() ==
          2);
    CHECK(events.sink.events[2].loss().count() == 3);
    CHECK(events.clock.pendingTimers() == 0);
    events.connect("cuff", 4);
    events.clock.run();
    CHECK(events.sink.events.size() == 4);
}

TEST_CASE("losses that wait are added up by device and reason, and outlast everything else") {
    Written events;
    events.sink.closed = true;
    events.lose("cuff", v1::LOSS_INTAKE_CLOSED, 3);
    events.clock.run();
    for (std::uint32_t i = 0; i < 2 * EventWriter::kMaxWaiting; ++i) events.connect("scale", i);
    events.lose("cuff", v1::LOSS_INTAKE_CLOSED, 4);
    events.lose("cuff", v1::LOSS_FLOOD, 5);
    CHECK(events.writer->waiting() == EventWriter::kMaxWaiting);
    CHECK(events.writer->untold("cuff") == 12);
    CHECK(events.writer->untold("scale") == 0);
    events.sink.closed = false;
    events.clock.advance(10s);
    REQUIRE(events.sink.events.size() == EventWriter::kMaxWaiting);
    CHECK(events.sink.events.front().loss().count() == 7);
    CHECK(events.sink.events.back().loss().reason() == v1::LOSS_FLOOD);
    CHECK(events.writer->untold("cuff") == 0);
    CHECK(events.sink.events[EventWriter::kMaxWaiting - 2].connection().values() ==
          2 * EventWriter::kMaxWaiting - 1);
}

TEST_CASE(
    "what is to be remembered is committed with its event, or with the next that can be kept") {
    Written events;
    const auto mark = [&events](const std::string& value) {
        events.writer->write(v1::Event(), "cuff", v1::SEVERITY_INFO, "paired",
                             {{"cuff", "authenticated-bond", value}});
        events.clock.run();
    };
    auto& kept = events.sink.bookmarks[{"cuff", "authenticated-bond"}];
    mark("1");
    CHECK(kept == "1");
    events.sink.closed = true;
    mark("2");
    CHECK(kept == "1");
    events.sink.closed = false;
    events.clock.advance(10s);
    CHECK(kept == "2");
    events.sink.closed = true;
    mark("3");
    mark("4");
    events.sink.closed = false;
    events.clock.advance(10s);
    CHECK(kept == "4");
    CHECK(events.sink.events.size() == 4);
}

TEST_CASE("what waits is appended at once when somebody asks for it") {
    Written events;
    events.sink.closed = true;
    events.writer->retry();  // nothing waits
    events.lose("cuff", v1::LOSS_INTAKE_CLOSED, 3);
    events.clock.run();
    events.writer->retry();
    events.clock.run();
    CHECK(events.writer->untold("cuff") == 3);
    events.sink.closed = false;
    events.writer->retry();
    events.clock.run();
    REQUIRE(events.sink.events.size() == 1);
    CHECK(events.sink.events[0].loss().count() == 3);
    events.clock.advance(EventWriter::kRetry);
    CHECK(events.sink.events.size() == 1);
}
